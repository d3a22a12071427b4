import type { ZkAnswer, ZkResult } from '../zookeeper-client/contract.ts';
import { serveWaitingRequests } from './kafka-connections.ts';
import { tellBroker, tellController, traceBroker, updateState, type Work } from './kafka-server-state.ts';
import { askZooKeeper, SERVER_TAG } from './kafka-session.ts';
import { fail } from './kafka-shutdown.ts';
import { brokerIdPath, encodeBrokerInfo } from './kafka-znodes.ts';

const CREATE = 'register';
const INSPECT = 'registration-owner';

/** KafkaZkClient.registerBroker: the ephemeral `/brokers/ids/N`, made and filled in one transaction. Its czxid is the broker epoch. */
export function register(work: Work): void {
  const { config } = work.state;
  const path = brokerIdPath(config.brokerId);
  const data = encodeBrokerInfo(config, work.scope.context.nowMs);
  askZooKeeper(work, CREATE, [
    {
      op: 'multi',
      operations: [
        { op: 'create', path, data: '', ephemeral: true, sequential: false },
        { op: 'setData', path, data, version: 0 },
      ],
    },
  ]);
}

export function isRegistrationAnswer(answer: ZkAnswer): boolean {
  return answer.tag === `${SERVER_TAG}-${CREATE}` || answer.tag === `${SERVER_TAG}-${INSPECT}`;
}

/** After a session expired, registration begins anew with the next one; the answers of the old one say nothing. */
export function onRegistrationAnswer(work: Work, answer: ZkAnswer): void {
  const result = answer.results[answer.results.length - 1];
  if (result === undefined || answer.results.some((each) => !each.ok && each.error === 'SESSIONEXPIRED')) return;
  if (answer.tag === `${SERVER_TAG}-${INSPECT}`) return onOwner(work, result);
  if (!result.ok)
    return result.error === 'NODEEXISTS'
      ? inspect(work)
      : refuse(work, `Error while creating ephemeral at ${brokerIdPath(work.state.config.brokerId)} with return code: ${result.error}`);
  const created = result.op === 'multi' ? result.results[0] : undefined;
  if (created !== undefined && created.ok && created.op === 'create') onRegistered(work, created.stat.czxid);
}

function inspect(work: Work): void {
  askZooKeeper(work, INSPECT, [{ op: 'getData', path: brokerIdPath(work.state.config.brokerId), watch: false }]);
}

/**
 * CheckedEphemeral.getAfterNodeExists: the node may be ours after all; one left by our own earlier session is replaced (KAFKA-7165); one
 * that is gone by now is made again; one of another session that lives is an error.
 */
function onOwner(work: Work, result: ZkResult): void {
  const { session, registeredSessionId, config } = work.state;
  if (!result.ok) return register(work);
  if (result.op !== 'getData') return;
  const owner = result.stat.ephemeralOwner;
  if (owner === session.sessionId) return onRegistered(work, result.stat.czxid);
  if (owner !== null && owner === registeredSessionId) {
    askZooKeeper(work, 'delete-old-registration', [{ op: 'delete', path: brokerIdPath(config.brokerId), version: -1 }]);
    return register(work);
  }
  refuse(
    work,
    `Error while creating ephemeral at ${brokerIdPath(config.brokerId)}, node already exists and owner '0x${owner ?? '0'}' does not match current session '0x${session.sessionId}'`,
  );
}

/** At start the broker gives up; one that ran and lost its session stays as it is, unregistered. */
function refuse(work: Work, reason: string): void {
  if (work.state.phase.name === 'registering') fail(work, reason);
}

/** The broker has an epoch: both parts are told, and with the first one the start is complete. */
function onRegistered(work: Work, brokerEpoch: number): void {
  const { session, phase, config } = work.state;
  updateState(work, { registeredSessionId: session.sessionId });
  traceBroker(work, { type: 'BrokerRegistered', brokerId: config.brokerId, brokerEpoch });
  tellBroker(work, { type: 'registered', brokerEpoch });
  tellController(work, { type: 'registered', brokerEpoch });
  if (phase.name !== 'registering') return;
  updateState(work, { phase: { name: 'running' } });
  serveWaitingRequests(work);
}
