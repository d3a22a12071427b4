import type { BrokerView, ConsumerView, PartitionView, ReplicaView, TruthView, View } from '../../projection/view.ts';
import { isCut } from '../../playground/store/selectors.ts';
import type { Dictionary } from '../i18n/en.ts';

/** How a broker looks. A zombie runs and leads in its own belief, while ZooKeeper no longer has it. */
export type BrokerLook = 'live' | 'dead' | 'zombie' | 'paused' | 'starting';

export function brokerLook(broker: BrokerView, truth: TruthView): BrokerLook {
  if (broker.process === 'killed' || broker.process === 'stopped' || broker.process === 'off') return 'dead';
  if (broker.process === 'starting' || broker.recovering) return 'starting';
  const forgotten = truth.known && !truth.liveBrokers.includes(broker.brokerId);
  if (forgotten && broker.replicas.some((replica) => replica.role === 'leader')) return 'zombie';
  return broker.process === 'paused' ? 'paused' : 'live';
}

/** The part a replica plays, as the eye shall see it: shape first, colour second. */
export type ReplicaLook = 'leader' | 'ghost' | 'isr' | 'out';

export function replicaLook(replica: ReplicaView, partition: PartitionView, broker: BrokerView, isDead: boolean): ReplicaLook {
  const leadsInTruth = partition.leader === broker.brokerId && partition.leaderEpoch === replica.leaderEpoch;
  if (isDead || replica.role === 'failed') return partition.leader === broker.brokerId ? 'ghost' : inIsr(partition, broker);
  if (replica.role === 'leader') return leadsInTruth ? 'leader' : 'ghost';
  return inIsr(partition, broker);
}

function inIsr(partition: PartitionView, broker: BrokerView): ReplicaLook {
  return partition.isr.includes(broker.brokerId) ? 'isr' : 'out';
}

export interface Belief {
  readonly kind: 'agrees' | 'stale' | 'disk' | 'untold';
  readonly title: string;
  readonly detail: string;
  /** The title in fewer words, for a phone. */
  readonly short: string;
}

/** What a broker holds to be true of a partition, beside what the cluster says. */
export function beliefOf(
  words: Dictionary,
  input: { broker: BrokerView; replica: ReplicaView | null; partition: PartitionView; truth: TruthView; look: BrokerLook },
): Belief {
  const { replica, partition, truth } = input;
  const belief = words.stage.belief;
  if (replica === null) return { kind: 'untold', title: belief.nothing, detail: '', short: belief.nothing };
  if (input.look === 'dead') return diskBelief(words, replica);
  if (replica.role === 'failed') return { ...diskBelief(words, replica), title: belief.dirOffline, short: belief.short.dirOffline };
  if (replica.role === 'none') return { kind: 'untold', title: belief.untold, detail: clusterSays(words, partition, truth), short: belief.untold };
  const leads = replica.role === 'leader';
  const agrees = truth.known && partition.leader === replica.leader && partition.leaderEpoch === replica.leaderEpoch;
  return {
    kind: agrees ? 'agrees' : truth.known ? 'stale' : 'untold',
    title: leads
      ? belief.leads(replica.leaderEpoch)
      : replica.leader < 0
        ? belief.leaderless(replica.leaderEpoch)
        : belief.follows(replica.leader, replica.leaderEpoch),
    detail: agrees ? belief.agrees : clusterSays(words, partition, truth),
    short: leads ? belief.short.leads(replica.leaderEpoch) : belief.short.follows(replica.leader, replica.leaderEpoch),
  };
}

function diskBelief(words: Dictionary, replica: ReplicaView): Belief {
  const belief = words.stage.belief;
  const lastEpoch = replica.epochs[replica.epochs.length - 1]?.epoch ?? replica.leaderEpoch;
  const detail =
    replica.divergedFrom !== null
      ? belief.diverged(replica.divergedFrom)
      : replica.logEndOffset > replica.logStartOffset
        ? belief.keeps(replica.logEndOffset - 1)
        : belief.empty;
  const title = replica.role === 'leader' ? belief.diskLeads(replica.leaderEpoch) : belief.diskKept(lastEpoch);
  return { kind: 'disk', title, detail, short: replica.role === 'leader' ? belief.short.leads(replica.leaderEpoch) : words.stage.epoch(lastEpoch) };
}

function clusterSays(words: Dictionary, partition: PartitionView, truth: TruthView): string {
  const belief = words.stage.belief;
  if (!truth.known || partition.leader === null) return belief.truthUnknown;
  return partition.leader < 0 ? belief.clusterNobody(partition.leaderEpoch) : belief.cluster(partition.leader, partition.leaderEpoch);
}

export interface Drop {
  readonly name: string;
  readonly at: number;
}

/** Where consumers stand in a partition, with names short enough for a tag. */
export function dropsOf(consumers: readonly ConsumerView[], key: string, leader: number): Drop[] {
  const drops: Drop[] = [];
  consumers.forEach((consumer, i) => {
    for (const position of consumer.positions)
      if (position.key === key && position.position !== null && position.leader === leader) drops.push({ name: `C${i + 1}`, at: position.position });
  });
  return drops;
}

/** How a broker's session with ZooKeeper looks from outside. */
export function sessionLook(
  broker: BrokerView,
  view: Pick<View, 'links' | 'ensemble' | 'truth'>,
): { readonly whole: boolean; readonly word: 'expired' | 'cut' | 'cutExpired' | 'lost' | 'none' | 'connecting' | null } {
  const registered = view.truth.liveBrokers.includes(broker.brokerId);
  const cuts = view.ensemble.servers.filter((server) => isCut(view.links, broker.host, server.host)).length;
  const isolated = cuts > 0 && cuts === view.ensemble.servers.length;
  if (isolated) return { whole: false, word: registered ? 'cut' : 'cutExpired' };
  if (broker.session === 'connected') return { whole: true, word: null };
  if (broker.process === 'running' || broker.process === 'paused') return { whole: false, word: broker.session === 'expired' ? 'expired' : 'lost' };
  return {
    whole: false,
    word:
      broker.session === 'connecting' ? 'connecting' : registered ? 'lost' : broker.process === 'starting' || broker.process === 'stopped' ? 'none' : 'expired',
  };
}
