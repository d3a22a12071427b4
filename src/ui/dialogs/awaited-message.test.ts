import { describe, expect, test } from 'vitest';
import type { MessageView } from '../../projection/view.ts';
import { awaitedMessage } from './awaited-message.ts';

const ADMINS = [{ host: 'admin', name: 'admin', process: 'running' }] as const;

function message(change: Partial<MessageView>): MessageView {
  return {
    id: 1,
    kind: 'control',
    from: 'admin',
    to: 'b1',
    sentUs: 0,
    arrivesUs: 1000,
    label: '',
    api: 'CreateTopics',
    answer: false,
    held: false,
    sizeBytes: 40,
    fields: [],
    ...change,
  };
}

describe('what a dialog waits for', () => {
  test('[R4] the message of the admin client that is under way, not those of others', () => {
    const mine = message({ id: 2 });
    expect(awaitedMessage({ admins: ADMINS, messages: [message({ id: 1, from: 'producer-1' }), mine, message({ id: 3, from: 'b1', to: 'b2' })] })).toBe(mine);
    expect(awaitedMessage({ admins: ADMINS, messages: [message({ from: 'producer-1' })] })).toBeNull();
  });

  test('[R4] one that a cut cable holds up explains more than any other', () => {
    const held = message({ id: 2, held: true });
    expect(awaitedMessage({ admins: ADMINS, messages: [held, message({ id: 3, to: 'b2' })] })).toBe(held);
  });
});
