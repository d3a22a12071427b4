import type { PartitionView, View } from '../../projection/view.ts';
import { isAtWork } from '../../playground/store/selectors.ts';
import type { Dictionary } from '../i18n/en.ts';

/** Why the water of a partition stands where it stands, as the leader's own rule explains it: step by step, the last is the reason. */
export function whyHighWatermark(words: Dictionary, view: Pick<View, 'brokers' | 'topics'>, partition: PartitionView): string[] {
  const leader = view.brokers.find((broker) => broker.brokerId === partition.leader);
  const replica = leader?.replicas.find((row) => row.key === partition.key);
  if (partition.leader === null || partition.leader < 0 || leader === undefined || replica === undefined) return [words.why.noLeader];
  if (!isAtWork(leader.process)) return [words.why.leaderGone(leader.brokerId)];
  const steps = [words.why.least(partition.isr.join(', '))];
  const minIsr = Number(view.topics.find((topic) => topic.topic === partition.topic)?.configs['min.insync.replicas'] ?? 1);
  const followers = partition.isr.filter((id) => id !== partition.leader);
  const waiting: string[] = [];
  for (const id of followers) {
    const known = replica.followers.find((row) => row.brokerId === id);
    const broker = view.brokers.find((row) => row.brokerId === id);
    const runs = broker !== undefined && isAtWork(broker.process);
    if (known === undefined || known.logEndOffset === null) waiting.push(words.why.unknownEnd(id, partition.leader, partition.leaderEpoch));
    else if (known.logEndOffset < replica.logEndOffset) waiting.push(words.why.slowest(id, known.logEndOffset));
    else continue;
    if (!runs) waiting.push(words.why.followerGone(id));
  }
  if (replica.highWatermark >= replica.logEndOffset) {
    steps.push(words.why.level);
    if (partition.isr.length < minIsr) return [...steps, words.why.refusesWrites(partition.isr.length, minIsr)];
    return followers.length === 0 ? steps : [...steps, words.why.followerLater];
  }
  if (followers.length === 0) steps.push(words.why.alone(partition.leader));
  if (partition.isr.length < minIsr) return [...steps, words.why.minIsr(partition.isr.length, minIsr)];
  return waiting.length === 0 ? [...steps, words.why.followerLater] : [...steps, ...waiting];
}
