import { changed } from '../../kernel/mutable.ts';
import type { Mutable } from '../../kernel/mutable.ts';
import { arrayFrom, arrayPush, arrayToList } from '../../kernel/persistent-array.ts';
import { mapEntries, mapGet, mapLeast, mapSet } from '../../kernel/persistent-map.ts';
import { msToUs, type InstantUs } from '../../kernel/units.ts';
import { partitionForKey } from '../../protocol/murmur2.ts';
import { recordSizeUpperBound, BATCH_OVERHEAD_BYTES, type RecordToWrite } from '../../protocol/record-batch.ts';
import { leaderOf, partitionOf, requestUpdate, topicOf, wantTopic } from '../shared/metadata.ts';
import { estimatedBytes, estimatedRatio } from './compression.ts';
import { queueKey, type OutgoingRecord, type ProducerBatch, type Work } from './producer-state.ts';

/** RecordAccumulator: where records wait to become batches, and batches to be sent. */

/** send(): the record goes into a batch, or blocks while there is no metadata or no memory. Order among blocked records holds. */
export function sendRecord(work: Work, record: OutgoingRecord): void {
  const { state } = work;
  if (state.blocked.length > 0 || !appendRecord(work, record)) {
    work.state.blocked = [...work.state.blocked, { record, sinceUs: work.scope.context.nowUs }];
  }
}

/** Tries blocked records again; those that waited longer than max.block.ms fail. */
export function unblock(work: Work): void {
  while (work.state.blocked.length > 0) {
    const [first, ...rest] = work.state.blocked;
    if (first === undefined) return;
    const waited = work.scope.context.nowUs - first.sinceUs;
    if (!appendRecord(work, first.record)) {
      if (waited < msToUs(work.state.settings.maxBlockMs)) return;
      failBlocked(work, first.record);
    }
    work.state.blocked = rest;
  }
}

/** KafkaProducer.waitOnMetadata and BufferPool.allocate: what each says when max.block.ms is over. */
function failBlocked(work: Work, record: OutgoingRecord): void {
  const { maxBlockMs, bufferBytes, batchSizeBytes } = work.state.settings;
  const partitionCount = topicOf(work.state.metadata, record.topic)?.partitions.length ?? 0;
  if (partitionCount === 0)
    return failRecord(work, record, { error: 'TimeoutException', message: `Topic ${record.topic} not present in metadata after ${maxBlockMs} ms.` });
  if (record.partition !== null && record.partition >= partitionCount) {
    const message = `Partition ${record.partition} of topic ${record.topic} with partition count ${partitionCount} is not present in metadata after ${maxBlockMs} ms.`;
    return failRecord(work, record, { error: 'TimeoutException', message });
  }
  const wantedBytes = Math.max(batchSizeBytes, BATCH_OVERHEAD_BYTES + recordSizeUpperBound(record.record));
  const message = `Failed to allocate ${wantedBytes} bytes within the configured max blocking time ${maxBlockMs} ms. Total memory: ${bufferBytes} bytes. Available memory: ${bufferBytes - work.state.usedBytes} bytes. Poolable size: ${batchSizeBytes} bytes`;
  failRecord(work, record, { error: 'BufferExhaustedException', message });
}

/** A record that never came into a batch. */
function failRecord(work: Work, record: OutgoingRecord, failure: { readonly error: string; readonly message: string }): void {
  work.scope.effects.push({
    type: 'trace',
    event: {
      type: 'RecordsFailed',
      client: work.state.config.clientId,
      topic: record.topic,
      partition: record.partition ?? -1,
      recordCount: 1,
      values: [record.value],
      ...failure,
    },
  });
  work.state.failed = work.state.failed + 1;
}

