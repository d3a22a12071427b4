import { mapGet } from '../kernel/persistent-map.ts';
import { errorCode, type ErrorName } from '../protocol/errors.ts';
import { controlledShutdownResponse, controlledShutdownResponseRemainingPartition } from '../protocol/generated/controlled-shutdown-response.ts';
import type { RequestFrameOf } from '../protocol/wire.ts';
import { addStop, sendBatch } from './request-batch.ts';
import { allPartitions, isBeingDeleted, keyOf, partitionOf, runFirst, updateActive, type Work } from './state.ts';
import type { Task } from './steps.ts';

/** ControlledShutdown (doControlledShutdown): a broker that leaves in order hands its leaderships over and leaves the ISRs first. */
export function beginShutdown(work: Work, requestId: number, frame: RequestFrameOf<'ControlledShutdown'>): void {
  const { active } = work.state;
  if (active === null) return;
  const { brokerId, brokerEpoch } = frame.body;
  const broker = mapGet(active.brokers, String(brokerId));
  // For a broker that it does not know, the controller falls over its own table.
  if (broker === undefined) return refuse(work, requestId, 'UNKNOWN_SERVER_ERROR');
  if (brokerEpoch !== -1 && brokerEpoch < broker.epoch) return refuse(work, requestId, 'STALE_BROKER_EPOCH');
  if (!active.shuttingDown.includes(brokerId)) updateActive(work, { shuttingDown: [...active.shuttingDown, brokerId] });
  const hosted = allPartitions(active).filter(
    (part) => part.replicas.length > 1 && part.replicas.includes(brokerId) && part.leaderAndIsr !== null && !isBeingDeleted(active, part.topic),
  );
  const led = hosted.filter((part) => part.leaderAndIsr?.leader === brokerId).map(keyOf);
  const followed = hosted.filter((part) => part.leaderAndIsr?.leader !== brokerId).map(keyOf);
  runFirst(work, [
    ...(led.length > 0 ? [{ type: 'partitionsOnline', keys: led, strategy: 'controlledShutdown', allowUnclean: false } as const] : []),
    ...(followed.length > 0
      ? [
          { type: 'stopFollowers', brokerId, keys: followed } as const,
          { type: 'replicasTo', replicas: followed.map((key) => ({ key, brokerId })), state: 'OfflineReplica' } as const,
        ]
      : []),
    { type: 'answerShutdown', requestId, brokerId },
  ]);
}

function refuse(work: Work, requestId: number, error: ErrorName): void {
  work.scope.effects.push({ type: 'respond', requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ errorCode: errorCode(error) }) });
}

/** What it follows it is told to stop, before it leaves the ISRs and is told once more. */
export function stopFollowers(work: Work, { brokerId, keys }: Extract<Task, { type: 'stopFollowers' }>): void {
  const { active } = work.state;
  if (active === null) return;
  for (const part of keys.flatMap((key) => partitionOf(active, key) ?? [])) addStop(work, brokerId, part, false);
  sendBatch(work);
}

/** What it still leads, as nobody else could be elected. */
export function answerShutdown(work: Work, { requestId, brokerId }: Extract<Task, { type: 'answerShutdown' }>): void {
  const { active } = work.state;
  if (active === null) return;
  const led = allPartitions(active).filter((part) => part.leaderAndIsr?.leader === brokerId && part.replicas.length > 1 && !isBeingDeleted(active, part.topic));
  const remainingPartitions = led.map((part) => controlledShutdownResponseRemainingPartition({ topicName: part.topic, partitionIndex: part.partition }));
  work.scope.effects.push({ type: 'respond', requestId, api: 'ControlledShutdown', body: controlledShutdownResponse({ remainingPartitions }) });
}
