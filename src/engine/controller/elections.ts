import type { BrokerId } from '../kernel/units.ts';
import type { LeaderAndIsr } from './znodes.ts';

/** Election and PartitionLeaderElectionAlgorithms: pure choices. Null: nobody can be elected. */
export interface Candidate {
  readonly replicas: readonly BrokerId[];
  readonly current: LeaderAndIsr;
  /** Brokers that are live and not shutting down, unless said otherwise. */
  readonly live: ReadonlySet<BrokerId>;
}

export interface Elected {
  readonly leader: BrokerId;
  readonly isr: readonly BrokerId[];
  readonly unclean: boolean;
}

/** The first live member of the ISR in assignment order; if there is none and it is allowed, the first live replica. */
export function electOffline(candidate: Candidate, uncleanAllowed: boolean): Elected | null {
  const { replicas, current, live } = candidate;
  const leader = replicas.find((id) => live.has(id) && current.isr.includes(id));
  if (leader !== undefined) return { leader, isr: current.isr.filter((id) => live.has(id)), unclean: false };
  if (!uncleanAllowed) return null;
  const any = replicas.find((id) => live.has(id));
  return any === undefined ? null : { leader: any, isr: [any], unclean: true };
}

/** The preferred replica, if it is live and in the ISR; the ISR stays. */
export function electPreferred(candidate: Candidate): Elected | null {
  const preferred = candidate.replicas[0];
  if (preferred === undefined || !candidate.live.has(preferred) || !candidate.current.isr.includes(preferred)) return null;
  return { leader: preferred, isr: candidate.current.isr, unclean: false };
}

/** The first live ISR member that is not going down; those that are leave the ISR. */
export function electForShutdown(candidate: Candidate, shuttingDown: ReadonlySet<BrokerId>): Elected | null {
  const { replicas, current, live } = candidate;
  const leader = replicas.find((id) => live.has(id) && current.isr.includes(id) && !shuttingDown.has(id));
  if (leader === undefined) return null;
  return { leader, isr: current.isr.filter((id) => !shuttingDown.has(id)), unclean: false };
}
