import type { SystemInput } from '../../kernel/system.ts';
import { msToUs, type BrokerEpoch, type BrokerId, type LeaderEpoch, type PartitionEpoch, type PartitionId, type Uuid } from '../../kernel/units.ts';
import type { NodeAddress } from '../../network-client/contract.ts';
import { errorName, type ErrorName } from '../../protocol/errors.ts';
import {
  alterPartitionRequest,
  alterPartitionRequestPartitionData,
  alterPartitionRequestTopicData,
  type AlterPartitionRequest,
  type AlterPartitionRequestTopicData,
} from '../../protocol/generated/alter-partition-request.ts';
import type { AlterPartitionResponse, AlterPartitionResponsePartitionData } from '../../protocol/generated/alter-partition-response.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import { ALTER_PARTITION_RETRY_MS, type BrokerConfig } from '../broker-config.ts';
import type { BrokerScope } from '../contract.ts';
import { newControllerChannel, onChannelInput, sendToController, type ControllerChannel } from '../controller-channel.ts';
import { ALTER_PARTITION } from '../owners.ts';

/** One ISR change that a leader wants. */
export interface AlterPartitionItem {
  readonly key: string;
  readonly topic: string;
  readonly topicId: Uuid;
  readonly partition: PartitionId;
  readonly isr: readonly BrokerId[];
  readonly leaderEpoch: LeaderEpoch;
  readonly partitionEpoch: PartitionEpoch;
}

/**
 * DefaultAlterPartitionManager: one request in flight, with all items of its moment, repeated until the controller answers. Items
 * stay in `unsent` until then, so that a partition has one at most.
 */
export interface AlterPartitionManager {
  readonly channel: ControllerChannel;
  readonly unsent: readonly AlterPartitionItem[];
  /** The items of the request in flight; null when there is none. */
  readonly inFlight: readonly AlterPartitionItem[] | null;
}

/** What the manager needs to know of its broker at this moment. */
export interface ControllerFacts {
  readonly brokerId: BrokerId;
  readonly brokerEpoch: BrokerEpoch;
  /** By the metadata cache. */
  readonly controller: NodeAddress | null;
}

/** The controller's word on one item: the state it wrote, or an error. */
export type AlterPartitionAnswer =
  | { readonly item: AlterPartitionItem; readonly error: null; readonly state: AlterPartitionResponsePartitionData }
  | { readonly item: AlterPartitionItem; readonly error: ErrorName };

const RETRY = 'retry';

export function newAlterPartitionManager(config: BrokerConfig, brokerId: BrokerId): AlterPartitionManager {
  return { channel: newControllerChannel(ALTER_PARTITION, `zk-broker-${brokerId}-alter-partition`, config), unsent: [], inFlight: null };
}

/** Queues a change and sends it if nothing is in flight. Refused (OPERATION_NOT_ATTEMPTED) while the partition has one already. */
export function submitAlterPartition(
  manager: AlterPartitionManager,
  item: AlterPartitionItem,
  facts: ControllerFacts,
  scope: BrokerScope,
): { readonly manager: AlterPartitionManager; readonly accepted: boolean } {
  if (manager.unsent.some((other) => other.key === item.key)) return { manager, accepted: false };
  const queued: AlterPartitionManager = { ...manager, unsent: [...manager.unsent, item] };
  return { manager: propagate(queued, facts, scope), accepted: true };
}

function propagate(manager: AlterPartitionManager, facts: ControllerFacts, scope: BrokerScope): AlterPartitionManager {
  if (manager.unsent.length === 0 || manager.inFlight !== null) return manager;
  const body = buildRequest(manager.unsent, facts);
  return { ...manager, inFlight: manager.unsent, channel: sendToController(manager.channel, { api: 'AlterPartition', body }, facts.controller, scope) };
}

function buildRequest(items: readonly AlterPartitionItem[], facts: ControllerFacts): AlterPartitionRequest {
  const topics: AlterPartitionRequestTopicData[] = [];
  for (const item of items) {
    const partition = alterPartitionRequestPartitionData({
      partitionIndex: item.partition,
      leaderEpoch: item.leaderEpoch,
      newIsr: item.isr,
      // Broker epochs are KRaft's; in ZooKeeper mode the controller goes by its own list of live brokers.
      newIsrWithEpochs: item.isr.map((brokerId) => ({ brokerId, brokerEpoch: -1 })),
      partitionEpoch: item.partitionEpoch,
    });
    const at = topics.findIndex((topic) => topic.topicName === item.topic);
    const topic = topics[at];
    if (topic === undefined) topics.push(alterPartitionRequestTopicData({ topicName: item.topic, topicId: item.topicId, partitions: [partition] }));
    else topics[at] = { ...topic, partitions: [...topic.partitions, partition] };
  }
  return alterPartitionRequest({ brokerId: facts.brokerId, brokerEpoch: facts.brokerEpoch, topics });
}

/**
 * Handles what is addressed to the manager's owner. The answers, if there are any, are for the partitions to act upon, in order, and then
 * `settleAlterPartition` lets the next request go, so that what they submit meanwhile travels together.
 */
export function onAlterPartitionInput(
  manager: AlterPartitionManager,
  input: SystemInput<WireMessage, never>,
  facts: ControllerFacts,
  scope: BrokerScope,
): { readonly manager: AlterPartitionManager; readonly answers: readonly AlterPartitionAnswer[] | null } {
  if (input.type === 'timer' && input.name === RETRY) return { manager: propagate(manager, facts, scope), answers: null };
  const { channel, response } = onChannelInput(manager.channel, input, facts.controller, scope);
  const next: AlterPartitionManager = { ...manager, channel };
  if (response === null || response.api !== 'AlterPartition') return { manager: next, answers: null };
  if (errorName(response.body.errorCode) !== 'NONE') {
    scope.effects.push({ type: 'setTimer', owner: ALTER_PARTITION, name: RETRY, atUs: scope.context.nowUs + msToUs(ALTER_PARTITION_RETRY_MS) });
    return { manager: { ...next, inFlight: null }, answers: null };
  }
  return readAnswers(next, response.body);
}

/** An item that the answer leaves out stays in `unsent` and goes again. */
function readAnswers(manager: AlterPartitionManager, body: AlterPartitionResponse): ReturnType<typeof onAlterPartitionInput> {
  const answers: AlterPartitionAnswer[] = [];
  for (const item of manager.inFlight ?? []) {
    const state = findAnswer(body, item);
    if (state === undefined) continue;
    const error = errorName(state.errorCode);
    answers.push(error === 'NONE' ? { item, error: null, state } : { item, error });
  }
  const answered = new Set(answers.map((each) => each.item.key));
  return { manager: { ...manager, unsent: manager.unsent.filter((item) => !answered.has(item.key)) }, answers };
}

function findAnswer(body: AlterPartitionResponse, item: AlterPartitionItem): AlterPartitionResponsePartitionData | undefined {
  const topic = body.topics.find((each) => each.topicId === item.topicId);
  return topic?.partitions.find((each) => each.partitionIndex === item.partition);
}

/** After the answers were acted upon: the request is done, the next one may go. */
export function settleAlterPartition(manager: AlterPartitionManager, facts: ControllerFacts, scope: BrokerScope): AlterPartitionManager {
  return propagate({ ...manager, inFlight: null }, facts, scope);
}
