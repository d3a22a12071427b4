import { assert } from '../kernel/assert.ts';
import type { LinkTable, MachineProfile } from '../machine/contract.ts';

/**
 * A timing profile: every constant of the run that has to do with time. `kafka` is Kafka's defaults on sub-millisecond links;
 * `classroom` stretches links to hundreds of milliseconds and pulls the long time-outs down to seconds, so that one can watch.
 * A profile lists everything it changes, and is refused when the values do not fit one another.
 */
export interface TimingProfile {
  readonly name: 'classroom' | 'kafka';
  readonly machine: MachineProfile;
  readonly links: LinkTable;
  readonly zookeeper: ZooKeeperTiming;
  /** Kafka config names to values, for each kind of process, beside Kafka's defaults. */
  readonly brokerConfigs: Readonly<Record<string, string>>;
  readonly producerConfigs: Readonly<Record<string, string>>;
  readonly consumerConfigs: Readonly<Record<string, string>>;
  readonly adminConfigs: Readonly<Record<string, string>>;
}

export interface ZooKeeperTiming {
  readonly tickTime: number;
  readonly initLimit: number;
  readonly syncLimit: number;
  /** FastLeaderElection.finalizeWait, hard-coded 200 in ZooKeeper. */
  readonly finalizeWaitMs: number;
  /** FastLeaderElection's first and greatest notification time-out, hard-coded 200 and 60000. */
  readonly minNotificationMs: number;
  readonly maxNotificationMs: number;
}

const MEGABIT = 125_000;
const LAN_BYTES_PER_SECOND = 1000 * MEGABIT;

