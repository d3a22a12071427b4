import type { MessageView } from '../../projection/view.ts';

/** How many messages were sent in each stretch of virtual time, as far as this page has seen. Not part of any state. */
export interface Traffic {
  /** Counts messages not yet counted. */
  see(messages: readonly MessageView[]): void;
  /** Messages sent in the stretch that holds `atUs`. */
  at(atUs: number): number;
  forget(): void;
}

export const TRAFFIC_STRETCH_US = 250_000;
const REMEMBERED_STRETCHES = 20_000;

export function createTraffic(): Traffic {
  const counts = new Map<number, number>();
  let seen = new Set<number>();
  return {
    see: (messages) => {
      const present = new Set<number>();
      for (const message of messages) {
        present.add(message.id);
        if (seen.has(message.id)) continue;
        const stretch = Math.floor(message.sentUs / TRAFFIC_STRETCH_US);
        counts.set(stretch, (counts.get(stretch) ?? 0) + 1);
      }
      seen = present;
      if (counts.size > REMEMBERED_STRETCHES) counts.delete(counts.keys().next().value ?? 0);
    },
    at: (atUs) => counts.get(Math.floor(atUs / TRAFFIC_STRETCH_US)) ?? 0,
    forget: () => {
      counts.clear();
      seen = new Set();
    },
  };
}
