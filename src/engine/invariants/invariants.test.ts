import { describe, expect, test } from 'vitest';
import type { TraceRecord } from '../machine/contract.ts';
import { breachesOf, lossesOf, newChecker, observe } from './checker.ts';

type Event = TraceRecord['event'];
type Told = readonly [host: string, event: Event];

/** Reads a made-up trace; each line one microsecond after the one before. */
function watch(lines: readonly Told[]): { readonly breaches: string[]; readonly losses: string[] } {
  const checker = newChecker();
  lines.forEach(([host, event], i) => observe(checker, { id: { atUs: i, host, step: i } as unknown as TraceRecord['id'], host, event }));
  return { breaches: breachesOf(checker).map((one) => one.invariant), losses: lossesOf(checker).map((one) => `${one.kind} from ${one.fromOffset}`) };
}

const on = (brokerId: number) => ({ brokerId, topic: 'orders', partition: 0 });
const starting = (brokerId: number): Told => [`b${brokerId}`, { type: 'BrokerStarting', brokerId, cleanShutdownFound: true, logCount: 1 }];
const registered = (brokerId: number): Told => [`b${brokerId}`, { type: 'BrokerRegistered', brokerId, brokerEpoch: 1 }];
const poweredOff = (brokerId: number): Told => [
  `b${brokerId}`,
  { type: 'PoweredOff', lostBytes: 9, lostFiles: ['orders-0/00000000000000000000.log'], tornFiles: [] },
];
const recovered = (brokerId: number, logEndOffset: number): Told => [
  `b${brokerId}`,
  { type: 'LogRecovered', ...on(brokerId), logEndOffset, discardedBytes: 0, segments: [0], cutReason: 'none', indexProblems: [] },
];
const elected = (
  leader: number,
  leaderEpoch: number,
  isr: number[],
  strategy: 'offline' | 'unclean' | 'newPartition' = 'offline',
  replicas = [1, 2, 3],
): Told => ['b9', { type: 'LeaderElected', topic: 'orders', partition: 0, leader, leaderEpoch, isr, replicas, controllerEpoch: 1, strategy }];
const leads = (brokerId: number, leaderEpoch: number, logEndOffset = 0): Told => [
  `b${brokerId}`,
  { type: 'BecameLeader', ...on(brokerId), leaderEpoch, isr: [1, 2, 3], logEndOffset, highWatermark: 0 },
];
const appends = (brokerId: number, leaderEpoch: number, baseOffset: number, batchCrc = 100 + baseOffset, role: 'leader' | 'follower' = 'leader'): Told => [
  `b${brokerId}`,
  { type: 'RecordsAppended', ...on(brokerId), role, leaderEpoch, baseOffset, logEndOffset: baseOffset + 1, sizeBytes: 70, batchCrc },
];
const highWatermark = (brokerId: number, leaderEpoch: number, to: number, role: 'leader' | 'follower' = 'leader', previous = to - 1): Told => [
  `b${brokerId}`,
  { type: 'HighWatermarkAdvanced', ...on(brokerId), role, leaderEpoch, highWatermark: to, previous },
];
const acknowledged = (baseOffset: number, acks: -1 | 1 = -1): Told => [
  'p',
  { type: 'RecordsAcknowledged', client: 'p', topic: 'orders', partition: 0, acks, baseOffset, recordCount: 1, values: ['v'] },
];
const consumed = (nextOffset: number, upTo: number): Told => [
  'c',
  { type: 'RecordsConsumed', client: 'c', topic: 'orders', partition: 0, baseOffset: 0, nextOffset, highWatermark: upTo, values: [] },
];

/** Broker 1 leads epoch 0; the record at 0 is in all three logs, committed and acknowledged. */
const ONE_RECORD: readonly Told[] = [
  ...[1, 2, 3].flatMap((id) => [starting(id), registered(id)]),
  elected(1, 0, [1, 2, 3], 'newPartition'),
  leads(1, 0),
  appends(1, 0, 0),
  appends(2, 0, 0, 100, 'follower'),
  appends(3, 0, 0, 100, 'follower'),
  highWatermark(1, 0, 1),
  acknowledged(0),
];