const KAFKA: TimingProfile = {
  name: 'kafka',
  machine: {
    processStartUs: 900_000,
    loopbackUs: 20,
    restartDelayUs: 5_000_000,
    tcpRetransmitUs: 200_000,
    tcpGreatestRetransmitUs: 5_000_000,
    tcpUserTimeoutUs: 900_000_000,
    deviceFlushUs: 2_000,
    deviceBytesPerSecond: 400_000_000,
    deviceSeekUs: 4_000,
    dirtyWritebackCentisecs: 500,
    dirtyExpireCentisecs: 3_000,
    dirtyBackgroundBytes: 0,
    dirtyBackgroundRatio: 10,
    dirtyBytes: 0,
    dirtyRatio: 20,
    memoryBytes: 8_589_934_592,
    readAheadKb: 128,
  },
  links: {
    zookeeperToZookeeper: { latencyUs: 500, jitterUs: 100, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    brokerToZookeeper: { latencyUs: 500, jitterUs: 100, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    brokerToBroker: { latencyUs: 500, jitterUs: 100, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    clientToBroker: { latencyUs: 500, jitterUs: 100, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
  },
  zookeeper: { tickTime: 2000, initLimit: 10, syncLimit: 5, finalizeWaitMs: 200, minNotificationMs: 200, maxNotificationMs: 60_000 },
  brokerConfigs: {},
  producerConfigs: {},
  consumerConfigs: {},
  adminConfigs: {},
};

const CLASSROOM: TimingProfile = {
  name: 'classroom',
  machine: {
    ...KAFKA.machine,
    processStartUs: 800_000,
    loopbackUs: 20_000,
    restartDelayUs: 2_000_000,
    tcpRetransmitUs: 500_000,
    tcpGreatestRetransmitUs: 2_000_000,
    tcpUserTimeoutUs: 60_000_000,
    deviceFlushUs: 30_000,
    deviceBytesPerSecond: 50_000_000,
    deviceSeekUs: 80_000,
    dirtyWritebackCentisecs: 200,
    dirtyExpireCentisecs: 600,
    // Little enough that a busy producer is seen to reach them.
    dirtyBackgroundBytes: 256 * 1024,
    dirtyBytes: 1024 * 1024,
    readAheadKb: 16,
  },
  links: {
    zookeeperToZookeeper: { latencyUs: 120_000, jitterUs: 10_000, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    brokerToZookeeper: { latencyUs: 160_000, jitterUs: 20_000, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    brokerToBroker: { latencyUs: 300_000, jitterUs: 40_000, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
    clientToBroker: { latencyUs: 350_000, jitterUs: 40_000, lossPerMillion: 0, bytesPerSecond: LAN_BYTES_PER_SECOND },
  },
  zookeeper: { tickTime: 1000, initLimit: 10, syncLimit: 5, finalizeWaitMs: 600, minNotificationMs: 800, maxNotificationMs: 4_000 },
  brokerConfigs: {
    'zookeeper.session.timeout.ms': '6000',
    'replica.lag.time.max.ms': '6000',
    'replica.fetch.wait.max.ms': '1500',
    'replica.fetch.backoff.ms': '1000',
    'replica.high.watermark.checkpoint.interval.ms': '5000',
    'log.flush.offset.checkpoint.interval.ms': '15000',
    'log.flush.start.offset.checkpoint.interval.ms': '15000',
    'log.initial.task.delay.ms': '5000',
    'log.retention.check.interval.ms': '5000',
    'log.segment.delete.delay.ms': '6000',
    'log.cleaner.backoff.ms': '4000',
    'log.cleaner.delete.retention.ms': '20000',
    'controlled.shutdown.retry.backoff.ms': '2000',
    'offsets.topic.num.partitions': '5',
    'transaction.state.log.num.partitions': '5',
    'auto.leader.rebalance.enable': 'false',
  },
  producerConfigs: {
    'linger.ms': '400',
    'request.timeout.ms': '8000',
    'delivery.timeout.ms': '40000',
    'retry.backoff.ms': '500',
    'retry.backoff.max.ms': '2000',
  },
  consumerConfigs: { 'fetch.max.wait.ms': '1500', 'request.timeout.ms': '8000', 'retry.backoff.ms': '500', 'retry.backoff.max.ms': '2000' },
  adminConfigs: { 'request.timeout.ms': '8000', 'retry.backoff.ms': '500' },
};

/** The profile of that name, checked. */
export function timingProfile(name: 'classroom' | 'kafka'): TimingProfile {
  const profile = name === 'kafka' ? KAFKA : CLASSROOM;
  const problems = profileProblems(profile);
  assert(problems.length === 0, `a timing profile that fits: ${problems.join('; ')}`);
  return profile;
}

/** What does not fit in a profile: time-outs against round trips, ticks and Kafka's own limits. Empty when all fits. */
export function profileProblems(profile: TimingProfile): string[] {
  const problems: string[] = [];
  const roundTripMs = (link: { latencyUs: number; jitterUs: number }): number => (2 * (link.latencyUs + link.jitterUs)) / 1000;
  const { links, zookeeper } = profile;
  const broker = (key: string, kafkaDefault: number): number => Number(profile.brokerConfigs[key] ?? kafkaDefault);
  const demand = (holds: boolean, text: string): void => {
    if (!holds) problems.push(text);
  };
  const sessionMs = broker('zookeeper.session.timeout.ms', 18_000);
  const lagMs = broker('replica.lag.time.max.ms', 30_000);
  const fetchWaitMs = broker('replica.fetch.wait.max.ms', 500);
  demand(sessionMs >= 2 * zookeeper.tickTime && sessionMs <= 20 * zookeeper.tickTime, 'zookeeper.session.timeout.ms within 2 to 20 ticks');
  demand(sessionMs / 3 > roundTripMs(links.brokerToZookeeper) * 2, 'a third of the session time-out above two round trips to ZooKeeper');
  demand(zookeeper.syncLimit * zookeeper.tickTime > 3 * roundTripMs(links.zookeeperToZookeeper), 'syncLimit above three round trips of the ensemble');
  demand(
    zookeeper.finalizeWaitMs > 2 * roundTripMs(links.zookeeperToZookeeper) || roundTripMs(links.zookeeperToZookeeper) < 10,
    'finalizeWait above two round trips of the ensemble',
  );
  demand(profile.machine.dirtyWritebackCentisecs <= profile.machine.dirtyExpireCentisecs, 'dirty_writeback_centisecs at most dirty_expire_centisecs');
  demand(fetchWaitMs <= lagMs, 'replica.fetch.wait.max.ms at most replica.lag.time.max.ms');
  demand(lagMs > 2 * (fetchWaitMs + roundTripMs(links.brokerToBroker)), 'replica.lag.time.max.ms above two fetch rounds');
  for (const [kind, configs] of [
    ['producer', profile.producerConfigs],
    ['consumer', profile.consumerConfigs],
  ] as const) {
    const requestMs = Number(configs['request.timeout.ms'] ?? 30_000);
    demand(requestMs > 3 * roundTripMs(links.clientToBroker), `${kind} request.timeout.ms above three round trips`);
  }
  const lingerMs = Number(profile.producerConfigs['linger.ms'] ?? 0);
  const requestMs = Number(profile.producerConfigs['request.timeout.ms'] ?? 30_000);
  const deliveryMs = Number(profile.producerConfigs['delivery.timeout.ms'] ?? 120_000);
  demand(deliveryMs >= lingerMs + requestMs, 'delivery.timeout.ms at least linger.ms + request.timeout.ms');
  return problems;
}
