import { assign, setup } from 'xstate';
import type { SessionFailure, SessionStatus } from './contract.ts';

/** The life of a session on the page: loading, live (playing or paused), failed. */
export const sessionLifecycle = setup({
  types: {
    context: {} as { readonly status: SessionStatus | null; readonly failure: SessionFailure | null },
    events: {} as
      | { readonly type: 'opened'; readonly status: SessionStatus }
      | { readonly type: 'status'; readonly status: SessionStatus }
      | { readonly type: 'failed'; readonly failure: SessionFailure }
      | { readonly type: 'reopen' },
  },
  guards: {
    playing: ({ event }) => (event.type === 'opened' || event.type === 'status') && event.status.playing,
  },
  actions: {
    keepStatus: assign(({ event }) => (event.type === 'opened' || event.type === 'status' ? { status: event.status, failure: null } : {})),
    keepFailure: assign(({ event }) => (event.type === 'failed' ? { failure: event.failure } : {})),
    forget: assign({ status: null, failure: null }),
  },
}).createMachine({
  id: 'session',
  initial: 'loading',
  context: { status: null, failure: null },
  states: {
    loading: {
      on: {
        opened: [
          { guard: 'playing', target: 'live.playing', actions: 'keepStatus' },
          { target: 'live.paused', actions: 'keepStatus' },
        ],
      },
    },
    live: {
      initial: 'paused',
      on: {
        status: [
          { guard: 'playing', target: '.playing', actions: 'keepStatus' },
          { target: '.paused', actions: 'keepStatus' },
        ],
        reopen: { target: 'loading', actions: 'forget' },
      },
      states: { playing: {}, paused: {} },
    },
    failed: { on: { reopen: { target: 'loading', actions: 'forget' } } },
  },
  on: { failed: { target: '.failed', actions: 'keepFailure' } },
});
