import type { MessageView, View } from '../../projection/view.ts';

export type AwaitedMessage = Pick<MessageView, 'api' | 'from' | 'to' | 'answer' | 'held'>;

/** The message that an admin command waits for: one that a cut cable holds up before all others, else the latest to arrive. */
export function awaitedMessage(view: Pick<View, 'admins' | 'messages'>): MessageView | null {
  let awaited: MessageView | null = null;
  for (const message of view.messages) {
    if (!view.admins.some((admin) => admin.host === message.from || admin.host === message.to)) continue;
    if (message.held) return message;
    awaited = message;
  }
  return awaited;
}
