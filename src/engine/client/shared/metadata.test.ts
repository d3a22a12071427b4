import { NO_CODECS } from '../../kernel/codecs.ts';
import { SOUND_DISK } from '../../kernel/machine-contract.ts';
import { describe, expect, test } from 'vitest';
import { metadataResponse, type MetadataResponse } from '../../protocol/generated/metadata-response.ts';
import { newNetworkClient, onNetworkInput, queueRequest, type NetworkScope } from '../../network-client/network-client.ts';
import { networkConfig } from './client-configs.ts';
import {
  applyMetadata,
  leaderOf,
  leastLoadedNode,
  maybeUpdate,
  newMetadata,
  nextUpdateUs,
  onNodeChange,
  onUpdateFailed,
  partitionOf,
  requestUpdate,
  updateLeadership,
  type ClientMetadata,
  type MetadataAndNetwork,
} from './metadata.ts';
import { apiVersionsRequest } from '../../protocol/generated/api-versions-request.ts';

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

describe('a leader told by a refusal', () => {
  const b2 = { nodeId: 2, host: 'b2', port: 9092 };
  const news = (leaderId: number, leaderEpoch: number) => [{ topic: 'orders', partition: 0, leaderId, leaderEpoch }];

  test('[R3] a newer one is believed, the rest of the partition stays as it was', () => {
    const after = updateLeadership(learned(answer(1, 5)), news(2, 6), [b2]);
    expect(partitionOf(after, 'orders', 0)).toMatchObject({ leader: 2, leaderEpoch: 6, replicas: [1, 2], isr: [1, 2] });
    expect(after.brokers.map((node) => node.nodeId)).toEqual([1, 2]);
  });

  test('[R3] no newer, unknown or without an address: nothing changes', () => {
    const before = learned(answer(1, 5));
    for (const [leaderId, leaderEpoch] of [
      [2, 5],
      [2, 4],
      [-1, 6],
      [7, 6],
    ] as const)
      expect(updateLeadership(before, news(leaderId, leaderEpoch), [])).toBe(before);
  });
});

describe('whom to ask', () => {
  const scope = (): NetworkScope & { readonly effects: unknown[] } => {
    let connection = 0;
    return {
      context: {
        nowUs: 0,
        nowMs: 0,
        draw: () => 1,
        allocate: (sizeBytes) => new Uint8Array(sizeBytes),
        codecs: NO_CODECS,
        nextConnection: () => ++connection,
        ...SOUND_DISK,
      },
      effects: [],
    };
  };
  const clientConfig = { ...networkConfig({}, { owner: 'test', clientId: 'test' }), discoverApiVersions: false };

  function connectedTo(nodeId: number, over: NetworkScope): MetadataAndNetwork {
    const state: MetadataAndNetwork = { metadata: requestUpdate(learned(answer(1, 0))), net: newNetworkClient(clientConfig) };
    const request = {
      node: { nodeId, host: `b${nodeId}`, port: 9092 },
      api: 'ApiVersions',
      version: 3,
      body: apiVersionsRequest(),
      tag: '',
      expectsResponse: true,
    } as const;
    const { client } = queueRequest(state.net, request, over);
    return { ...state, net: onNetworkInput(client, { type: 'connected', owner: 'test', connection: 1 }, over).client };
  }

  test('[R4] a connected node that is busy goes before one that would have to be connected to', () => {
    for (const nodeId of [1, 2]) {
      const over = scope();
      expect(leastLoadedNode(connectedTo(nodeId, over), over)?.nodeId).toBe(nodeId);
    }
  });

  test('[R4] with none connected one connection is begun, and the request waits until it stands', () => {
    const over = scope();
    const begun = maybeUpdate({ metadata: requestUpdate(learned(answer(1, 0))), net: newNetworkClient(clientConfig) }, over);
    expect(begun.metadata).toMatchObject({ inFlight: false, needsUpdate: true });
    const again = maybeUpdate({ ...begun, metadata: onNodeChange(begun.metadata) }, over);
    expect(over.effects.filter((effect) => (effect as { type: string }).type === 'connect')).toHaveLength(1);
    const ready = onNetworkInput(again.net, { type: 'connected', owner: 'test', connection: 1 }, over);
    expect(ready.events.map((event) => event.type)).toEqual(['nodeReady']);
    expect(maybeUpdate({ net: ready.client, metadata: onNodeChange(again.metadata) }, over).metadata.inFlight).toBe(true);
  });
});
