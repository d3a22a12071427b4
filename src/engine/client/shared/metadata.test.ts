import { describe, expect, test } from 'vitest';
import { metadataResponse, type MetadataResponse } from '../../protocol/generated/metadata-response.ts';
import { applyMetadata, leaderOf, newMetadata, nextUpdateUs, onUpdateFailed, partitionOf, requestUpdate, type ClientMetadata } from './metadata.ts';

const CONFIG = { bootstrap: [{ host: 'b1', port: 9092 }], maxAgeMs: 300_000, retryBackoffMs: 100, retryBackoffMaxMs: 1000, allowAutoTopicCreation: false };

function answer(leader: number, leaderEpoch: number, topicId = 'a'.repeat(32)): MetadataResponse {
  return metadataResponse({
    brokers: [1, 2].map((nodeId) => ({ nodeId, host: `b${nodeId}`, port: 9092, rack: null })),
    topics: [
      {
        name: 'orders',
        topicId,
        errorCode: 0,
        isInternal: false,
        topicAuthorizedOperations: -1,
        partitions: [{ partitionIndex: 0, leaderId: leader, leaderEpoch, errorCode: 0, replicaNodes: [1, 2], isrNodes: [1, 2], offlineReplicas: [] }],
      },
    ],
  });
}

function learned(response: MetadataResponse): ClientMetadata {
  // As it stands while a request is under way.
  return applyMetadata({ ...newMetadata(CONFIG, ['orders']), needsUpdate: false, inFlight: true }, response, 0);
}

describe('belief', () => {
  test('[R1] an answer of a broker that is behind changes nothing', () => {
    const after = applyMetadata(learned(answer(2, 5)), answer(1, 4), 1000);
    expect(partitionOf(after, 'orders', 0)).toMatchObject({ leader: 2, leaderEpoch: 5 });
    expect(leaderOf(after, 'orders', 0)?.host).toBe('b2');
  });

  test('[R1] a topic made anew begins at epoch 0', () => {
    const after = applyMetadata(learned(answer(2, 5)), answer(1, 0, 'b'.repeat(32)), 1000);
    expect(partitionOf(after, 'orders', 0)).toMatchObject({ leader: 1, leaderEpoch: 0 });
  });
});

describe('when to ask', () => {
  test('[R2] with an answer in hand not before its age is over, on request at once', () => {
    const metadata = learned(answer(1, 0));
    expect(nextUpdateUs(metadata)).toBe(300_000_000);
    expect(nextUpdateUs(requestUpdate(metadata))).toBe(0);
  });

  test('[R2] each failure doubles the wait, up to the bound', () => {
    let metadata: ClientMetadata = { ...newMetadata(CONFIG, ['orders']), lastAttemptUs: 0 };
    const waitsMs: number[] = [];
    for (let i = 0; i < 5; i++) {
      metadata = onUpdateFailed(metadata);
      waitsMs.push(nextUpdateUs(metadata) / 1000);
    }
    expect(waitsMs).toEqual([200, 400, 800, 1000, 1000]);
  });
});
