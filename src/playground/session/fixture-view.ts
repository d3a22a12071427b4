import { emptyTree } from '../../engine/kernel/files.ts';
import { emptyDisk } from '../../engine/machine/disk-state.ts';
import {
  EMPTY_VIEW,
  type BrokerView,
  type ConsumerView,
  type EpochSpan,
  type InvariantView,
  type PartitionView,
  type ProducerView,
  type ReplicaView,
  type View,
} from '../../projection/view.ts';
import { CABLE_CUT, EVENTS, KILLED } from './fixture-events.ts';

/** Which prepared picture to show. */
export type FixtureScene = 'failover' | 'zombie' | 'many' | 'loading' | 'failed' | 'memory';

export const FIXTURE_NOW_US = 24_310_000;

/** Epochs of orders-0: 1 from offset 0, 2 from 6, 3 from 12, 4 from 17. */
const EPOCHS_TO_3: readonly EpochSpan[] = [
  { epoch: 1, startOffset: 0 },
  { epoch: 2, startOffset: 6 },
  { epoch: 3, startOffset: 12 },
];
const EPOCHS_TO_4: readonly EpochSpan[] = [...EPOCHS_TO_3, { epoch: 4, startOffset: 17 }];

interface Row {
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  readonly replicas: readonly number[];
  readonly ends: Readonly<Record<number, readonly [leo: number, hw: number, flushed: number]>>;
  readonly epochs: readonly EpochSpan[];
}

/** Partitions beside the one in focus. */
const OTHERS: Readonly<Record<string, Row>> = {
  'orders-1': {
    leader: 3,
    leaderEpoch: 2,
    isr: [3, 2],
    replicas: [2, 3, 1],
    epochs: [{ epoch: 2, startOffset: 0 }],
    ends: { 1: [13, 13, 10], 2: [14, 14, 12], 3: [14, 14, 12] },
  },
  'orders-2': {
    leader: 2,
    leaderEpoch: 1,
    isr: [2, 3],
    replicas: [2, 3, 1],
    epochs: [{ epoch: 1, startOffset: 0 }],
    ends: { 1: [11, 11, 11], 2: [12, 11, 11], 3: [11, 11, 11] },
  },
  'payments-0': {
    leader: 3,
    leaderEpoch: 2,
    isr: [3, 2],
    replicas: [3, 2, 1],
    epochs: [
      { epoch: 1, startOffset: 0 },
      { epoch: 2, startOffset: 5 },
    ],
    ends: { 1: [8, 8, 6], 2: [9, 9, 8], 3: [11, 9, 8] },
  },
  'payments-1': {
    leader: 2,
    leaderEpoch: 3,
    isr: [2, 3],
    replicas: [1, 2, 3],
    epochs: [
      { epoch: 1, startOffset: 0 },
      { epoch: 3, startOffset: 9 },
    ],
    ends: { 1: [15, 15, 9], 2: [19, 17, 12], 3: [17, 17, 12] },
  },
  'audit-0': { leader: 3, leaderEpoch: 1, isr: [3], replicas: [3, 1], epochs: [{ epoch: 1, startOffset: 0 }], ends: { 1: [5, 5, 5], 3: [5, 5, 5] } },
};

const INVARIANT_IDS = [
  'one-leader-an-epoch',
  'epochs-never-go-back',
  'isr-within-replicas',
  'committed-prefix',
  'acknowledged-records',
  'consumers-below-high-watermark',
  'zookeeper-agreement',
];
const INVARIANTS: readonly InvariantView[] = INVARIANT_IDS.map((id) => ({ id, holds: true, detail: '', brokenAtUs: null }));

