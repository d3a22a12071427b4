import type { BrokerId } from '../kernel/units.ts';
import { targetReplicas } from './assignment.ts';
import type { ElectionStrategy } from './contract.ts';
import { isLive, isReplicaOnline, keyOf, onlineReplicas, type ActiveController, type ControlledPartition } from './state.ts';
import type { Outcome } from './steps.ts';
import type { LeaderAndIsr } from './znodes.ts';

/** Election and PartitionLeaderElectionAlgorithms: pure choices. Null: nobody can be elected. */
export interface Elected {
  readonly leader: BrokerId;
  readonly isr: readonly BrokerId[];
  readonly unclean: boolean;
  /** Brokers that hear LeaderAndIsr. */
  readonly recipients: readonly BrokerId[];
}

/** How an election is held: what the state znode says now, and whether a replica outside the ISR may lead. */
export interface Ballot {
  readonly current: LeaderAndIsr;
  readonly strategy: ElectionStrategy;
  readonly allowUnclean: boolean;
}

export function elect(active: ActiveController, part: ControlledPartition, ballot: Ballot): Elected | null {
  switch (ballot.strategy) {
    case 'preferred':
      return electPreferred(active, part, ballot.current);
    case 'controlledShutdown':
      return electForShutdown(active, part, ballot.current);
    case 'reassign':
      return electForReassignment(active, part, ballot.current);
    default:
      return electOffline(active, part, ballot);
  }
}

/** The first online member of the ISR in assignment order; if there is none and it is allowed, the first online replica. */
function electOffline(active: ActiveController, part: ControlledPartition, { current, allowUnclean }: Ballot): Elected | null {
  const recipients = onlineReplicas(active, part);
  const leader = recipients.find((id) => current.isr.includes(id));
  if (leader !== undefined)
    return { leader, isr: current.isr.filter((brokerId) => isReplicaOnline(active, { key: keyOf(part), brokerId })), unclean: false, recipients };
  const any = allowUnclean ? recipients[0] : undefined;
  return any === undefined ? null : { leader: any, isr: [any], unclean: true, recipients };
}

/** The preferred replica, if it is online and in the ISR; the ISR stays. */
function electPreferred(active: ActiveController, part: ControlledPartition, current: LeaderAndIsr): Elected | null {
  const preferred = part.replicas[0];
  if (preferred === undefined || !current.isr.includes(preferred) || !isReplicaOnline(active, { key: keyOf(part), brokerId: preferred })) return null;
  return { leader: preferred, isr: current.isr, unclean: false, recipients: part.replicas };
}

/** The first of the target replicas that is online and in the ISR; the ISR stays. */
function electForReassignment(active: ActiveController, part: ControlledPartition, current: LeaderAndIsr): Elected | null {
  const recipients = targetReplicas(part);
  const leader = recipients.find((brokerId) => current.isr.includes(brokerId) && isReplicaOnline(active, { key: keyOf(part), brokerId }));
  return leader === undefined ? null : { leader, isr: current.isr, unclean: false, recipients };
}

/** The first live ISR member that is not going down; those that are leave the ISR. */
function electForShutdown(active: ActiveController, part: ControlledPartition, current: LeaderAndIsr): Elected | null {
  const recipients = onlineReplicas(active, part, true);
  const leader = recipients.find((id) => current.isr.includes(id) && isLive(active, id));
  if (leader === undefined) return null;
  return { leader, isr: current.isr.filter((id) => !active.shuttingDown.includes(id)), unclean: false, recipients };
}

const STRATEGY_NAMES: Readonly<Record<ElectionStrategy, string>> = {
  offline: 'OfflinePartitionLeaderElectionStrategy(false)',
  unclean: 'OfflinePartitionLeaderElectionStrategy(true)',
  preferred: 'PreferredReplicaPartitionLeaderElectionStrategy',
  controlledShutdown: 'ControlledShutdownPartitionLeaderElectionStrategy',
  reassign: 'ReassignPartitionLeaderElectionStrategy',
  newPartition: 'OfflinePartitionLeaderElectionStrategy(false)',
};

/** Why nobody could be elected (StateChangeFailedException). */
export function electionFailure(key: string, strategy: ElectionStrategy): Outcome {
  const error = strategy === 'preferred' ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE';
  return { key, error, message: `Failed to elect leader for partition ${key} under strategy ${STRATEGY_NAMES[strategy]}` };
}
