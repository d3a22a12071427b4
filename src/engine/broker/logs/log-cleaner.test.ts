import { describe, expect, test } from 'vitest';
import { utf8Decode, utf8Encode } from '../../kernel/bytes.ts';
import { mapFrom, mapGet } from '../../kernel/persistent-map.ts';
import { bytesAt } from '../../log/batch-list.ts';
import { logSizeBytes, segmentList } from '../../log/log-state.ts';
import { buildBatch } from '../../protocol/record-batch.ts';
import { putPartition } from '../broker-state.ts';
import type { BrokerEffect } from '../contract.ts';
import { truncateReplica } from '../fetcher/truncation.ts';
import { advance, followerFetch, makeLeader, newTestBroker, request, step, thePartition, TOPIC, type TestBroker } from '../test-support.ts';

const CONFIGS = { 'cleanup.policy': 'compact', 'segment.bytes': '200', 'min.cleanable.dirty.ratio': '0.01' };

/** A leader alone, whose log rolls every few records. */
function compacting(configs: Readonly<Record<string, string>> = {}): TestBroker {
  const broker = newTestBroker(1, { 'log.cleaner.backoff.ms': '1000', 'log.retention.check.interval.ms': '100000' });
  makeLeader(broker, [1], {}, { ...CONFIGS, ...configs });
  return broker;
}

function put(broker: TestBroker, key: string, value: string): void {
  const batch = buildBatch([{ timestamp: 1_700_000_000_000, key: utf8Encode(key), value: utf8Encode(value), headers: [] }], {}, (size) => new Uint8Array(size));
  const topicData = [{ name: TOPIC, partitionData: [{ index: 0, records: [batch] }] }];
  request(broker, 'Produce', { transactionalId: null, acks: 1, timeoutMs: 1000, topicData }, 'producer');
}

/** Answers flushes of the cleaner until it asks for none. */
function flushed(broker: TestBroker, effects: readonly BrokerEffect[]): readonly BrokerEffect[] {
  const all = [...effects];
  for (let i = 0; i < all.length; i++) {
    const effect = all[i];
    if (effect?.type === 'flush' && effect.owner === 'log-cleaner')
      all.push(...step(broker, { type: 'diskDone', owner: effect.owner, operation: effect.operation, path: '', error: null }));
  }
  return all;
}

const traced = (broker: TestBroker, type: string): number => broker.traces.filter((event) => event.type === type).length;

/** The last text written as `cleaner-offset-checkpoint`. */
function checkpoint(effects: readonly BrokerEffect[]): string | null {
  let text: string | null = null;
  for (const effect of effects) if (effect.type === 'replace' && effect.path === 'cleaner-offset-checkpoint.tmp') text = utf8Decode(effect.bytes);
  return text;
}