describe('acknowledged records', () => {
  test('[R5] a clean failover keeps the record: nothing to say', () => {
    expect(watch([...ONE_RECORD, elected(2, 1, [2, 3]), leads(2, 1, 1)])).toEqual({ breaches: [], losses: [] });
  });

  test('[R5] a later leader without the record is a breach when no fault explains it', () => {
    const lines = [
      ...ONE_RECORD,
      ['b2', { type: 'LogTruncated', ...on(2), from: 1, to: 0, leaderEpoch: 0, reason: 'divergingEpoch' }] as const,
      elected(2, 1, [2, 3]),
      leads(2, 1, 0),
    ];
    expect(watch(lines)).toEqual({ breaches: ['acknowledged-records'], losses: [] });
  });

  test('[R5] recovery after a kill may lose nothing: a record gone then is a breach', () => {
    expect(watch([...ONE_RECORD, recovered(2, 0), elected(2, 1, [2, 3]), leads(2, 1, 0)]).breaches).toEqual(['acknowledged-records']);
  });

  test('[R5] an unclean election is a loss of that kind', () => {
    const behind = ONE_RECORD.filter(([host, event]) => !(host === 'b3' && event.type === 'RecordsAppended'));
    expect(watch([...behind, elected(3, 1, [3], 'unclean'), leads(3, 1, 0)])).toEqual({ breaches: [], losses: ['unclean election from 0'] });
  });

  test('[R5] power cuts that took every copy in sync are a loss of that kind', () => {
    const lines = [...ONE_RECORD, elected(-1, 1, [1]), poweredOff(1), recovered(1, 0), registered(1), elected(1, 2, [1]), leads(1, 2, 0)];
    expect(watch(lines)).toEqual({ breaches: [], losses: ['power cut of every in-sync copy from 0'] });
  });

  test('[R5] one that lost its tail, is still counted in sync and leads, is a loss of that kind: the others held the record', () => {
    const lines = [...ONE_RECORD, poweredOff(2), recovered(2, 0), registered(2), elected(2, 1, [2, 3]), leads(2, 1, 0)];
    expect(watch(lines)).toEqual({ breaches: [], losses: ['power cut of a replica counted in sync from 0'] });
  });

  test('[R5] an acknowledgement of what no leader committed is a breach; acks=1 promises nothing', () => {
    const start = ONE_RECORD.slice(0, -2);
    expect(watch([...start, acknowledged(0)]).breaches).toEqual(['acknowledged-records']);
    expect(watch([...start, acknowledged(0, 1)]).breaches).toEqual([]);
  });

  test('[R5] what a leader commits with its ISR before it hears of its successor is promised too', () => {
    const late = [...ONE_RECORD, elected(2, 1, [1, 2, 3]), appends(1, 0, 1), appends(2, 0, 1, 101, 'follower'), highWatermark(1, 0, 2), acknowledged(1)];
    expect(watch([...late, leads(2, 1, 2)]).breaches).toEqual([]);
    expect(watch([...late, elected(3, 2, [3]), leads(3, 2, 1)]).breaches).toEqual(['acknowledged-records']);
  });
});

describe('logs below the high watermark', () => {
  test('[R4] a follower with another record below its high watermark is a breach', () => {
    const other = ONE_RECORD.map((line): Told => (line[0] === 'b3' && line[1].type === 'RecordsAppended' ? appends(3, 0, 0, 999, 'follower') : line));
    expect(watch([...other, highWatermark(3, 0, 1, 'follower')]).breaches).toEqual(['committed-prefix']);
    expect(watch([...ONE_RECORD, highWatermark(3, 0, 1, 'follower')]).breaches).toEqual([]);
  });

  test('[R4] an epoch written twice around a power cut explains a difference there, and nowhere else', () => {
    const again = [...ONE_RECORD, poweredOff(1), recovered(1, 0), registered(1), leads(1, 0, 0), appends(1, 0, 0, 777), highWatermark(1, 0, 1)];
    expect(watch([...again, highWatermark(3, 0, 1, 'follower')])).toEqual({ breaches: [], losses: ['power cut of a replica counted in sync from 0'] });
    const later = [
      ...again,
      elected(2, 1, [2, 3]),
      leads(2, 1, 1),
      appends(2, 1, 1),
      appends(3, 1, 1, 999, 'follower'),
      highWatermark(2, 1, 2),
      highWatermark(3, 1, 2, 'follower', 1),
    ];
    expect(watch(later).breaches).toEqual(['committed-prefix']);
  });
});

