import { mapGet } from '../kernel/persistent-map.ts';
import type { BrokerId } from '../kernel/units.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import { allocateProducerIdsResponse } from '../protocol/generated/allocate-producer-ids-response.ts';
import type { RequestFrame } from '../protocol/wire.ts';
import type { ZkResult } from '../zookeeper-client/contract.ts';
import { awaitZooKeeper, type ReadStep, type Work } from './state.ts';
import { decodeProducerIdBlock, encodeProducerIdBlock, PRODUCER_ID_BLOCK_PATH } from './znodes.ts';

/** ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE. */
const BLOCK_SIZE = 1000;

/** AllocateProducerIds (KafkaController.processAllocateProducerIds): the next block of ids for a broker that is registered. */
export function allocateProducerIds(work: Work, requestId: number, frame: Extract<RequestFrame, { api: 'AllocateProducerIds' }>): void {
  const { brokerId, brokerEpoch } = frame.body;
  const broker = work.state.active === null ? undefined : mapGet(work.state.active.brokers, String(brokerId));
  if (broker === undefined) return refuse(work, requestId, 'BROKER_ID_NOT_REGISTERED');
  if (broker.epoch !== brokerEpoch) return refuse(work, requestId, 'STALE_BROKER_EPOCH');
  readBlock(work, { requestId, brokerId, written: null });
}

function refuse(work: Work, requestId: number, error: ErrorName): void {
  work.scope.effects.push({
    type: 'respond',
    requestId,
    api: 'AllocateProducerIds',
    body: allocateProducerIdsResponse({ errorCode: errorCode(error), producerIdStart: -1, producerIdLen: 0 }),
  });
}

interface Allocation {
  readonly requestId: number;
  readonly brokerId: BrokerId;
  /** First id of a block that was written without our knowing whether it came through. */
  readonly written: number | null;
}

function readBlock(work: Work, allocation: Allocation): void {
  awaitZooKeeper(work, [{ op: 'getData', path: PRODUCER_ID_BLOCK_PATH, watch: false }], { type: 'readProducerIds', ...allocation });
}

/** The block after the last one is written over it; a write that was repeated after a lost connection is known by its content. */
export function onProducerIdsRead(work: Work, step: Extract<ReadStep, { type: 'readProducerIds' }>, results: readonly ZkResult[]): void {
  const { requestId, brokerId, written } = step;
  const result = results[0];
  if (result?.ok !== true || result.op !== 'getData') return refuse(work, requestId, 'UNKNOWN_SERVER_ERROR');
  const last = decodeProducerIdBlock(result.data);
  if (last !== null && last.brokerId === brokerId && last.firstId === written) return answer(work, requestId, written);
  const firstId = last === null ? 0 : last.lastId + 1;
  const data = encodeProducerIdBlock({ brokerId, firstId, lastId: firstId + BLOCK_SIZE - 1 });
  awaitZooKeeper(work, [{ op: 'setData', path: PRODUCER_ID_BLOCK_PATH, data, version: result.stat.version }], {
    type: 'writeProducerIds',
    requestId,
    brokerId,
    written: firstId,
  });
}

export function onProducerIdsWritten(work: Work, step: Extract<ReadStep, { type: 'writeProducerIds' }>, results: readonly ZkResult[]): void {
  if (results[0]?.ok === true) answer(work, step.requestId, step.written);
  else readBlock(work, step);
}

function answer(work: Work, requestId: number, producerIdStart: number): void {
  work.scope.effects.push({
    type: 'respond',
    requestId,
    api: 'AllocateProducerIds',
    body: allocateProducerIdsResponse({ producerIdStart, producerIdLen: BLOCK_SIZE }),
  });
}