describe('the cleaner thread', () => {
  test('[R20] leaves a log alone in which a batch cannot be opened, and cleans the others', () => {
    const broker = compacting();
    for (let i = 0; i < 12; i++) put(broker, 'a', `value-${i}`);
    const partition = thePartition(broker);
    const first = segmentList(partition.log)[0];
    const bytes = first === undefined ? undefined : bytesAt(first.batches, 0);
    // The count of headers of the first record: not what its size says.
    bytes?.fill(0x7f, bytes.length - 1);
    flushed(broker, advance(broker, 1000));
    flushed(broker, advance(broker, 1000));
    expect([traced(broker, 'LogUncleanable'), traced(broker, 'LogCleaned')]).toEqual([1, 0]);
    expect(segmentList(thePartition(broker).log).length).toBe(segmentList(partition.log).length);
  });

  test('[R20] writes a checkpoint anew that is not within its log', () => {
    const broker = compacting();
    put(broker, 'a', 'value');
    broker.state = { ...broker.state, cleaner: { ...broker.state.cleaner, checkpoints: mapFrom([[`${TOPIC}-0`, 600]]) } };
    expect(checkpoint(advance(broker, 1000))).toBe(`0\n1\n${TOPIC} 0 0\n`);
  });

  test('[R20] cleans the log that is due, once its files are on the device, and writes down how far it is clean', () => {
    const broker = compacting();
    for (let i = 0; i < 12; i++) put(broker, i % 2 === 0 ? 'a' : 'b', `value-${i}`);
    const before = logSizeBytes(thePartition(broker).log);
    expect(segmentList(thePartition(broker).log).length).toBeGreaterThan(3);
    const effects = advance(broker, 1000);
    expect([traced(broker, 'LogCleaningStarted'), traced(broker, 'LogCleaned')]).toEqual([1, 0]);
    expect(effects.some((effect) => effect.type === 'append' && effect.path.endsWith('.log.cleaned'))).toBe(true);
    expect(effects.some((effect) => effect.type === 'rename' && effect.to.endsWith('.swap'))).toBe(false);
    const done = flushed(broker, effects);
    const active = thePartition(broker).log.active.baseOffset;
    expect(broker.traces.find((event) => event.type === 'LogCleaned')).toMatchObject({ endOffset: active, records: active, kept: 2 });
    expect(checkpoint(done)).toBe(`0\n1\norders 0 ${active}\n`);
    expect(logSizeBytes(thePartition(broker).log)).toBeLessThan(before / 2);
    // Nothing new: the thread sleeps.
    advance(broker, 5000);
    expect(traced(broker, 'LogCleaningStarted')).toBe(1);
  });

  test('[R20] a truncation below the active segment ends the cleaning, takes its files away and lowers the checkpoint', () => {
    const broker = compacting();
    for (let i = 0; i < 12; i++) put(broker, 'a', `value-${i}`);
    flushed(broker, advance(broker, 1000));
    for (let i = 0; i < 12; i++) put(broker, 'a', `value-${i}`);
    advance(broker, 1000);
    expect(broker.state.cleaner.ongoing).not.toBeNull();
    const scope = {
      context: { nowUs: broker.nowUs, nowMs: 0, draw: () => 0, allocate: (size: number) => new Uint8Array(size) },
      effects: [] as BrokerEffect[],
    };
    const cut = truncateReplica(broker.state, 'orders-0', { to: 2, reason: 'divergingEpoch' }, scope as unknown as Parameters<typeof truncateReplica>[3]);
    expect(cut.cleaner.ongoing).toBeNull();
    expect(scope.effects.filter((effect) => effect.type === 'delete').every((effect) => effect.path.endsWith('.cleaned'))).toBe(true);
    expect(scope.effects.some((effect) => effect.type === 'trace' && effect.event.type === 'LogCleaningAborted')).toBe(true);
    expect([mapGet(cut.cleaner.checkpoints, 'orders-0'), checkpoint(scope.effects)]).toEqual([2, '0\n1\norders 0 2\n']);
    // A flush of the aborted cleaning that is answered late changes nothing.
    broker.state = cut;
    step(broker, { type: 'diskDone', owner: 'log-cleaner', operation: 2, path: '', error: null });
    expect(broker.state.cleaner).toBe(cut.cleaner);
  });

  test('[R20] a topic that is compacted no longer is left as it is; a device that fails ends the cleaning', () => {
    for (const [error, compact] of [
      [null, false],
      ['EIO', true],
    ] as const) {
      const broker = compacting();
      for (let i = 0; i < 12; i++) put(broker, 'a', `value-${i}`);
      const effects = advance(broker, 1000);
      const partition = thePartition(broker);
      const config = { ...partition.log.config, compact };
      broker.state = putPartition(broker.state, { ...partition, log: { ...partition.log, config } });
      for (const effect of effects)
        if (effect.type === 'flush' && effect.owner === 'log-cleaner')
          step(broker, { type: 'diskDone', owner: effect.owner, operation: effect.operation, path: '', error });
      expect([traced(broker, 'LogCleaned'), traced(broker, 'LogCleaningAborted')]).toEqual([0, 1]);
    }
  });

  test('[R20] compact and delete: the cleaner thread lets old segments go, the retention task does not', () => {
    const broker = compacting({ 'cleanup.policy': 'compact,delete', 'retention.ms': '500', 'min.cleanable.dirty.ratio': '1' });
    for (let i = 0; i < 12; i++) put(broker, 'a', `value-${i}`);
    const effects = advance(broker, 1000);
    expect(broker.traces.find((event) => event.type === 'SegmentsDeleted')).toMatchObject({ reason: 'retention.ms', logStartOffset: 12 });
    expect(effects.some((effect) => effect.type === 'rename' && effect.to.endsWith('.deleted'))).toBe(true);
  });
});

