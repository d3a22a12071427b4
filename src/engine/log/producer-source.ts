import { batchAt, indexOfOffset } from './batch-list.ts';
import { producerHeader } from './batch-header.ts';
import { segmentList, type LogState } from './log-state.ts';
import type { ProducerBatchHeader } from './producer-state.ts';
import type { ProducerSource } from './producer-store.ts';
import type { Segment } from './segment.ts';

/** The log's own batches as the source that producer state is rebuilt from. */
export function producerSource(log: LogState): ProducerSource {
  return sourceOfSegments(segmentList(log), log.logStartOffset);
}

export function sourceOfSegments(segments: readonly Segment[], logStartOffset: number): ProducerSource {
  return {
    logStartOffset,
    segmentBases: segments.map((segment) => segment.baseOffset),
    headersBetween: (from, to) => segments.flatMap((segment) => headersOf(segment, from, to)),
  };
}

function headersOf(segment: Segment, from: number, to: number): readonly ProducerBatchHeader[] {
  const headers: ProducerBatchHeader[] = [];
  for (let i = indexOfOffset(segment.batches, from); i < segment.batches.length; i++) {
    const entry = batchAt(segment.batches, i);
    if (entry.baseOffset >= to) break;
    headers.push(producerHeader(entry.bytes));
  }
  return headers;
}
