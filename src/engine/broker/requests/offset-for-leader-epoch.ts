import { endOffsetForEpoch } from '../../log/log-state.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { OffsetForLeaderEpochRequestOffsetForLeaderPartition } from '../../protocol/generated/offset-for-leader-epoch-request.ts';
import type { OffsetForLeaderEpochResponseEpochEndOffset } from '../../protocol/generated/offset-for-leader-epoch-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import { getPartition, notHostedError, partitionKey, type BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { checkAccess } from '../replication/partition.ts';

/** OffsetForLeaderEpoch: where an epoch ends in the leader's log (ReplicaManager.lastOffsetForLeaderEpoch). Only the leader answers. */
export function onOffsetForLeaderEpoch(state: BrokerState, requestId: number, frame: RequestFrameOf<'OffsetForLeaderEpoch'>, scope: BrokerScope): BrokerState {
  const { replicaId } = frame.body;
  const from = replicaId >= 0 ? `broker-${replicaId}` : frame.clientId;
  const topics = frame.body.topics.map((topic) => ({
    topic: topic.topic,
    partitions: topic.partitions.map((asked) => {
      const error = accessError(state, topic.topic, asked);
      if (error === null) return found(state, topic.topic, asked);
      const at = { brokerId: state.identity.brokerId, topic: topic.topic, partition: asked.partition };
      scope.effects.push({ type: 'trace', event: { type: 'RequestRefused', ...at, api: 'OffsetForLeaderEpoch', error, from } });
      return { errorCode: errorCode(error), partition: asked.partition, leaderEpoch: -1, endOffset: -1 };
    }),
  }));
  scope.effects.push({ type: 'respond', requestId, api: 'OffsetForLeaderEpoch', body: { throttleTimeMs: 0, topics } });
  return state;
}

type Asked = OffsetForLeaderEpochRequestOffsetForLeaderPartition;

function accessError(state: BrokerState, topic: string, asked: Asked): ErrorName | null {
  const partition = getPartition(state, partitionKey(topic, asked.partition));
  if (partition === null) return notHostedError(state, topic, asked.partition);
  return checkAccess(partition, { currentLeaderEpoch: asked.currentLeaderEpoch, onlyLeader: true });
}

function found(state: BrokerState, topic: string, asked: Asked): OffsetForLeaderEpochResponseEpochEndOffset {
  const partition = getPartition(state, partitionKey(topic, asked.partition));
  const end = partition === null ? { leaderEpoch: -1, endOffset: -1 } : endOffsetForEpoch(partition.log, asked.leaderEpoch);
  return { errorCode: 0, partition: asked.partition, leaderEpoch: end.leaderEpoch, endOffset: end.endOffset };
}