/** A prepared picture: broker 1 led orders-0 until it was killed, or cut off; broker 2 leads now and broker 3 does not know yet. */
export function fixtureView(scene: FixtureScene, elapsedUs: number): View {
  const zombie = scene === 'zombie';
  const arrived = Math.floor(elapsedUs / 1_500_000);
  const told = elapsedUs >= 120_000;
  const events = [...EVENTS, ...(zombie ? CABLE_CUT : KILLED)].map(([atMs, host, event], id) => ({ id, atUs: atMs * 1000, host, event }));
  const view: View = {
    ...EMPTY_VIEW,
    nowUs: FIXTURE_NOW_US + elapsedUs,
    run: {
      scenario: 'fixture',
      title: { en: 'Leader failover', ko: '리더 장애 조치' },
      facts: 'acks=all, min.insync.replicas=2',
      mode: 'zookeeper',
      timing: 'classroom',
      seed: 7,
      text: { en: '', ko: '' },
    },
    ensemble: {
      inQuorumCount: 3,
      servers: [1, 2, 3].map((serverId) => ({
        host: `zk${serverId}`,
        serverId,
        process: 'running' as const,
        role: serverId === 1 ? ('leading' as const) : ('following' as const),
        epoch: 1,
        lastZxid: 4294967338,
      })),
    },
    truth: { known: true, controller: 2, controllerEpoch: 5, liveBrokers: [2, 3] },
    topics: [
      { topic: 'orders', partitionCount: 3, internal: false, configs: { 'min.insync.replicas': '2' } },
      { topic: 'payments', partitionCount: 2, internal: false, configs: {} },
      { topic: 'audit', partitionCount: 1, internal: false, configs: {} },
    ],
    partitions: partitionRows(),
    brokers: [
      brokerOne(zombie),
      broker({ brokerId: 2, rack: 'b', isController: true, arrived, told }),
      broker({ brokerId: 3, rack: 'c', isController: false, arrived, told }),
    ],
    producers: producers(zombie, arrived),
    consumers: consumers(arrived),
    admins: [],
    links: [
      { a: 'b1', b: 'b2', cut: 'both', slow: false },
      ...(zombie ? [1, 2, 3].map((id) => ({ a: `zk${id}`, b: 'b1', cut: 'both' as const, slow: false })) : []),
    ],
    events,
    invariants: INVARIANTS,
    configs: [
      { of: 'broker', name: 'zookeeper.session.timeout.ms', value: '6000', kafkaDefault: '18000', source: 'timing' },
      { of: 'broker', name: 'replica.lag.time.max.ms', value: '6000', kafkaDefault: '30000', source: 'timing' },
      { of: 'broker', name: 'unclean.leader.election.enable', value: 'false', kafkaDefault: 'false', source: 'kafka' },
      { of: 'topic orders', name: 'min.insync.replicas', value: '2', kafkaDefault: '1', source: 'scenario' },
    ],
  };
  return scene === 'many' ? withMoreBrokers(view) : view;
}

function partitionRows(): PartitionView[] {
  const first: PartitionView = {
    key: 'orders-0',
    topic: 'orders',
    partition: 0,
    replicas: [1, 2, 3],
    adding: [],
    removing: [],
    leader: 2,
    leaderEpoch: 4,
    isr: [2, 3],
    partitionEpoch: 6,
  };
  return [
    first,
    ...Object.entries(OTHERS).map(([key, row]) => ({
      ...nameOf(key),
      key,
      replicas: row.replicas,
      adding: [],
      removing: [],
      leader: row.leader,
      leaderEpoch: row.leaderEpoch,
      isr: row.isr,
      partitionEpoch: 3,
    })),
  ];
}

function nameOf(key: string): { topic: string; partition: number } {
  const dash = key.lastIndexOf('-');
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}

function otherReplicas(brokerId: number, stale: boolean): ReplicaView[] {
  const rows: ReplicaView[] = [];
  for (const [key, row] of Object.entries(OTHERS)) {
    const ends = row.ends[brokerId];
    if (ends === undefined) continue;
    const leads = row.leader === brokerId;
    rows.push({
      key,
      role: leads ? 'leader' : 'follower',
      leaderEpoch: row.leaderEpoch,
      leader: row.leader,
      isr: stale ? [1, 2, 3] : row.isr,
      logStartOffset: 0,
      highWatermark: ends[1],
      logEndOffset: ends[0],
      flushedOffset: ends[2],
      epochs: row.epochs,
      divergedFrom: null,
      followers: [],
    });
  }
  return rows;
}