/** False when it has to block; a record that fails at once (RecordTooLargeException) does not. */
function appendRecord(work: Work, record: OutgoingRecord): boolean {
  const topic = topicOf(work.state.metadata, record.topic);
  if (topic === undefined || topic.partitions.length === 0 || (record.partition !== null && record.partition >= topic.partitions.length)) {
    work.state.metadata = requestUpdate(wantTopic(work.state.metadata, record.topic));
    return false;
  }
  const sizeBytes = recordSizeUpperBound(record.record);
  const serializedBytes = BATCH_OVERHEAD_BYTES + sizeBytes;
  const { maxRequestBytes, bufferBytes } = work.state.settings;
  if (serializedBytes > maxRequestBytes || sizeBytes > bufferBytes) {
    const limit =
      serializedBytes > maxRequestBytes
        ? `${maxRequestBytes}, which is the value of the max.request.size configuration.`
        : 'the total memory buffer you have configured with the buffer.memory configuration.';
    failRecord(work, record, { error: 'MESSAGE_TOO_LARGE', message: `The message is ${serializedBytes} bytes when serialized which is larger than ${limit}` });
    return true;
  }
  if (work.state.usedBytes + sizeBytes > work.state.settings.bufferBytes) return false;
  const partition = record.partition ?? choosePartition(work, record, topic.partitions.length);
  addToBatch(work, record, { partition, sizeBytes });
  return true;
}

/** A key's hash over all partitions, with or without a leader; without a key stay on one partition for a batch's worth (KIP-794). */
function choosePartition(work: Work, record: OutgoingRecord, partitionCount: number): number {
  const { key } = record.record;
  if (key !== null) return partitionForKey(key, partitionCount);
  const { state } = work;
  const current = mapGet(state.sticky, record.topic);
  const stays = current !== undefined && current.bytes < state.settings.batchSizeBytes;
  const partition = stays ? current.partition : drawPartition(work, record.topic, partitionCount);
  const bytes = (stays ? current.bytes : 0) + recordSizeUpperBound(record.record);
  work.state.sticky = mapSet(work.state.sticky, record.topic, { partition, bytes });
  return partition;
}

function drawPartition(work: Work, topic: string, partitionCount: number): number {
  const led: number[] = [];
  for (let i = 0; i < partitionCount; i++) if ((partitionOf(work.state.metadata, topic, i)?.leader ?? -1) >= 0) led.push(i);
  const from = led.length > 0 ? led : Array.from({ length: partitionCount }, (_, i) => i);
  return from[work.scope.context.draw('partitioner') % from.length] ?? 0;
}

function addToBatch(work: Work, record: OutgoingRecord, place: { readonly partition: number; readonly sizeBytes: number }): void {
  const { state } = work;
  const { partition, sizeBytes } = place;
  const key = queueKey(record.topic, partition);
  const queue = mapGet(state.queues, key) ?? [];
  const last = queue[queue.length - 1];
  const fits =
    last !== undefined &&
    !last.closed &&
    last.attempts === 0 &&
    estimatedBytes(work, last) + sizeBytes <= Math.max(state.settings.batchSizeBytes, last.sizeBytes);
  const batch: ProducerBatch = fits
    ? grown(last, record, sizeBytes)
    : {
        id: state.nextBatchId,
        topic: record.topic,
        partition,
        records: arrayFrom([{ record: record.record, value: record.value }]),
        sizeBytes: BATCH_OVERHEAD_BYTES + sizeBytes,
        estimatedRatio: estimatedRatio(work, record.topic),
        createdUs: work.scope.context.nowUs,
        attempts: 0,
        notBeforeUs: 0,
        closed: false,
        sentLeaderEpoch: -1,
      };
  const batches = queue.slice();
  batches[fits ? queue.length - 1 : queue.length] = batch;
  state.queues = mapSet(state.queues, key, batches);
  if (!fits) state.nextBatchId += 1;
  state.usedBytes += sizeBytes;
}

function grown(batch: ProducerBatch, record: OutgoingRecord, sizeBytes: number): ProducerBatch {
  const next = copyBatch(batch);
  next.records = arrayPush(batch.records, { record: record.record, value: record.value });
  next.sizeBytes += sizeBytes;
  return next;
}

