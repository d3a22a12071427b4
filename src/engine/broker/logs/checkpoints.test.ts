import { NO_CODECS } from '../../kernel/codecs.ts';
import { emptyMap } from '../../kernel/persistent-map.ts';
import { describe, expect, test } from 'vitest';
import { utf8Decode, utf8Encode } from '../../kernel/bytes.ts';
import { appendToFile, deleteFile, emptyTree, fileExists, readFile, renameFile, replaceFile, resizeFile, type FileTree } from '../../kernel/files.ts';
import type { BrokerEffect } from '../contract.ts';
import { advance, followerFetch, makeLeader, newTestBroker, produce, step, type TestBroker } from '../test-support.ts';
import { newTestDisk } from '../../log/test-support.ts';
import { resolveLogDirs } from './log-dirs.ts';
import { loadLogs } from './log-manager.ts';

/** The files after these effects. */
function written(files: FileTree, effects: readonly BrokerEffect[]): FileTree {
  let next = files;
  for (const effect of effects) {
    if (effect.type === 'append') next = appendToFile(next, effect.path, effect.bytes);
    else if (effect.type === 'replace') next = replaceFile(next, effect.path, effect.bytes);
    else if (effect.type === 'resize') next = resizeFile(next, effect.path, effect.sizeBytes);
    else if (effect.type === 'rename') next = renameFile(next, effect.from, effect.to);
    else if (effect.type === 'delete') next = deleteFile(next, effect.path);
  }
  return next;
}

function text(files: FileTree, path: string): string | null {
  const bytes = readFile(files, path);
  return bytes === null ? null : utf8Decode(bytes);
}

/** A leader of orders-0 with follower 2, and the files that its steps have written. */
function leaderWithFiles(): { broker: TestBroker; files: FileTree; note: (effects: readonly BrokerEffect[]) => void } {
  const broker = newTestBroker(1);
  const disk = { broker, files: emptyTree(), note: (effects: readonly BrokerEffect[]): void => void (disk.files = written(disk.files, effects)) };
  makeLeader(broker, [1, 2]);
  disk.note(broker.effects);
  return disk;
}

describe('checkpoints', () => {
  test('[R14] the high watermark is written at once after the first LeaderAndIsr, and then every interval', () => {
    const disk = leaderWithFiles();
    expect(text(disk.files, 'replication-offset-checkpoint')).toBe('0\n1\norders 0 0\n');
    produce(disk.broker, 1);
    followerFetch(disk.broker, 2, 1);
    disk.note(advance(disk.broker, 4999));
    expect(text(disk.files, 'replication-offset-checkpoint')).toBe('0\n1\norders 0 0\n');
    disk.note(advance(disk.broker, 1));
    expect(text(disk.files, 'replication-offset-checkpoint')).toBe('0\n1\norders 0 1\n');
  });

  test('[R14] recovery points are written first after log.initial.task.delay.ms and then every minute', () => {
    const disk = leaderWithFiles();
    disk.note(advance(disk.broker, 29_999));
    expect(fileExists(disk.files, 'recovery-point-offset-checkpoint')).toBe(false);
    disk.note(advance(disk.broker, 1));
    expect(text(disk.files, 'recovery-point-offset-checkpoint')).toBe('0\n1\norders 0 0\n');
    expect(text(disk.files, 'log-start-offset-checkpoint')).toBe('0\n0\n');
    expect(advance(disk.broker, 59_999).some((effect) => effect.type === 'rename' && effect.to === 'recovery-point-offset-checkpoint')).toBe(false);
    expect(advance(disk.broker, 1).some((effect) => effect.type === 'rename' && effect.to === 'recovery-point-offset-checkpoint')).toBe(true);
  });
});

describe('clean stop', () => {
  test('[R17] high watermarks, then logs, then recovery points at their ends, and last the mark', () => {
    const disk = leaderWithFiles();
    produce(disk.broker, 1);
    disk.note(disk.broker.effects);
    followerFetch(disk.broker, 2, 1);
    const effects = step(disk.broker, { type: 'shutdown' });
    disk.note(effects);
    expect(text(disk.files, 'replication-offset-checkpoint')).toBe('0\n1\norders 0 1\n');
    expect(text(disk.files, 'recovery-point-offset-checkpoint')).toBe('0\n1\norders 0 1\n');
    expect(text(disk.files, '.kafka_cleanshutdown')).toBe('{"version":0,"brokerEpoch":-1}');
    const mark = effects.findIndex((effect) => effect.type === 'replace' && effect.path === '.kafka_cleanshutdown');
    const checkpoints = effects.map((effect, i) => (effect.type === 'rename' && effect.to.endsWith('checkpoint') ? i : -1));
    expect(mark).toBeGreaterThan(Math.max(...checkpoints));
    expect(effects.some((effect) => effect.type === 'shutdownComplete')).toBe(false);
    expect(step(disk.broker, { type: 'diskDone', owner: 'log-manager', operation: 1, path: '', error: null })).toContainEqual({ type: 'shutdownComplete' });
  });

  test('[R14] a restarted broker finds its log, and its replica starts from the checkpointed high watermark', () => {
    const disk = leaderWithFiles();
    produce(disk.broker, 1);
    disk.note(disk.broker.effects);
    produce(disk.broker, 1);
    disk.note(disk.broker.effects);
    followerFetch(disk.broker, 2, 1);
    disk.note(disk.broker.effects);
    disk.note(advance(disk.broker, 5000));
    const scope = { context: { nowMs: 0, draw: () => 0, allocate: (sizeBytes: number) => new Uint8Array(sizeBytes), codecs: NO_CODECS }, effects: [] };
    const outcome = loadLogs(
      disk.files,
      { logDirs: { online: resolveLogDirs({}), offline: [] }, cleanDirs: [], brokerConfigs: {}, topicConfigs: emptyMap() },
      scope,
    );
    if (!outcome.ok) throw new Error(outcome.message);
    expect(outcome.loaded.recoveries.map(({ log, recovered }) => [log.dir, log.logEndOffset, recovered.segments])).toEqual([['orders-0', 2, [0]]]);
    expect(outcome.loaded.recoveredBytes).toBeGreaterThan(0);
    const returned = newTestBroker(1);
    returned.state = {
      ...returned.state,
      idleLogs: outcome.loaded.logs,
      logsById: outcome.loaded.logsById,
      nextLogId: outcome.loaded.nextLogId,
      checkpointedHighWatermarks: outcome.loaded.checkpointedHighWatermarks,
    };
    makeLeader(returned, [1, 2], { leaderEpoch: 1 });
    const partition = [...returned.traces].reverse().find((event) => event.type === 'BecameLeader');
    expect(partition).toMatchObject({ logEndOffset: 2, highWatermark: 1 });
  });
});

test.each(['recovery-point-offset-checkpoint', 'log-start-offset-checkpoint', 'replication-offset-checkpoint', 'cleaner-offset-checkpoint'])(
  '[R22] a log dir whose %s cannot be read is offline',
  (name) => {
    const configs = { 'log.dirs': '/data-1,/data-2' };
    const logDirs = resolveLogDirs(configs);
    const files = appendToFile(emptyTree(), `data-1/${name}`, utf8Encode('0\n1\norders 0 1x\n'));
    const facts = { logDirs: { online: logDirs, offline: [] }, cleanDirs: [], brokerConfigs: configs, topicConfigs: emptyMap<never>() };
    const outcome = loadLogs(files, facts, newTestDisk().scope);
    expect(outcome).toMatchObject({ ok: false, failedDir: { path: '/data-1' } });
  },
);