function brokerOne(zombie: boolean): BrokerView {
  const first: ReplicaView = {
    key: 'orders-0',
    role: 'leader',
    leaderEpoch: 3,
    leader: 1,
    isr: [1, 2, 3],
    logStartOffset: 0,
    highWatermark: 16,
    logEndOffset: 18,
    flushedOffset: 12,
    epochs: EPOCHS_TO_3,
    divergedFrom: 17,
    followers: [
      { brokerId: 2, logEndOffset: 17, lastCaughtUpUs: 20_000_000 },
      { brokerId: 3, logEndOffset: 16, lastCaughtUpUs: 20_000_000 },
    ],
  };
  return {
    host: 'b1',
    brokerId: 1,
    rack: 'a',
    process: zombie ? 'running' : 'killed',
    processSinceUs: zombie ? 0 : 20_200_000,
    recovering: false,
    isController: false,
    session: zombie ? 'expired' : 'none',
    disk: diskWith(3174, 1229),
    logDirs: ['/tmp/kafka-logs'],
    replicas: [first, ...otherReplicas(1, true)],
  };
}

function broker(input: { brokerId: number; rack: string; isController: boolean; arrived: number; told: boolean }): BrokerView {
  const leads = input.brokerId === 2;
  const end = leads ? 20 + input.arrived : Math.min(20 + input.arrived, input.told ? 19 + input.arrived : 17);
  const highWatermark = input.told && input.arrived > 0 ? 17 + input.arrived : 16;
  const first: ReplicaView = leads
    ? {
        key: 'orders-0',
        role: 'leader',
        leaderEpoch: 4,
        leader: 2,
        isr: [2, 3],
        logStartOffset: 0,
        highWatermark,
        logEndOffset: end,
        flushedOffset: 14,
        epochs: EPOCHS_TO_4,
        divergedFrom: null,
        followers: [{ brokerId: 3, logEndOffset: input.arrived > 0 ? 17 + input.arrived : null, lastCaughtUpUs: 23_980_000 }],
      }
    : {
        key: 'orders-0',
        role: 'follower',
        leaderEpoch: input.told ? 4 : 3,
        leader: input.told ? 2 : 1,
        isr: [1, 2, 3],
        logStartOffset: 0,
        highWatermark: Math.min(end, highWatermark),
        logEndOffset: end,
        flushedOffset: 14,
        epochs: input.told ? EPOCHS_TO_4 : EPOCHS_TO_3,
        divergedFrom: null,
        followers: [],
      };
  return {
    host: `b${input.brokerId}`,
    brokerId: input.brokerId,
    rack: input.rack,
    process: 'running',
    processSinceUs: 0,
    recovering: false,
    isController: input.isController,
    session: 'connected',
    disk: leads ? diskWith(3482, 640) : diskWith(3277, 384),
    logDirs: ['/tmp/kafka-logs'],
    replicas: [first, ...otherReplicas(input.brokerId, false)],
  };
}

function producers(zombie: boolean, arrived: number): ProducerView[] {
  const base = { process: 'running' as const, idempotent: true, maxInFlightPerConnection: 5, acknowledgedCount: 57 + arrived, failedCount: 0, lastError: null };
  return [
    {
      ...base,
      host: 'producer-1',
      name: 'producer-1',
      acks: -1,
      topic: 'orders',
      inFlightCount: 2,
      compression: null,
      waitingRecordCount: 3,
      leaders: [{ key: 'orders-0', leader: zombie ? 1 : 2, leaderEpoch: zombie ? 3 : 4 }],
    },
    {
      ...base,
      host: 'producer-2',
      name: 'producer-2',
      acks: 1,
      topic: 'payments',
      inFlightCount: 1,
      compression: null,
      waitingRecordCount: 1,
      leaders: [{ key: 'payments-0', leader: 3, leaderEpoch: 2 }],
    },
  ];
}

