import type { TraceEvent } from '../view.ts';

/** Remembers facts that several machines tell, each when it learns of them, so that a reader is told once: by the first. */
export interface ToldOnce {
  isNews(event: TraceEvent): boolean;
}

export function newToldOnce(): ToldOnce {
  const told = new Set<string>();
  return {
    isNews(event) {
      // Every server of the ensemble applies the end of a session.
      if (event.type !== 'ZooKeeperSessionClosed') return true;
      if (told.has(event.sessionId)) return false;
      told.add(event.sessionId);
      return true;
    },
  };
}
