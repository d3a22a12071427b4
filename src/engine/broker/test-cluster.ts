import { NO_CODECS } from '../kernel/codecs.ts';
import {
  alterPartitionResponse,
  alterPartitionResponsePartitionData,
  alterPartitionResponseTopicData,
} from '../protocol/generated/alter-partition-response.ts';
import { apiVersionsResponse } from '../protocol/generated/api-versions-response.ts';
import type { ApiName, ResponseBodies } from '../protocol/generated/apis.ts';
import { makeResponse } from '../protocol/frames.ts';
import { readRecords } from '../protocol/record-batch.ts';
import { utf8Decode } from '../kernel/bytes.ts';
import { batchesBetween } from '../log/read.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import type { BrokerEffect } from './contract.ts';
import { advance, newTestBroker, step, tellLeader, tellMetadata, thePartition, TOPIC_ID, type TestBroker, type ToldState } from './test-support.ts';

/**
 * A few brokers with instant links, and a controller that is the test itself: it elects by `elect` and grants every ISR change.
 * A broker that is down loses its connections and hears nothing.
 */
export interface TestCluster {
  readonly brokers: TestBroker[];
  readonly down: Set<number>;
  readonly queue: (() => void)[];
  readonly links: Map<string, Link>;
  readonly asked: Map<number, Asked>;
  /** Connections that a broker lost while it was down; it learns of them when it is back. */
  readonly lost: Link[];
  nextRequestId: number;
  /** State of partition 0 as the controller wrote it. */
  znode: { leader: number; leaderEpoch: number; isr: readonly number[]; version: number; replicas: readonly number[] };
}

interface Link {
  readonly from: TestBroker;
  readonly owner: string;
  readonly connection: number;
  readonly to: TestBroker;
}

interface Asked {
  readonly link: Link;
  readonly frame: RequestFrame;
}

export function newTestCluster(brokerIds: readonly number[], configs: Readonly<Record<string, string>> = {}): TestCluster {
  const brokers = brokerIds.map((id) => newTestBroker(id, configs));
  return {
    brokers,
    down: new Set(),
    queue: [],
    links: new Map(),
    asked: new Map(),
    lost: [],
    nextRequestId: 1000,
    znode: { leader: -1, leaderEpoch: -1, isr: brokerIds, version: -1, replicas: brokerIds },
  };
}

export function brokerOf(cluster: TestCluster, id: number): TestBroker {
  const broker = cluster.brokers.find((each) => each.state.identity.brokerId === id);
  if (broker === undefined) throw new Error(`no broker ${id}`);
  return broker;
}

/** The controller makes `leader` leader of partition 0 with this ISR, in the next epoch, and tells these brokers. */
export function elect(cluster: TestCluster, leader: number, isr: readonly number[], tell: readonly number[] = cluster.znode.replicas): void {
  const { replicas, leaderEpoch, version } = cluster.znode;
  cluster.znode = { leader, leaderEpoch: leaderEpoch + 1, isr, version: version + 1, replicas };
  tellState(cluster, tell);
}

/** The controller sends its present state to these brokers. */
export function tellState(cluster: TestCluster, tell: readonly number[]): void {
  const { leader, leaderEpoch, isr, version, replicas } = cluster.znode;
  const told: ToldState = { leader, leaderEpoch, isr, replicas, partitionEpoch: version };
  const alive = replicas.filter((id) => !cluster.down.has(id));
  for (const id of tell) {
    if (cluster.down.has(id)) continue;
    const broker = brokerOf(cluster, id);
    tellMetadata(broker, alive, { leader, leaderEpoch, isr, replicas, zkVersion: version });
    route(cluster, broker, broker.effects);
    tellLeader(broker, told);
    route(cluster, broker, broker.effects);
  }
  pump(cluster);
}

/** Gives a broker a step and lets everything that follows at once happen. */
export function act(cluster: TestCluster, id: number, action: (broker: TestBroker) => void): void {
  const broker = brokerOf(cluster, id);
  action(broker);
  route(cluster, broker, broker.effects);
  pump(cluster);
}

/** Moves time on by small steps, all brokers together. */
export function run(cluster: TestCluster, ms: number, stepMs = 10): void {
  for (let at = 0; at < ms; at += stepMs) {
    for (const broker of cluster.brokers) {
      if (cluster.down.has(broker.state.identity.brokerId)) continue;
      route(cluster, broker, advance(broker, stepMs));
    }
    pump(cluster);
  }
}

/** Cuts a broker off: its connections are reset, in both directions. */
export function takeDown(cluster: TestCluster, id: number): void {
  cluster.down.add(id);
  for (const [key, link] of Array.from(cluster.links)) {
    const ids = [link.from, link.to].map((broker) => broker.state.identity.brokerId);
    if (!ids.includes(id)) continue;
    cluster.links.delete(key);
    for (const [requestId, asked] of Array.from(cluster.asked)) if (asked.link === link) cluster.asked.delete(requestId);
    if (link.from.state.identity.brokerId === id) {
      cluster.lost.push(link);
      continue;
    }
    route(cluster, link.from, step(link.from, { type: 'closed', owner: link.owner, connection: link.connection, reason: 'reset' }));
  }
  pump(cluster);
}