describe('logs that were cleaned', () => {
  const cleaned = (endOffset: number): Told => [
    'b1',
    { type: 'LogCleaned', ...on(1), endOffset, records: 1, kept: 1, tombstones: 0, bytesBefore: 70, bytesAfter: 70, segments: [0], cleanedSegments: [0] },
  ];

  test('[R4] what the cleaner has been through may come to a replica in other batches; what it has not may not', () => {
    const again = [appends(3, 0, 0, 999, 'follower'), highWatermark(3, 0, 1, 'follower')];
    const others = ONE_RECORD.filter(([host, event]) => host !== 'b3' || event.type !== 'RecordsAppended');
    expect(watch([...others, cleaned(1), ...again]).breaches).toEqual([]);
    expect(watch([...others, cleaned(0), ...again]).breaches).toEqual(['committed-prefix']);
  });

  test('[R5] an acknowledged record that was compacted or deleted away is no loss of a later leader', () => {
    const without = [...ONE_RECORD.filter(([host, event]) => host !== 'b3' || event.type !== 'RecordsAppended'), cleaned(1), acknowledged(0)];
    expect(watch([...without, elected(3, 1, [3]), leads(3, 1, 1)]).breaches).toEqual([]);
  });
});

describe('leaders and epochs', () => {
  test('[R1] two leaders in one epoch are a breach, as named and as played', () => {
    expect(watch([...ONE_RECORD, elected(2, 0, [1, 2, 3])]).breaches).toEqual(['one-leader-an-epoch']);
    expect(watch([...ONE_RECORD, leads(2, 0, 1)]).breaches).toEqual(['one-leader-an-epoch']);
    expect(watch([...ONE_RECORD, elected(-1, 1, [1]), elected(1, 2, [1])]).breaches).toEqual([]);
  });

  test('[R2] a controller epoch that does not rise, a leader epoch or a high watermark that falls are breaches', () => {
    const controller: Told = ['b1', { type: 'ControllerElected', brokerId: 1, controllerEpoch: 4 }];
    expect(watch([controller, controller]).breaches).toEqual(['epochs-never-go-back']);
    expect(watch([...ONE_RECORD, elected(2, 3, [2]), elected(3, 2, [3])]).breaches).toEqual(['epochs-never-go-back']);
    expect(watch([...ONE_RECORD, highWatermark(1, 0, 0, 'leader', 0)]).breaches).toEqual(['epochs-never-go-back']);
  });

  test('[R2] a deposed controller that hears late of its own election is no breach, unless its epoch is above the one of its successor', () => {
    const by = (controllerEpoch: number, leader: number, leaderEpoch: number): Told => {
      const [host, event] = elected(leader, leaderEpoch, [leader]);
      return [host, { ...event, controllerEpoch } as Told[1]];
    };
    expect(watch([by(2, 1, 3), by(1, 2, 2), by(2, 1, 3)]).breaches).toEqual([]);
    expect(watch([by(2, 1, 3), by(1, 2, 4)]).breaches).toEqual(['epochs-never-go-back']);
    expect(watch([by(2, 1, 3), by(2, 2, 2)]).breaches).toEqual(['epochs-never-go-back']);
  });

  test('[R3] an ISR that is empty, doubled, without its leader or beyond the replicas is a breach', () => {
    for (const isr of [[], [1, 1], [2, 3]]) expect(watch([elected(1, 0, isr)]).breaches).toContain('isr-within-replicas');
    expect(watch([elected(1, 0, [1, 4])]).breaches).toEqual(['isr-within-replicas']);
    expect(watch([elected(1, 0, [1, 3])]).breaches).toEqual([]);
  });
});

describe('consumers and ZooKeeper', () => {
  test('[R6] a consumer at or above the high watermark is a breach', () => {
    expect(watch([...ONE_RECORD, consumed(1, 1)]).breaches).toEqual([]);
    expect(watch([...ONE_RECORD, consumed(2, 1)]).breaches).toEqual(['consumers-below-high-watermark']);
    expect(watch([...ONE_RECORD, consumed(2, 2)]).breaches).toEqual(['consumers-below-high-watermark']);
  });

  test('[R7] servers that apply different things as one zxid, or lead one epoch together, are breaches; so is a zxid that falls', () => {
    const applied = (server: number, zxid: number, digest: number): Told => [
      `zk${server}`,
      { type: 'ZooKeeperTransactionApplied', server, zxid, kind: 'create', path: '/a', digest },
    ];
    const established = (server: number): Told => [`zk${server}`, { type: 'ZooKeeperLeaderEstablished', server, epoch: 2, followers: [] }];
    expect(watch([applied(1, 5, 7), applied(2, 5, 7)]).breaches).toEqual([]);
    expect(watch([applied(1, 5, 7), applied(2, 5, 8)]).breaches).toEqual(['zookeeper-agreement']);
    expect(watch([established(1), established(2)]).breaches).toEqual(['zookeeper-agreement']);
    expect(watch([applied(1, 5, 7), applied(1, 4, 7)]).breaches).toEqual(['epochs-never-go-back']);
  });
});
