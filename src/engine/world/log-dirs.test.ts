import { describe, expect, test } from 'vitest';
import type { BrokerState } from '../broker/broker-state.ts';
import { findPartition, type PartitionMetadata } from '../broker/metadata/metadata-cache.ts';
import { emptyTree, fileExists, listPaths, readFile, type FileTree } from '../kernel/files.ts';
import { utf8Decode } from '../kernel/bytes.ts';
import { mapGet, mapKeys } from '../kernel/persistent-map.ts';
import type { TraceRecord } from '../machine/contract.ts';
import type { Command } from './command.ts';
import type { Scenario } from './scenario.ts';
import { issueCommand, newWorld, runUntil } from './world.ts';
import { runnerOf, type World } from './world-state.ts';

/** Two disks a broker: partitions 0 and 2 come to lie on the first, 1 and 3 on the second. Broker 1 leads 0 and 1. */
const SCENARIO: Scenario = {
  format: 1,
  name: 'log-dirs-test',
  title: { en: 'Log dirs', ko: '로그 디렉터리' },
  seed: 5,
  cluster: {
    mode: 'zookeeper',
    zookeeperServers: 1,
    brokers: [{ brokerId: 1 }, { brokerId: 2 }, { brokerId: 3 }],
    brokerConfigs: { 'log.dirs': '/data-1,/data-2' },
    timing: 'kafka',
    epochMs: 1_700_000_000_000,
    topics: [{ topic: 'orders', partitionCount: 4, replicationFactor: 3, assignment: { 0: [1, 2, 3], 1: [1, 2, 3], 2: [2, 1, 3], 3: [2, 1, 3] } }],
    producers: [{ name: 'p', config: { configs: { acks: 'all' }, topic: 'orders', recordsPerSecond: 20, keyCount: 16, valueBytes: 100 } }],
    consumers: [],
  },
  commands: [],
  claims: [],
  untilMs: 200_000,
};

class Cluster {
  readonly world: World;
  readonly traces: TraceRecord[] = [];

  constructor(scenario: Scenario = SCENARIO) {
    this.world = newWorld(scenario);
    this.run(25_000_000);
  }

  run(untilUs: number): void {
    runUntil(this.world, untilUs, { trace: (record) => void this.traces.push(record) });
  }

  give(command: Command): void {
    const outcome = issueCommand(this.world, command);
    if (!outcome.ok) throw new Error(outcome.reason);
  }

  refusalOf(command: Command): string | null {
    const outcome = issueCommand(this.world, command);
    return outcome.ok ? null : outcome.reason;
  }

  status(host: string): string {
    return runnerOf(this.world, host)?.state.process.status ?? 'none';
  }

  files(host: string): FileTree {
    return runnerOf(this.world, host)?.state.disk.cache ?? emptyTree();
  }

  text(host: string, path: string): string {
    return utf8Decode(readFile(this.files(host), path) ?? new Uint8Array(0));
  }

  znodesUnder(path: string): string[] {
    const process = runnerOf(this.world, 'zk1')?.state.process.state;
    if (process?.kind !== 'zooKeeper') throw new Error('zk1 has no state');
    return mapKeys(process.state.tree.nodes).filter((each) => each.startsWith(path));
  }

  broker(id: number): BrokerState {
    const process = runnerOf(this.world, `b${id}`)?.state.process.state;
    if (process?.kind !== 'kafka' || process.state.broker === null) throw new Error(`broker ${id} has no state`);
    return process.state.broker;
  }

  /** What the metadata of broker `by` says of orders. */
  state(by: number, partition: number): PartitionMetadata | null {
    return findPartition(this.broker(by).metadata, 'orders', partition);
  }

  saw<Type extends TraceRecord['event']['type']>(type: Type, host: string): Extract<TraceRecord['event'], { type: Type }>[] {
    const events = this.traces.filter((record) => record.event.type === type && record.host === host).map((record) => record.event);
    return events as Extract<TraceRecord['event'], { type: Type }>[];
  }
}

const folders = (cluster: Cluster, host: string): string[] => [
  ...new Set(listPaths(cluster.files(host)).map((path) => path.slice(0, Math.max(0, path.lastIndexOf('/'))))),
];

/** Files directly in a folder. */
function namesIn(cluster: Cluster, host: string, folder: string): string[] {
  return listPaths(cluster.files(host), `${folder}/`).flatMap((path) => {
    const name = path.slice(folder.length + 1);
    return name.includes('/') ? [] : [name];
  });
}

