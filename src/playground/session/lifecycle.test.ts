import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import type { SessionFailure, SessionStatus } from './contract.ts';
import { sessionLifecycle } from './lifecycle.ts';

const STATUS: SessionStatus = { playing: false, speed: 1, reachedSpeed: null, host: 'fixture', storage: 'memory', storageReason: null, scenarios: [] };
const FAILURE: SessionFailure = { kind: 'assertion', where: 'b1', message: 'expected', atUs: 5, replayLink: null };

function started(): ReturnType<typeof createActor<typeof sessionLifecycle>> {
  return createActor(sessionLifecycle).start();
}

describe('the life of a session', () => {
  test('[R1] it loads, then lives as the session says', () => {
    const actor = started();
    expect(actor.getSnapshot().matches('loading')).toBe(true);
    actor.send({ type: 'opened', status: { ...STATUS, playing: true } });
    expect(actor.getSnapshot().matches({ live: 'playing' })).toBe(true);
    actor.send({ type: 'status', status: STATUS });
    expect(actor.getSnapshot().matches({ live: 'paused' })).toBe(true);
  });

  test('[R1] news of a session that has not opened changes nothing', () => {
    const actor = started();
    actor.send({ type: 'status', status: { ...STATUS, playing: true } });
    expect(actor.getSnapshot().matches('loading')).toBe(true);
  });

  test('[R2] a failure ends it from anywhere and is kept; it may be opened again', () => {
    const actor = started();
    actor.send({ type: 'opened', status: STATUS });
    actor.send({ type: 'failed', failure: FAILURE });
    expect(actor.getSnapshot().matches('failed')).toBe(true);
    expect(actor.getSnapshot().context.failure).toEqual(FAILURE);
    actor.send({ type: 'reopen' });
    expect(actor.getSnapshot().matches('loading')).toBe(true);
    expect(actor.getSnapshot().context.failure).toBeNull();
  });

  test('[R2] it fails while loading, too', () => {
    const actor = started();
    actor.send({ type: 'failed', failure: FAILURE });
    expect(actor.getSnapshot().matches('failed')).toBe(true);
  });
});
