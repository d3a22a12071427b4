import { MAX_INT, type EpochMs, type Offset } from '../kernel/units.ts';

/** BatchMetadata: one of the last five batches of a producer in this partition. */
export interface ProducerBatch {
  readonly lastSequence: number;
  readonly lastOffset: Offset;
  readonly offsetDelta: number;
  readonly timestampMs: EpochMs;
}

/** ProducerStateEntry. `batches` are oldest first, at most five, of the current epoch only. */
export interface ProducerEntry {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly coordinatorEpoch: number;
  readonly lastTimestampMs: EpochMs;
  /** -1 when no transaction is open. */
  readonly currentTxnFirstOffset: Offset;
  readonly batches: readonly ProducerBatch[];
}

/** Ascending by producer id. A partition has few producers, so a change copies the array. */
export type Producers = readonly ProducerEntry[];

/** What producer state needs of a batch header. */
export interface ProducerBatchHeader {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly maxTimestampMs: EpochMs;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  /** What a control batch's record says; null for data, and for a control batch that the cleaner emptied. */
  readonly marker: ProducerMarker | null;
}

/** EndTransactionMarker: how the producer's transaction ended. */
export interface ProducerMarker {
  readonly isAbort: boolean;
  readonly coordinatorEpoch: number;
  readonly timestampMs: EpochMs;
}

export type ProducerError = 'INVALID_PRODUCER_EPOCH' | 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'TRANSACTION_COORDINATOR_FENCED' | 'INVALID_TXN_STATE';

export interface ProducerRefusal {
  readonly error: ProducerError;
  readonly message: string;
}

export const NO_PRODUCER_ID = -1;
const NO_PRODUCER_EPOCH = -1;
const NO_SEQUENCE = -1;
const NO_COORDINATOR_EPOCH = -1;
const BATCHES_TO_RETAIN = 5;

export function findProducer(producers: Producers, producerId: number): ProducerEntry | undefined {
  return producers.find((entry) => entry.producerId === producerId);
}

/** The batch with the same epoch and exactly the same sequences among the last five, or null (ProducerStateEntry.findDuplicateBatch). */
export function findDuplicate(producers: Producers, batch: ProducerBatchHeader): ProducerBatch | null {
  const entry = findProducer(producers, batch.producerId);
  if (entry === undefined || entry.producerEpoch !== batch.producerEpoch) return null;
  const last = lastSequenceOf(batch);
  return entry.batches.find((known) => known.lastSequence === last && firstSequence(known) === batch.baseSequence) ?? null;
}

/** Sequence n records after `sequence`; 2147483647 is followed by 0. */
export function incrementSequence(sequence: number, increment: number): number {
  return sequence > MAX_INT - increment ? increment - (MAX_INT - sequence) - 1 : sequence + increment;
}

/** Whether the batch carries the producer's latest epoch at least; asked of clients and coordinators (ProducerAppendInfo.checkProducerEpoch). */
export function checkProducerEpoch(producers: Producers, batch: ProducerBatchHeader, partition: string): ProducerRefusal | null {
  const entry = findProducer(producers, batch.producerId);
  const { producerId, baseOffset, producerEpoch } = batch;
  if (entry === undefined || producerEpoch >= entry.producerEpoch) return null;
  return {
    error: 'INVALID_PRODUCER_EPOCH',
    message: `Epoch of producer ${producerId} at offset ${baseOffset} in ${partition} is ${producerEpoch}, which is smaller than the last seen epoch ${entry.producerEpoch}`,
  };
}

/** A marker of a transaction coordinator that was replaced is refused (ProducerAppendInfo.checkCoordinatorEpoch). */
export function checkCoordinatorEpoch(producers: Producers, batch: ProducerBatchHeader, partition: string): ProducerRefusal | null {
  const known = findProducer(producers, batch.producerId)?.coordinatorEpoch ?? NO_COORDINATOR_EPOCH;
  if (batch.marker === null || known <= batch.marker.coordinatorEpoch) return null;
  return {
    error: 'TRANSACTION_COORDINATOR_FENCED',
    message:
      `Invalid coordinator epoch for producerId ${batch.producerId} at offset ${batch.baseOffset} in partition ${partition}: ` +
      `${batch.marker.coordinatorEpoch} (zombie), ${known} (current)`,
  };
}

/** While its transaction is open a producer writes nothing outside of it (ProducerAppendInfo.appendDataBatch). */
export function checkTransaction(producers: Producers, batch: ProducerBatchHeader, partition: string): ProducerRefusal | null {
  if (batch.isTransactional || batch.isControl || (findProducer(producers, batch.producerId)?.currentTxnFirstOffset ?? -1) < 0) return null;
  return {
    error: 'INVALID_TXN_STATE',
    // The offset is shown as a LogOffsetMetadata without a place in the files.
    message: `Expected transactional write from producer ${batch.producerId} at offset (offset=${batch.baseOffset}, segment=[-1:-1]) in partition ${partition}`,
  };
}

