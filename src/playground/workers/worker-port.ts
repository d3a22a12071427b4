import type { Port } from '../../host/workers/messages.ts';

/** What a Worker, a MessagePort and a Worker's own global scope have in common. */
export interface MessageEnd {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** A typed port over a real message channel. `end` says what closing means for it. */
export function portOf<Out, In>(end: MessageEnd, close: () => void): Port<Out, In> {
  return {
    post: (message, transfer = []) => end.postMessage(message, transfer),
    onMessage: (handle) => {
      end.onmessage = (event: MessageEvent) => handle(event.data as In);
    },
    close,
  };
}
