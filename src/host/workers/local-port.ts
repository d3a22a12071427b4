import type { Port } from './messages.ts';

/** Two ends of a channel within one thread: messages are handed over by reference, in later microtasks. */
export function localPorts<A, B>(): [Port<A, B>, Port<B, A>] {
  const handlers: { left: ((message: B) => void) | null; right: ((message: A) => void) | null } = { left: null, right: null };
  return [
    {
      post: (message) => queueMicrotask(() => handlers.right?.(message)),
      onMessage: (handle) => (handlers.left = handle),
      close: () => (handlers.left = null),
    },
    {
      post: (message) => queueMicrotask(() => handlers.left?.(message)),
      onMessage: (handle) => (handlers.right = handle),
      close: () => (handlers.right = null),
    },
  ];
}
