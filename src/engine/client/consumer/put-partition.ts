import { copyConsumed } from './consumer-state.ts';
import { changed } from '../../kernel/mutable.ts';
import { mapSet } from '../../kernel/persistent-map.ts';
import { partitionOf } from '../shared/metadata.ts';
import type { ConsumedPartition, Work } from './consumer-state.ts';

/** Replaces one assigned partition's state. */
export function putPartition(work: Work, part: ConsumedPartition): void {
  work.state.partitions = mapSet(work.state.partitions, `${part.topic}-${part.partition}`, part);
}

/** poll() throws: the application hears the error, and this partition is not fetched any more. */
export function stop(work: Work, part: ConsumedPartition, error: string): void {
  putPartition(work, changed(copyConsumed(part), { status: 'stopped' }));
  work.scope.effects.push({
    type: 'trace',
    event: { type: 'FetchFailed', client: work.state.config.clientId, topic: part.topic, partition: part.partition, error },
  });
}

/** A newer leader epoch makes a position doubtful until it is validated (KIP-320). */
export function doubtPosition(work: Work, part: ConsumedPartition): void {
  const leaderEpoch = partitionOf(work.state.metadata, part.topic, part.partition)?.leaderEpoch ?? -1;
  if (part.status !== 'fetching' || leaderEpoch <= part.validatedEpoch) return;
  // Nothing was read yet in any epoch: there is nothing to compare.
  if (part.positionEpoch < 0) putPartition(work, changed(copyConsumed(part), { validatedEpoch: leaderEpoch }));
  else putPartition(work, changed(copyConsumed(part), { status: 'needsValidation' }));
}