function consumers(arrived: number): ConsumerView[] {
  const base = { process: 'running' as const, group: null, consumedCount: 16, lastError: null };
  return [
    {
      ...base,
      host: 'consumer-1',
      name: 'consumer-1',
      positions: [
        { key: 'orders-0', position: 16 + arrived, highWatermark: 16 + arrived, leader: 2 },
        { key: 'orders-1', position: 14, highWatermark: 14, leader: 3 },
      ],
    },
    {
      ...base,
      host: 'consumer-2',
      name: 'consumer-2',
      positions: [
        { key: 'payments-0', position: 7, highWatermark: 9, leader: 3 },
        { key: 'payments-1', position: 17, highWatermark: 17, leader: 2 },
      ],
    },
    { ...base, host: 'consumer-3', name: 'consumer-3', positions: [{ key: 'orders-0', position: 12, highWatermark: 16, leader: 2 }] },
  ];
}

/** Seven brokers, five ZooKeeper servers and a topic of many partitions: the layout at its fullest. */
function withMoreBrokers(view: View): View {
  const partitions = Array.from({ length: 24 }, (_, partition): PartitionView => ({
    key: `clicks-${partition}`,
    topic: 'clicks',
    partition,
    replicas: [1, 2, 3].map((i) => ((partition + i) % 7) + 1),
    adding: [],
    removing: [],
    leader: ((partition + 1) % 7) + 1,
    leaderEpoch: 1,
    isr: [1, 2, 3].map((i) => ((partition + i) % 7) + 1),
    partitionEpoch: 1,
  }));
  const replicasOf = (brokerId: number): ReplicaView[] =>
    partitions
      .filter((row) => row.replicas.includes(brokerId))
      .map((row) => ({
        key: row.key,
        role: row.leader === brokerId ? 'leader' : 'follower',
        leaderEpoch: 1,
        leader: row.leader ?? -1,
        isr: row.isr,
        logStartOffset: 0,
        highWatermark: 5 + (row.partition % 6),
        logEndOffset: 6 + (row.partition % 6),
        flushedOffset: 4,
        epochs: [{ epoch: 1, startOffset: 0 }],
        divergedFrom: null,
        followers: [],
      }));
  const extra = [4, 5, 6, 7].map((brokerId): BrokerView => ({
    host: `b${brokerId}`,
    brokerId,
    rack: 'abc'[(brokerId - 1) % 3] ?? null,
    process: 'running',
    processSinceUs: 0,
    recovering: false,
    isController: false,
    session: 'connected',
    disk: diskWith(2048, 512),
    logDirs: ['/tmp/kafka-logs'],
    replicas: replicasOf(brokerId),
  }));
  return {
    ...view,
    truth: { ...view.truth, liveBrokers: [2, 3, 4, 5, 6, 7] },
    ensemble: {
      inQuorumCount: 5,
      servers: [1, 2, 3, 4, 5].map((serverId) => ({
        host: `zk${serverId}`,
        serverId,
        process: 'running' as const,
        role: serverId === 1 ? ('leading' as const) : ('following' as const),
        epoch: 1,
        lastZxid: 1,
      })),
    },
    partitions: [...view.partitions, ...partitions],
    brokers: [...view.brokers.map((row) => ({ ...row, replicas: [...row.replicas, ...replicasOf(row.brokerId)] })), ...extra],
  };
}

function diskWith(flushedBytes: number, dirtyBytes: number): BrokerView['disk'] {
  return { flushedBytes, dirtyBytes, counters: emptyDisk(emptyTree()).counters, faults: null };
}