describe('DeleteRecords', () => {
  function deleteRecords(broker: TestBroker, offset: number, timeoutMs = 1000): number {
    return request(broker, 'DeleteRecords', { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset }] }], timeoutMs }, 'admin');
  }
  const answers = (effects: readonly BrokerEffect[]): readonly (readonly number[])[] =>
    effects.flatMap((effect) =>
      effect.type === 'respond' && effect.api === 'DeleteRecords'
        ? effect.body.topics.flatMap((topic) => topic.partitions.map((one) => [one.errorCode, one.lowWatermark]))
        : [],
    );

  function leader(configs: Readonly<Record<string, string>> = {}): TestBroker {
    const broker = newTestBroker(1);
    makeLeader(broker, [1, 2], {}, configs);
    for (let i = 0; i < 4; i++) put(broker, 'k', `v${i}`);
    followerFetch(broker, 2, 4);
    return broker;
  }

  test('[R21] the log starts later at once, the answer waits for the follower', () => {
    const broker = leader();
    deleteRecords(broker, 3);
    expect([answers(broker.effects), thePartition(broker).log.logStartOffset]).toEqual([[], 3]);
    followerFetch(broker, 2, 4, { logStartOffset: 2 });
    expect(answers(broker.effects)).toEqual([]);
    followerFetch(broker, 2, 4, { logStartOffset: 3 });
    expect(answers(broker.effects)).toEqual([[0, 3]]);
  });

  test('[R21] -1 stands for the high watermark; a follower that is silent makes it time out with how far it got', () => {
    const broker = leader();
    deleteRecords(broker, -1, 700);
    expect(thePartition(broker).log.logStartOffset).toBe(4);
    expect(answers(advance(broker, 699))).toEqual([]);
    expect(answers(advance(broker, 1))).toEqual([[7, 0]]);
  });

  test.each([
    ['beyond the high watermark', 5, {}, 1],
    ['before all offsets', -2, {}, 1],
    ['of a topic that is only compacted', 1, { 'cleanup.policy': 'compact' }, 44],
  ])('[R21] %s is refused, and nothing changes', (_, offset, configs, error) => {
    const broker = leader(configs);
    deleteRecords(broker, offset);
    expect([answers(broker.effects), thePartition(broker).log.logStartOffset]).toEqual([[[error, -1]], 0]);
  });

  test('[R21] an unknown topic and a replica that does not lead say so', () => {
    const broker = leader();
    request(broker, 'DeleteRecords', { topics: [{ name: 'other', partitions: [{ partitionIndex: 0, offset: 0 }] }], timeoutMs: 1000 }, 'admin');
    expect(answers(broker.effects)).toEqual([[3, -1]]);
    const follower = newTestBroker(2);
    makeLeader(follower, [2, 1]);
    request(follower, 'DeleteRecords', { topics: [{ name: TOPIC, partitions: [{ partitionIndex: 7, offset: 0 }] }], timeoutMs: 1000 }, 'admin');
    expect(answers(follower.effects)).toEqual([[3, -1]]);
  });
});