function copyBatch(batch: ProducerBatch): Mutable<ProducerBatch> {
  const { id, topic, partition, records, sizeBytes, estimatedRatio: ratio, createdUs, attempts, notBeforeUs, closed, sentLeaderEpoch } = batch;
  return { id, topic, partition, records, sizeBytes, estimatedRatio: ratio, createdUs, attempts, notBeforeUs, closed, sentLeaderEpoch };
}

function closedBatch(work: Work, batch: ProducerBatch): ProducerBatch {
  const next = copyBatch(batch);
  next.closed = true;
  next.sentLeaderEpoch = leaderEpochOf(work, batch);
  return next;
}

function leaderEpochOf(work: Work, batch: ProducerBatch): number {
  return partitionOf(work.state.metadata, batch.topic, batch.partition)?.leaderEpoch ?? -1;
}

/** Full, or others wait behind it, or it has lingered (or its back-off is over, or its leader changed: shouldBackoff), or memory is short. */
function readyAtUs(work: Work, queue: readonly ProducerBatch[]): InstantUs {
  const first = queue[0];
  if (first === undefined) return Infinity;
  const { settings, blocked } = work.state;
  if (first.attempts > 0) return leaderEpochOf(work, first) > first.sentLeaderEpoch ? 0 : first.notBeforeUs;
  const full = queue.length > 1 || estimatedBytes(work, first) >= settings.batchSizeBytes;
  return full || blocked.length > 0 ? 0 : first.createdUs + msToUs(settings.lingerMs);
}

export interface Drained {
  readonly nodeId: number;
  readonly batches: readonly ProducerBatch[];
}

const NOTHING: readonly Drained[] = [];

/** Takes at most one ready batch of each partition for each node that may be sent to; asks for metadata where no leader is known. */
export function drain(work: Work, maySendTo: (nodeId: number) => boolean): { readonly drained: readonly Drained[]; readonly nextUs: InstantUs } {
  const { nowUs } = work.scope.context;
  const { muted } = work.state;
  const earliestUs = mapLeast(work.state.queues, (queue, key) => (queue.length === 0 || muted.includes(key) ? Infinity : readyAtUs(work, queue)));
  if (earliestUs > nowUs) return { drained: NOTHING, nextUs: earliestUs };
  const byNode = new Map<number, ProducerBatch[]>();
  const bytesByNode = new Map<number, number>();
  let nextUs = Infinity;
  for (const [key, queue] of mapEntries(work.state.queues)) {
    const first = queue[0];
    if (first === undefined || work.state.muted.includes(key)) continue;
    const atUs = readyAtUs(work, queue);
    if (atUs > nowUs) {
      nextUs = Math.min(nextUs, atUs);
      continue;
    }
    const leader = leaderOf(work.state.metadata, first.topic, first.partition);
    if (leader === null) {
      work.state.metadata = requestUpdate(work.state.metadata);
      continue;
    }
    const bytes = (bytesByNode.get(leader.nodeId) ?? 0) + first.sizeBytes;
    if (!maySendTo(leader.nodeId) || (bytesByNode.has(leader.nodeId) && bytes > work.state.settings.maxRequestBytes)) continue;
    bytesByNode.set(leader.nodeId, bytes);
    const drained = byNode.get(leader.nodeId);
    if (drained === undefined) byNode.set(leader.nodeId, [closedBatch(work, first)]);
    else drained.push(closedBatch(work, first));
    work.state.queues = mapSet(work.state.queues, key, queue.slice(1));
    if (work.state.settings.maxInFlight === 1) work.state.muted = [...work.state.muted, key];
  }
  return { drained: [...byNode].map(([nodeId, batches]) => ({ nodeId, batches })), nextUs };
}

/** A batch to be tried again goes to the front, in order of its id among those already there. */
export function requeue(work: Work, batch: ProducerBatch, notBeforeUs: InstantUs): void {
  const key = queueKey(batch.topic, batch.partition);
  const queue = mapGet(work.state.queues, key) ?? [];
  const again: ProducerBatch = changed(copyBatch(batch), { attempts: batch.attempts + 1, notBeforeUs, closed: true });
  const place = queue.findIndex((other) => other.id > batch.id);
  const at = place < 0 ? queue.length : place;
  work.state.queues = mapSet(work.state.queues, key, [...queue.slice(0, at), again, ...queue.slice(at)]);
}