/**
 * Whether a client's batch may follow what its producer wrote before (ProducerAppendInfo.checkSequence), its epoch being no
 * older one. An unknown
 * producer may start with any epoch and sequence. `partition` (`orders-0`) is for the message only. Null when it may.
 */
export function checkProducer(producers: Producers, batch: ProducerBatchHeader, partition: string): ProducerRefusal | null {
  const entry = findProducer(producers, batch.producerId);
  if (entry === undefined || entry.producerEpoch === NO_PRODUCER_EPOCH) return null;
  const { producerId, baseOffset, producerEpoch, baseSequence } = batch;
  if (producerEpoch > entry.producerEpoch) {
    if (baseSequence === 0) return null;
    return {
      error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
      // The missing blank is Kafka's.
      message:
        `Invalid sequence number for new epoch of producer ${producerId}at offset ${baseOffset} in partition ${partition}: ` +
        `${producerEpoch} (request epoch), ${baseSequence} (seq. number), ${entry.producerEpoch} (current producer epoch)`,
    };
  }
  const last = lastSequence(entry);
  if (baseSequence === last + 1 || (baseSequence === 0 && last === MAX_INT)) return null;
  return {
    error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
    message:
      `Out of order sequence number for producer ${producerId} at offset ${baseOffset} in partition ${partition}: ` +
      `${baseSequence} (incoming seq. number), ${last} (current end sequence number)`,
  };
}

/** The state after a batch that was appended, by leader and follower alike (ProducerAppendInfo.append). */
export function updateProducers(producers: Producers, batch: ProducerBatchHeader): Producers {
  const entry = findProducer(producers, batch.producerId) ?? newEntry(batch.producerId);
  if (batch.isControl) return putProducer(producers, batch.marker === null ? entry : afterMarker(entry, batch, batch.marker));
  const epochChanged = entry.producerEpoch !== batch.producerEpoch;
  const known = epochChanged ? [] : entry.batches;
  const txnFirst = batch.isTransactional && entry.currentTxnFirstOffset < 0 ? batch.baseOffset : entry.currentTxnFirstOffset;
  const updated: ProducerEntry = {
    producerId: entry.producerId,
    producerEpoch: batch.producerEpoch,
    coordinatorEpoch: entry.coordinatorEpoch,
    lastTimestampMs: batch.maxTimestampMs,
    currentTxnFirstOffset: txnFirst,
    batches: [...known.slice(-(BATCHES_TO_RETAIN - 1)), batchOf(batch)],
  };
  return putProducer(producers, updated);
}

function afterMarker(entry: ProducerEntry, batch: ProducerBatchHeader, marker: ProducerMarker): ProducerEntry {
  return {
    producerId: entry.producerId,
    producerEpoch: batch.producerEpoch,
    coordinatorEpoch: marker.coordinatorEpoch,
    lastTimestampMs: marker.timestampMs,
    currentTxnFirstOffset: -1,
    batches: entry.producerEpoch === batch.producerEpoch ? entry.batches : [],
  };
}

/** With `entry` in its place, replacing the one of that producer id. */
export function putProducer(producers: Producers, entry: ProducerEntry): Producers {
  const put = producers.slice();
  let at = 0;
  while (at < put.length && (put[at]?.producerId ?? 0) < entry.producerId) at += 1;
  put.splice(at, put[at]?.producerId === entry.producerId ? 1 : 0, entry);
  return put;
}

/** Without producers that wrote nothing for `producer.id.expiration.ms` and have no transaction open. */
export function withoutExpired(producers: Producers, nowMs: EpochMs, expirationMs: number): Producers {
  const kept = producers.filter((entry) => entry.currentTxnFirstOffset >= 0 || nowMs - entry.lastTimestampMs < expirationMs);
  return kept.length === producers.length ? producers : kept;
}

export function lastSequence(entry: ProducerEntry): number {
  return entry.batches[entry.batches.length - 1]?.lastSequence ?? NO_SEQUENCE;
}

function newEntry(producerId: number): ProducerEntry {
  return { producerId, producerEpoch: NO_PRODUCER_EPOCH, coordinatorEpoch: NO_COORDINATOR_EPOCH, lastTimestampMs: -1, currentTxnFirstOffset: -1, batches: [] };
}

function batchOf(batch: ProducerBatchHeader): ProducerBatch {
  return {
    lastSequence: lastSequenceOf(batch),
    lastOffset: batch.lastOffset,
    offsetDelta: batch.lastOffset - batch.baseOffset,
    timestampMs: batch.maxTimestampMs,
  };
}

function lastSequenceOf(batch: ProducerBatchHeader): number {
  return batch.baseSequence === NO_SEQUENCE ? NO_SEQUENCE : incrementSequence(batch.baseSequence, batch.lastOffset - batch.baseOffset);
}

function firstSequence(batch: ProducerBatch): number {
  const first = batch.lastSequence - batch.offsetDelta;
  return first < 0 ? MAX_INT - (batch.offsetDelta - batch.lastSequence) + 1 : first;
}
