import { mapSet } from '../../kernel/persistent-map.ts';
import type { ConsumedPartition, Work } from './consumer-state.ts';

/** Replaces one assigned partition's state. */
export function putPartition(work: Work, part: ConsumedPartition): void {
  work.state = { ...work.state, partitions: mapSet(work.state.partitions, `${part.topic}-${part.partition}`, part) };
}
