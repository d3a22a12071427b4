import { mapGet, mapKeys } from '../../engine/kernel/persistent-map.ts';
import { utf8Decode } from '../../engine/kernel/bytes.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import { batchesBetween } from '../../engine/log/read.ts';
import { partitionLeaderEpoch, readRecords } from '../../engine/protocol/record-batch.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { issueCommand, newWorld, runUntil } from '../../engine/world/world.ts';
import { runnerOf, type World } from '../../engine/world/world-state.ts';
import { committedTree } from '../../projection/truth.ts';
import { codecs } from '../../host/codecs/loaded-codecs.ts';
import type { ZnodeChange, ZnodeData } from './timeline.ts';

/** A cluster as the recordings had it: brokers with racks, an ensemble, Kafka's own times, and someone who looks at its znodes all the time. */
export interface ClusterShape {
  readonly brokerIds: readonly number[];
  readonly zookeeperServers: number;
  /** Who is to be the controller; null: whoever comes first. */
  readonly controller: number | null;
  /** Topics whose znodes are watched. */
  readonly topics: readonly string[];
}

const SETTLE_MS = 5000;
const START_LIMIT_MS = 60_000;

export class RecordedCluster {
  readonly world: World;
  readonly changes: ZnodeChange[] = [];
  private readonly records: TraceRecord[] = [];
  private readonly shape: ClusterShape;
  private readonly seen = new Map<string, string>();
  private sinceUs = 0;

  constructor(shape: ClusterShape) {
    this.shape = shape;
    this.world = newWorld(scenarioOf(shape), 1, { codecs });
    this.startWith(shape.controller);
    this.sinceUs = this.world.nowUs;
    this.changes.length = 0;
    this.seen.clear();
    this.look();
  }

  /** Milliseconds since the cluster stood. */
  get nowMs(): number {
    return (this.world.nowUs - this.sinceUs) / 1000;
  }

  /** The wanted controller's broker starts alone, the others when it is elected. */
  private startWith(controller: number | null): void {
    const others = this.shape.brokerIds.filter((id) => controller !== null && id !== controller);
    this.run(1);
    for (const id of others) this.command({ type: 'killProcess', machine: `b${id}` });
    if (others.length > 0) this.runUntil(START_LIMIT_MS, () => this.znode('/controller') !== null);
    for (const id of others) this.command({ type: 'start', machine: `b${id}` });
    this.runUntil(START_LIMIT_MS, () => this.brokers().length === this.shape.brokerIds.length);
    this.run(SETTLE_MS);
  }

  run(ms: number): void {
    runUntil(this.world, this.world.nowUs + Math.max(1, Math.round(ms * 1000)), {
      trace: (record) => {
        this.records.push(record);
        if (record.event.type === 'ZooKeeperTransactionApplied') this.look();
      },
    });
    this.look();
  }

  /** Runs until this holds, at most so long; says whether it came to hold. */
  runUntil(limitMs: number, holds: () => boolean): boolean {
    const untilUs = this.world.nowUs + limitMs * 1000;
    while (this.world.nowUs < untilUs) {
      if (holds()) return true;
      this.run(1);
    }
    return holds();
  }

  /** Gives a command now; its number, or why it makes no sense. */
  command(command: Command): { readonly ok: true; readonly id: number } | { readonly ok: false; readonly reason: string } {
    const outcome = issueCommand(this.world, command);
    return outcome.ok ? { ok: true, id: outcome.issued.id } : outcome;
  }

  isRunning(machine: string): boolean {
    return runnerOf(this.world, machine)?.state.process.status === 'running';
  }

  /** What was traced since the cluster stood. */
  traced<Type extends TraceRecord['event']['type']>(type: Type): readonly Extract<TraceRecord['event'], { type: Type }>[] {
    return this.records.flatMap(({ event }) => (event.type === type ? [event as Extract<TraceRecord['event'], { type: Type }>] : []));
  }

  /** `offset:epoch:value` of every committed record of a partition, as its leader has them. */
  committedRecords(topic: string, partition: number): readonly string[] {
    const state = this.znode(`/brokers/topics/${topic}/partitions/${partition}/state`) as { leader?: number } | null;
    const process = runnerOf(this.world, `b${state?.leader ?? -1}`)?.state.process.state;
    const log = process?.kind === 'kafka' && process.state.broker !== null ? mapGet(process.state.broker.partitions, `${topic}-${partition}`)?.log : undefined;
    if (log === undefined) return [];
    const found: string[] = [];
    for (const batch of batchesBetween(log, log.logStartOffset, log.highWatermark)) {
      const read = readRecords(batch, codecs);
      if (!read.ok) continue;
      for (const record of read.records) found.push(`${record.offset}:${partitionLeaderEpoch(batch)}:${utf8Decode(record.value ?? new Uint8Array(0))}`);
    }
    return found;
  }

  private brokers(): readonly number[] {
    return (this.znode('/brokers/ids') as readonly number[] | null) ?? [];
  }

  private look(): void {
    for (const path of this.paths()) {
      const data = this.znode(path);
      const text = JSON.stringify(data);
      const before = this.seen.get(path);
      if (before === text || (before === undefined && data === null)) continue;
      this.seen.set(path, text);
      this.changes.push({ ms: this.nowMs, path, data });
    }
  }

  private paths(): readonly string[] {
    const tree = committedTree(this.world);
    const topics = this.shape.topics.flatMap((topic) => {
      const root = `/brokers/topics/${topic}`;
      const partitions = tree === null ? undefined : mapGet(tree.nodes, `${root}/partitions`);
      return [root, ...(partitions === undefined ? [] : mapKeys(partitions.children).map((id) => `${root}/partitions/${id}/state`))];
    });
    return ['/brokers/ids', '/controller', '/controller_epoch', ...topics];
  }

  /** What a znode says, without times and topic ids; null: it is not there, or there is nobody to ask. */
  private znode(path: string): ZnodeData {
    const tree = committedTree(this.world);
    const node = tree === null ? undefined : mapGet(tree.nodes, path);
    if (node === undefined) return null;
    if (path === '/brokers/ids')
      return mapKeys(node.children)
        .map(Number)
        .sort((a, b) => a - b);
    const value: unknown = JSON.parse(node.data);
    if (typeof value !== 'object' || value === null) return Number(value);
    const { timestamp: _timestamp, topic_id: _topicId, ...rest } = value as Record<string, unknown>;
    return rest;
  }
}

function scenarioOf({ brokerIds, zookeeperServers }: ClusterShape): Scenario {
  return {
    format: 1,
    name: 'timeline',
    title: { en: 'A recorded timeline', ko: '기록된 타임라인' },
    seed: 1,
    cluster: {
      mode: 'zookeeper',
      zookeeperServers,
      brokers: brokerIds.map((brokerId) => ({ brokerId, rack: `r${brokerId}` })),
      brokerConfigs: { 'replica.lag.time.max.ms': '10000', 'auto.leader.rebalance.enable': 'false' },
      timing: 'kafka',
      epochMs: 1_700_000_000_000,
      topics: [],
      producers: [],
      consumers: [],
    },
    commands: [],
    claims: [],
    untilMs: 0,
  };
}
