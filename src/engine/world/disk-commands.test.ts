import { describe, expect, test } from 'vitest';
import { emptyTree, listPaths, type FileTree } from '../kernel/files.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { TraceRecord } from '../machine/contract.ts';
import type { Command } from './command.ts';
import type { Scenario } from './scenario.ts';
import { issueCommand, newWorld, runUntil } from './world.ts';
import { runnerOf, type World } from './world-state.ts';

const LOG = 'orders-0/00000000000000000000.log';

const SCENARIO: Scenario = {
  format: 1,
  name: 'disk-commands-test',
  title: { en: 'Disks', ko: '디스크' },
  seed: 5,
  cluster: {
    mode: 'zookeeper',
    zookeeperServers: 1,
    brokers: [{ brokerId: 1 }, { brokerId: 2 }],
    brokerConfigs: { 'log.flush.interval.messages': '1' },
    timing: 'kafka',
    epochMs: 1_700_000_000_000,
    topics: [{ topic: 'orders', partitionCount: 1, replicationFactor: 2, assignment: { 0: [1, 2] } }],
    producers: [{ name: 'p', config: { configs: {}, topic: 'orders', recordsPerSecond: 5, keyCount: 2, valueBytes: 100 } }],
    consumers: [],
  },
  commands: [],
  claims: [],
  untilMs: 90_000,
};

class Cluster {
  readonly world: World = newWorld(SCENARIO);
  readonly traces: TraceRecord[] = [];

  constructor() {
    this.run(20_000_000);
  }

  run(untilUs: number): void {
    runUntil(this.world, untilUs, { trace: (record) => void this.traces.push(record) });
  }

  give(command: Command): string | null {
    const outcome = issueCommand(this.world, command);
    return outcome.ok ? null : outcome.reason;
  }

  processOf(host: string): string {
    return runnerOf(this.world, host)?.state.process.status ?? 'none';
  }

  logEnd(host: string): number {
    return mapGet(this.files(host), LOG)?.dataEnd ?? -1;
  }

  files(host: string): FileTree {
    return runnerOf(this.world, host)?.state.disk.cache ?? emptyTree();
  }

  saw(type: string, host: string): TraceRecord['event'][] {
    return this.traces.filter((record) => record.event.type === type && record.host === host).map((record) => record.event);
  }
}

