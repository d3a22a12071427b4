import type { ZkResult } from '../zookeeper-client/contract.ts';
import { startFailover } from './failover.ts';
import { resign } from './resignation.ts';
import { awaitZooKeeper, beginEvent, type Work } from './state.ts';
import type { ReadStep } from './steps.ts';
import { CONTROLLER_EPOCH_PATH, CONTROLLER_PATH, decodeController, encodeController } from './znodes.ts';
import { read } from './zookeeper-calls.ts';

/** Who is the controller, and the try to become it (KafkaController.elect, KafkaZkClient.registerControllerAndIncrementControllerEpoch). */

/** The watch is set on the znode whether it is there or not. */
export function readController(work: Work): void {
  awaitZooKeeper(work, [{ op: 'exists', path: CONTROLLER_PATH, watch: true }, read(CONTROLLER_PATH)], { type: 'readController' });
}

export function onController(work: Work, results: readonly ZkResult[]): void {
  const result = results[1];
  if (result?.ok === true && result.op === 'getData') {
    const id = decodeController(result.data) ?? -1;
    const mine = id === work.state.config.brokerId && result.stat.ephemeralOwner === work.state.sessionId;
    work.state = { ...work.state, activeControllerId: id };
    if (work.state.active !== null && !mine) resign(work);
    // A claim that was answered only by a lost connection: the znode says that it was ours.
    if (work.state.active === null && mine) readEpochAsOwner(work);
    return;
  }
  if (work.state.active !== null) resign(work);
  work.state = { ...work.state, activeControllerId: -1, current: work.state.current ?? beginEvent({ type: 'Elect' }) };
  awaitZooKeeper(work, [read(CONTROLLER_EPOCH_PATH)], { type: 'readEpoch' });
}

/** The epoch that our own claim has written. */
function readEpochAsOwner(work: Work): void {
  awaitZooKeeper(work, [read(CONTROLLER_EPOCH_PATH)], { type: 'claim', epoch: -1, version: -1 });
}

export function onEpoch(work: Work, result: ZkResult | undefined): void {
  if (result?.ok === true && result.op === 'getData') return claim(work, Number(result.data), result.stat.version);
  awaitZooKeeper(work, [{ op: 'create', path: CONTROLLER_EPOCH_PATH, data: '0', ephemeral: false, sequential: false }], { type: 'createEpoch' });
}

/** It is there now, whoever made it. */
export function onEpochCreated(work: Work): void {
  awaitZooKeeper(work, [read(CONTROLLER_EPOCH_PATH)], { type: 'readEpoch' });
}

/** Both or neither: the znode, and an epoch that is higher by one. */
function claim(work: Work, epoch: number, version: number): void {
  const data = encodeController(work.state.config.brokerId, work.scope.context.nowMs);
  awaitZooKeeper(
    work,
    [
      {
        op: 'multi',
        operations: [
          { op: 'create', path: CONTROLLER_PATH, data, ephemeral: true, sequential: false },
          { op: 'setData', path: CONTROLLER_EPOCH_PATH, data: String(epoch + 1), version },
        ],
      },
    ],
    { type: 'claim', epoch: epoch + 1, version: version + 1 },
  );
}

export function onClaim(work: Work, step: Extract<ReadStep, { type: 'claim' }>, result: ZkResult | undefined): void {
  if (result?.ok === true && result.op === 'getData') return startFailover(work, { epoch: Number(result.data), epochVersion: result.stat.version });
  if (result?.ok === true) return startFailover(work, { epoch: step.epoch, epochVersion: step.version });
  // Somebody was faster, or the same claim succeeded before: the znode tells.
  readController(work);
}