describe('several log dirs', () => {
  test('[R8] each has its files: properties, checkpoints, and its share of the partitions', () => {
    const cluster = new Cluster();
    expect(folders(cluster, 'b1')).toEqual(['data-1', 'data-1/orders-0', 'data-1/orders-2', 'data-2', 'data-2/orders-1', 'data-2/orders-3']);
    for (const dir of ['data-1', 'data-2']) {
      expect(cluster.text('b1', `${dir}/meta.properties`)).toContain('broker.id=1\n');
      expect(namesIn(cluster, 'b1', dir)).toEqual([
        '.lock',
        'cleaner-offset-checkpoint',
        'log-start-offset-checkpoint',
        'meta.properties',
        'recovery-point-offset-checkpoint',
        'replication-offset-checkpoint',
      ]);
    }
    expect(cluster.text('b1', 'data-1/replication-offset-checkpoint')).toMatch(/^0\n2\norders 0 \d+\norders 2 \d+\n$/);
    expect(cluster.text('b1', 'data-2/replication-offset-checkpoint')).toMatch(/^0\n2\norders 1 \d+\norders 3 \d+\n$/);
  });

  test('[R8] one fails: its replicas are offline, what they led is led by others, and the broker goes on with the rest', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'failDisk', machine: 'b1', dir: '/data-2' });
    cluster.run(30_000_000);
    expect(cluster.status('b1')).toBe('running');
    expect(cluster.saw('LogDirFailed', 'b1')).toMatchObject([{ dir: '/data-2', error: 'EIO', partitions: ['orders-1', 'orders-3'] }]);
    expect(cluster.state(2, 1)).toMatchObject({ leader: 2, isr: [2, 3], offlineReplicas: [1] });
    expect(cluster.state(2, 3)).toMatchObject({ leader: 2, isr: [2, 3], offlineReplicas: [1] });
    expect(cluster.state(2, 0)).toMatchObject({ leader: 1, isr: [1, 2, 3], offlineReplicas: [] });
    expect(cluster.state(2, 2)).toMatchObject({ leader: 2, isr: [2, 1, 3], offlineReplicas: [] });
    expect(cluster.znodesUnder('/log_dir_event_notification/')).toEqual([]);
    const before = mapGet(cluster.broker(1).partitions, 'orders-0')?.log.highWatermark ?? 0;
    const moved = mapGet(cluster.broker(2).partitions, 'orders-1')?.log.highWatermark ?? 0;
    cluster.run(40_000_000);
    expect(mapGet(cluster.broker(1).partitions, 'orders-0')?.log.highWatermark).toBeGreaterThan(before);
    expect(mapGet(cluster.broker(2).partitions, 'orders-1')?.log.highWatermark).toBeGreaterThan(moved);
    expect(cluster.traces.filter((record) => record.event.type === 'RecordsFailed')).toEqual([]);
  });

  test('[R8] new partitions come to lie in a log dir that serves; a replica that is not new may lie in the one that failed', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'failDisk', machine: 'b1', dir: 'data-1' });
    cluster.run(35_000_000);
    cluster.give({ type: 'createTopic', topic: 'more', partitionCount: 2, replicationFactor: 3 });
    cluster.run(50_000_000);
    expect(folders(cluster, 'b1').filter((dir) => dir.includes('more'))).toEqual(['data-2/more-0', 'data-2/more-1']);
    // A restart finds the dir bad at once, and says so of the replicas it is told of.
    cluster.give({ type: 'killProcess', machine: 'b1' });
    cluster.run(55_000_000);
    if (cluster.status('b1') !== 'running') cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(100_000_000);
    expect(cluster.status('b1')).toBe('running');
    expect(cluster.saw('LogDirFailed', 'b1').at(-1)).toMatchObject({ dir: '/data-1', reason: 'data-1/.lock' });
    expect(cluster.broker(1).offlinePartitions).toEqual(['orders-0', 'orders-2']);
    expect(cluster.state(2, 0)).toMatchObject({ leader: 2, isr: [2, 3], offlineReplicas: [1] });
    expect(cluster.state(2, 1)?.isr).toContain(1);
  });

  test('[R8] the controller dies before it hears of it: the next one finds out by itself, and throws the unread event away', () => {
    const cluster = new Cluster();
    const controller = cluster.broker(2).metadata.controllerId;
    const [victim = 0, witness = 0] = [1, 2, 3].filter((id) => id !== controller);
    cluster.give({ type: 'pauseProcess', machine: `b${controller}` });
    cluster.give({ type: 'failDisk', machine: `b${victim}`, dir: '/data-1' });
    cluster.run(32_000_000);
    expect(cluster.znodesUnder('/log_dir_event_notification/')).toHaveLength(1);
    const offline = cluster.broker(victim).offlinePartitions;
    expect(offline).toHaveLength(2);
    cluster.give({ type: 'killProcess', machine: `b${controller}` });
    cluster.run(70_000_000);
    expect(cluster.znodesUnder('/log_dir_event_notification/')).toEqual([]);
    for (const key of offline) expect(cluster.state(witness, Number(key.slice('orders-'.length)))?.offlineReplicas).toContain(victim);
  });

  test('[R8] healed and started again, its replicas catch up and come back into their ISRs', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'failDisk', machine: 'b1', dir: '/data-2' });
    cluster.run(40_000_000);
    cluster.give({ type: 'healDisk', machine: 'b1', dir: '/data-2' });
    cluster.run(45_000_000);
    expect(cluster.state(2, 1)?.isr).toEqual([2, 3]);
    cluster.give({ type: 'stopProcess', machine: 'b1' });
    cluster.run(60_000_000);
    if (cluster.status('b1') !== 'running') cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(100_000_000);
    expect(cluster.status('b1')).toBe('running');
    for (const partition of [0, 1, 2, 3]) expect((cluster.state(2, partition)?.isr ?? []).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    // The dir that was offline has no mark of a clean stop: its logs alone were recovered.
    const recovered = cluster.saw('LogRecovered', 'b1').map((event) => `${event.topic}-${event.partition}`);
    expect(recovered).toEqual(['orders-1', 'orders-3']);
  });

  test('[R8] one whose files cannot be read at the start is offline like one whose device fails', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'stopProcess', machine: 'b1' });
    cluster.run(40_000_000);
    cluster.give({ type: 'corruptPage', machine: 'b1', path: 'data-2/orders-1/leader-epoch-checkpoint', page: 0, byte: 0 });
    cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(80_000_000);
    expect(cluster.status('b1')).toBe('running');
    const [failed] = cluster.saw('LogDirFailed', 'b1');
    expect(failed).toMatchObject({ dir: '/data-2', error: 'IOException', partitions: [] });
    expect(failed?.reason).toContain('data-2/orders-1/leader-epoch-checkpoint');
    expect(cluster.broker(1).offlinePartitions).toEqual(['orders-1', 'orders-3']);
    expect(cluster.state(2, 0)?.isr).toContain(1);
  });

  test('[R8] when the last one fails the broker halts', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'failDisk', machine: 'b1', dir: '/data-2' });
    cluster.run(30_000_000);
    cluster.give({ type: 'failDisk', machine: 'b1', dir: '/data-1' });
    cluster.run(31_000_000);
    expect(cluster.saw('ProcessExited', 'b1')[0]).toMatchObject({ code: 1, reason: 'Shutdown broker because all log dirs in /data-1, /data-2 have failed' });
  });

  test('[R8] a partition whose only replica lies there has no leader, and a client is told KAFKA_STORAGE_ERROR or finds none', () => {
    const cluster = new Cluster({
      ...SCENARIO,
      cluster: { ...SCENARIO.cluster, topics: [{ topic: 'orders', partitionCount: 2, replicationFactor: 1, assignment: { 0: [1], 1: [1] } }] },
    });
    cluster.give({ type: 'failDisk', machine: 'b1', dir: '/data-2' });
    cluster.run(40_000_000);
    expect(cluster.state(2, 1)).toMatchObject({ leader: -1, isr: [1], offlineReplicas: [1] });
    expect(cluster.state(2, 0)).toMatchObject({ leader: 1, isr: [1] });
    expect(cluster.saw('RequestRefused', 'b1').map((event) => event.error)).toContain('KAFKA_STORAGE_ERROR');
  });

  test('[R8] a log dir that is not there is refused by name', () => {
    const cluster = new Cluster();
    expect(cluster.refusalOf({ type: 'failDisk', machine: 'b1', dir: '/data-3' })).toBe('b1 has no log directory /data-3; it has /data-1, /data-2.');
    expect(cluster.refusalOf({ type: 'failDisk', machine: 'zk1', dir: '/data-1' })).toBe('zk1 has no log directory /data-1; it has none.');
    expect(cluster.refusalOf({ type: 'healDisk', machine: 'b1', dir: '/data-1' })).toBe('The disk under /data-1 of b1 is sound.');
  });

  test('[R8] a stop leaves the mark of a clean one in each, and takes the locks away', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'stopProcess', machine: 'b1' });
    cluster.run(40_000_000);
    expect(['data-1', 'data-2'].map((dir) => fileExists(cluster.files('b1'), `${dir}/.kafka_cleanshutdown`))).toEqual([true, true]);
    expect(['data-1', 'data-2'].map((dir) => fileExists(cluster.files('b1'), `${dir}/.lock`))).toEqual([false, false]);
  });
});