describe('commands on a disk', () => {
  test.each<[Command, RegExp]>([
    [{ type: 'fillDisk', machine: 'p' }, /p keeps nothing on a disk/],
    [{ type: 'fillDisk', machine: 'b7' }, /no machine named b7/],
    [{ type: 'freeDisk', machine: 'b1' }, /room enough/],
    [{ type: 'healDisk', machine: 'b1' }, /is sound/],
    [{ type: 'slowDisk', machine: 'b1', factor: 0 }, /factor of 1 or more/],
    [{ type: 'corruptPage', machine: 'b1', path: 'orders-9/x.log', page: 0 }, /has no file/],
    [{ type: 'corruptPage', machine: 'b1', path: LOG, page: 400 }, /there is no page 400/],
    [{ type: 'corruptPage', machine: 'b1', path: LOG, page: 0, byte: 4096 }, /there is no byte 4096/],
  ])('[R3] %j is refused with the reason', (command, reason) => {
    expect(new Cluster().give(command)).toMatch(reason);
  });

  test('[R8] a page that is dirty cannot rot', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'slowDisk', machine: 'b1', factor: 1000 });
    cluster.run(21_000_000);
    const page = Math.floor(cluster.logEnd('b1') / 4096);
    expect(cluster.give({ type: 'corruptPage', machine: 'b1', path: LOG, page })).toMatch(/is dirty/);
  });

  test('[R8] a full disk: the broker takes its only log dir offline and halts before it acknowledges; freed and started, it serves again', () => {
    const cluster = new Cluster();
    expect(cluster.give({ type: 'fillDisk', machine: 'b1', freeBytes: 1000 })).toBeNull();
    cluster.run(24_000_000);
    expect(cluster.processOf('b1')).toBe('exited');
    expect(cluster.saw('LogDirFailed', 'b1')).toMatchObject([{ dir: '/tmp/kafka-logs', error: 'ENOSPC' }]);
    expect(cluster.saw('ProcessExited', 'b1')).toMatchObject([{ code: 1, reason: 'Shutdown broker because all log dirs in /tmp/kafka-logs have failed' }]);
    cluster.run(60_000_000);
    expect(cluster.saw('LeaderElected', 'b2').length).toBeGreaterThan(0);
    expect(cluster.give({ type: 'freeDisk', machine: 'b1' })).toBeNull();
    if (cluster.processOf('b1') === 'exited') cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(90_000_000);
    expect(cluster.processOf('b1')).toBe('running');
    expect(cluster.logEnd('b1')).toBe(cluster.logEnd('b2'));
  });

  test('[R8] a disk that fails: the broker halts, cannot start again, and can once the disk is healed', () => {
    const cluster = new Cluster();
    expect(cluster.give({ type: 'failDisk', machine: 'b1' })).toBeNull();
    cluster.run(20_000_100);
    expect(cluster.give({ type: 'failDisk', machine: 'b1' })).toMatch(/fails already/);
    cluster.run(30_000_000);
    expect(cluster.saw('LogDirFailed', 'b1')).toMatchObject([{ error: 'EIO' }]);
    expect(cluster.saw('ProcessExited', 'b1').length).toBeGreaterThan(1);
    expect(cluster.saw('ProcessExited', 'b1').at(-1)).toMatchObject({
      reason: 'Shutdown broker because none of the specified log dirs from /tmp/kafka-logs can be created or validated',
    });
    cluster.give({ type: 'healDisk', machine: 'b1' });
    if (cluster.processOf('b1') === 'exited') cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(60_000_000);
    expect(cluster.processOf('b1')).toBe('running');
  });

  test('[R8] a ZooKeeper server on a full disk ends with ExitCode.UNEXPECTED_ERROR', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'fillDisk', machine: 'zk1' });
    cluster.give({ type: 'createTopic', topic: 'more' });
    cluster.run(24_000_000);
    expect(cluster.saw('ProcessExited', 'zk1')[0]).toMatchObject({ code: 1, reason: expect.stringContaining('ENOSPC') });
  });

  test('[R8] bit rot: who reads the records finds a batch whose CRC does not fit, and nobody crashes', () => {
    const cluster = new Cluster();
    cluster.run(25_000_000);
    expect(cluster.give({ type: 'corruptPage', machine: 'b1', path: LOG, page: 0, byte: 100 })).toBeNull();
    cluster.give({ type: 'addConsumer', name: 'late', config: { configs: { 'auto.offset.reset': 'earliest' }, topic: 'orders' } });
    cluster.run(35_000_000);
    expect(cluster.saw('PageCorrupted', 'b1')).toMatchObject([{ path: LOG, page: 0, position: 100 }]);
    expect(cluster.saw('RecordsConsumed', 'late')).toEqual([]);
    expect(runnerOf(cluster.world, 'b1')?.state.process.status).toBe('running');
    // After a power cut recovery reads what is on the device.
    cluster.give({ type: 'powerOff', machine: 'b1' });
    cluster.run(36_000_000);
    cluster.give({ type: 'start', machine: 'b1' });
    cluster.run(80_000_000);
    expect(cluster.processOf('b1')).toBe('running');
    expect(listPaths(cluster.files('b1'), 'orders-0/')).toContain(LOG);
  });

  test('[R8] a slow disk makes flushes late and changes nothing else', () => {
    const cluster = new Cluster();
    const before = cluster.logEnd('b1');
    cluster.give({ type: 'slowDisk', machine: 'b1', factor: 10 });
    cluster.run(30_000_000);
    expect(cluster.logEnd('b1')).toBeGreaterThan(before);
    expect(cluster.saw('DiskSlowed', 'b1')).toMatchObject([{ factor: 10 }]);
    expect(cluster.processOf('b1')).toBe('running');
  });

  test('[R8] a power cut that is to tear pages names the files', () => {
    const cluster = new Cluster();
    cluster.give({ type: 'slowDisk', machine: 'b1', factor: 1000 });
    cluster.run(23_000_000);
    cluster.give({ type: 'powerOff', machine: 'b1', tornPages: true });
    cluster.run(23_100_000);
    const cut = cluster.saw('PoweredOff', 'b1')[0];
    expect(cut?.type === 'PoweredOff' && cut.tornFiles).toContain(LOG);
  });
});