export function bringUp(cluster: TestCluster, id: number): void {
  cluster.down.delete(id);
  const broker = brokerOf(cluster, id);
  const now = Math.max(...cluster.brokers.map((each) => each.nowUs));
  broker.nowUs = now;
  for (const [key, atUs] of Array.from(broker.timers)) if (atUs < now) broker.timers.set(key, now);
  for (const link of cluster.lost.splice(0)) {
    if (link.from === broker) route(cluster, broker, step(broker, { type: 'closed', owner: link.owner, connection: link.connection, reason: 'reset' }));
    else cluster.lost.push(link);
  }
  pump(cluster);
}

function pump(cluster: TestCluster): void {
  for (let next = cluster.queue.shift(), count = 0; next !== undefined; next = cluster.queue.shift(), count++) {
    if (count > 10_000) throw new Error('brokers talk without end');
    next();
  }
}

function route(cluster: TestCluster, broker: TestBroker, effects: readonly BrokerEffect[]): void {
  for (const effect of effects) {
    if (effect.type === 'connect') cluster.queue.push(() => connect(cluster, broker, effect));
    else if (effect.type === 'send') cluster.queue.push(() => deliver(cluster, broker, effect.connection, effect.message));
    else if (effect.type === 'close') cluster.links.delete(linkKey(broker, effect.connection));
    else if (effect.type === 'respond') cluster.queue.push(() => respond(cluster, effect.requestId, effect.body));
  }
}

function linkKey(broker: TestBroker, connection: number): string {
  return `${broker.state.identity.brokerId}/${connection}`;
}

function connect(cluster: TestCluster, from: TestBroker, effect: Extract<BrokerEffect, { type: 'connect' }>): void {
  const id = Number(effect.host.slice(1));
  if (cluster.down.has(id)) {
    route(cluster, from, step(from, { type: 'closed', owner: effect.owner, connection: effect.connection, reason: 'refused' }));
    return;
  }
  cluster.links.set(linkKey(from, effect.connection), { from, owner: effect.owner, connection: effect.connection, to: brokerOf(cluster, id) });
  route(cluster, from, step(from, { type: 'connected', owner: effect.owner, connection: effect.connection }));
}

function deliver(cluster: TestCluster, from: TestBroker, connection: number, message: WireMessage): void {
  const link = cluster.links.get(linkKey(from, connection));
  if (link === undefined || message.kind !== 'request') return;
  if (message.api === 'ApiVersions') return reply(cluster, { link, frame: message }, apiVersionsResponse());
  if (message.api === 'AlterPartition') return reply(cluster, { link, frame: message }, grant(cluster, message));
  const requestId = cluster.nextRequestId++;
  cluster.asked.set(requestId, { link, frame: message });
  route(cluster, link.to, step(link.to, { type: 'request', requestId, frame: message }));
}

function grant(cluster: TestCluster, frame: Extract<RequestFrame, { api: 'AlterPartition' }>): ResponseBodies['AlterPartition'] {
  const asked = frame.body.topics[0]?.partitions[0];
  if (asked === undefined) return alterPartitionResponse();
  const isr = asked.newIsrWithEpochs.map((each) => each.brokerId);
  cluster.znode = { ...cluster.znode, isr, version: cluster.znode.version + 1 };
  const { leader, leaderEpoch, version } = cluster.znode;
  const partition = alterPartitionResponsePartitionData({ leaderId: leader, leaderEpoch, isr, partitionEpoch: version });
  return alterPartitionResponse({ topics: [alterPartitionResponseTopicData({ topicId: TOPIC_ID, partitions: [partition] })] });
}

function respond(cluster: TestCluster, requestId: number, body: ResponseBodies[ApiName]): void {
  const asked = cluster.asked.get(requestId);
  if (asked === undefined) return;
  cluster.asked.delete(requestId);
  reply(cluster, asked, body);
}

function reply(cluster: TestCluster, { link, frame }: Asked, body: ResponseBodies[ApiName]): void {
  if (cluster.links.get(linkKey(link.from, link.connection)) !== link) return;
  const message = makeResponse(frame as { api: ApiName; version: number; correlationId: number }, body) as WireMessage;
  route(cluster, link.from, step(link.from, { type: 'received', owner: link.owner, connection: link.connection, message }));
}

/** The values in a replica's log, with the epoch of each: `a/0`. */
export function values(broker: TestBroker): readonly string[] {
  const { log } = thePartition(broker);
  const found: string[] = [];
  for (const batch of batchesBetween(log, log.logStartOffset, log.logEndOffset)) {
    const read = readRecords(batch, NO_CODECS);
    const epoch = new DataView(batch.buffer, batch.byteOffset).getInt32(12);
    if (read.ok) for (const record of read.records) found.push(`${utf8Decode(record.value ?? new Uint8Array(0))}/${epoch}`);
  }
  return found;
}