/** A batch is done with, one way or the other: its memory is free. */
export function release(work: Work, batch: ProducerBatch): void {
  const freed = batch.sizeBytes - BATCH_OVERHEAD_BYTES;
  work.state.usedBytes = work.state.usedBytes - freed;
}

/** The request that muted a partition has ended. A batch that only expired in its queue unmutes nothing. */
export function unmute(work: Work, key: string): void {
  if (work.state.muted.includes(key)) work.state.muted = work.state.muted.filter((other) => other !== key);
}

function oldestOf(batches: readonly ProducerBatch[]): InstantUs {
  let oldestUs = Infinity;
  for (const batch of batches) oldestUs = Math.min(oldestUs, batch.createdUs);
  return oldestUs;
}

function firstCreatedUs(queue: readonly ProducerBatch[]): InstantUs {
  return queue[0]?.createdUs ?? Infinity;
}

/** Batches that waited longer than delivery.timeout.ms, taken out of their queues. */
export function takeExpired(work: Work): { readonly expired: readonly ProducerBatch[]; readonly nextUs: InstantUs } {
  const limitUs = msToUs(work.state.settings.deliveryTimeoutMs);
  const { nowUs } = work.scope.context;
  const expired: ProducerBatch[] = [];
  // A queue is in order of batch id, and so of age.
  const oldestUs = mapLeast(work.state.queues, firstCreatedUs);
  if (nowUs - oldestUs < limitUs) return { expired, nextUs: oldestUs + limitUs };
  let nextUs = Infinity;
  for (const [key, queue] of mapEntries(work.state.queues)) {
    const left = queue.filter((batch) => nowUs - batch.createdUs < limitUs);
    if (left.length < queue.length) {
      for (const batch of queue) if (nowUs - batch.createdUs >= limitUs) expired.push(batch);
      work.state.queues = mapSet(work.state.queues, key, left);
    }
    const first = left[0];
    if (first !== undefined) nextUs = Math.min(nextUs, first.createdUs + limitUs);
  }
  return { expired, nextUs };
}

/**
 * Batches under way that are too old (Sender.getExpiredInflightBatches). They have failed for the application, and may yet be
 * written; the partition stays muted until their request ends.
 */
export function takeExpiredInFlight(work: Work): { readonly expired: readonly ProducerBatch[]; readonly nextUs: InstantUs } {
  const limitUs = msToUs(work.state.settings.deliveryTimeoutMs);
  const { nowUs } = work.scope.context;
  const expired: ProducerBatch[] = [];
  const oldestUs = mapLeast(work.state.requests, (request) => oldestOf(request.batches));
  if (nowUs - oldestUs < limitUs) return { expired, nextUs: oldestUs + limitUs };
  let nextUs = Infinity;
  for (const [tag, request] of mapEntries(work.state.requests)) {
    const left = request.batches.filter((batch) => nowUs - batch.createdUs < limitUs);
    for (const batch of left) nextUs = Math.min(nextUs, batch.createdUs + limitUs);
    if (left.length === request.batches.length) continue;
    const gone = request.batches.filter((batch) => nowUs - batch.createdUs >= limitUs);
    for (const batch of gone) expired.push(batch);
    const expiredKeys = [...request.expiredKeys, ...gone.map((batch) => queueKey(batch.topic, batch.partition))];
    work.state.requests = mapSet(work.state.requests, tag, { ...request, batches: left, expiredKeys });
  }
  return { expired, nextUs };
}

export function recordsOf(batch: ProducerBatch): readonly RecordToWrite[] {
  return arrayToList(batch.records).map((each) => each.record);
}

export function valuesOf(batch: ProducerBatch): readonly string[] {
  return arrayToList(batch.records).map((each) => each.value);
}
