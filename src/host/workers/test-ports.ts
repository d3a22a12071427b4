import type { Port } from './messages.ts';

/** Two ends of a channel in one thread; messages are cloned, and handled in later microtasks, as between Workers. */
export function portPair<A, B>(): [Port<A, B>, Port<B, A>] {
  const handlers: { left: ((message: B) => void) | null; right: ((message: A) => void) | null } = { left: null, right: null };
  const later = <T>(message: T, transfer: Transferable[], handle: () => ((message: T) => void) | null): void => {
    const copy = structuredClone(message, { transfer });
    queueMicrotask(() => handle()?.(copy));
  };
  const left: Port<A, B> = {
    post: (message, transfer = []) => later(message, transfer, () => handlers.right),
    onMessage: (handle) => (handlers.left = handle),
    close: () => (handlers.left = null),
  };
  const right: Port<B, A> = {
    post: (message, transfer = []) => later(message, transfer, () => handlers.left),
    onMessage: (handle) => (handlers.right = handle),
    close: () => (handlers.right = null),
  };
  return [left, right];
}
