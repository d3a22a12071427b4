import type { Scenario } from '../../engine/world/scenario.ts';
import { consumerOf, steadyProducer, threeBrokers } from './building-blocks.ts';

const FAILED_MS = 26_000;
const NEW_TOPIC_MS = 41_000;
const HEALED_MS = 51_000;
const STOPPED_MS = 53_000;
const END_MS = 84_000;

/** On broker 1, the first to be told, orders-0 and orders-2 come to lie in the first log dir, and orders-1 and orders-3 in the second. */
const onFirst = { topic: 'orders', partition: 0 } as const;
const onSecond = { topic: 'orders', partition: 1 } as const;

/** A broker with two log dirs loses one of its disks: it goes on with the other, and only what lay on the bad one moves. */
export const oneDiskOfTwo: Scenario = {
  format: 1,
  name: 'one-disk-of-two',
  title: { en: 'One disk of two', ko: '디스크 둘 중 하나가 고장 나면' },
  seed: 3,
  cluster: threeBrokers({
    brokerConfigs: { 'log.dirs': '/data-1,/data-2' },
    topics: [
      {
        topic: 'orders',
        partitionCount: 4,
        replicationFactor: 3,
        configs: { 'min.insync.replicas': '2' },
        assignment: { 0: [1, 2, 3], 1: [1, 3, 2], 2: [2, 3, 1], 3: [3, 1, 2] },
      },
    ],
    producers: [{ name: 'producer-1', config: steadyProducer(4) }],
    consumers: [{ name: 'consumer-1', config: consumerOf('orders') }],
  }),
  commands: [
    { atMs: FAILED_MS, command: { type: 'failDisk', machine: 'b1', dir: '/data-2' } },
    { atMs: NEW_TOPIC_MS, command: { type: 'createTopic', topic: 'later', partitionCount: 1, replicationFactor: 3 } },
    { atMs: HEALED_MS, command: { type: 'healDisk', machine: 'b1', dir: '/data-2' } },
    { atMs: STOPPED_MS, command: { type: 'stopProcess', machine: 'b1' } },
    { atMs: STOPPED_MS + 6000, command: { type: 'start', machine: 'b1' } },
  ],
  text: {
    en: [
      'Every broker has two disks here, each with a log directory: log.dirs=/data-1,/data-2. A new partition goes to the one with the fewest logs.',
      'Open the files of broker 1: orders-0 and orders-2 lie in one, orders-1 and orders-3 in the other.',
      'At 26 seconds the disk under /data-2 of broker 1 fails. With only one log directory the broker would halt. Now it takes the directory offline and writes a node under /log_dir_event_notification in ZooKeeper. The controller reads it, sends broker 1 LeaderAndIsr for everything it hosts, and learns from KAFKA_STORAGE_ERROR which replicas are gone: orders-1 gets another leader, and broker 1 leaves the ISR of orders-1 and orders-3.',
      'orders-0 never notices: broker 1 leads it on. A new topic comes to lie in /data-1.',
      'A disk that is healed is not looked at again before a restart. Then broker 1 finds what it had, catches up, and is back in every ISR.',
    ].join('\n\n'),
    ko: [
      '여기서는 브로커마다 디스크가 둘이고, 디스크마다 로그 디렉터리가 하나씩 있습니다: log.dirs=/data-1,/data-2. 새 파티션은 로그가 가장 적은 디렉터리로 갑니다.',
      '브로커 1의 파일을 열어 보세요. orders-0과 orders-2가 한쪽에, orders-1과 orders-3이 다른 쪽에 있습니다.',
      '26초에 브로커 1의 /data-2 아래 디스크가 고장 납니다. 로그 디렉터리가 하나뿐이었다면 브로커가 멈췄을 것입니다. 지금은 그 디렉터리만 오프라인으로 돌리고 ZooKeeper의 /log_dir_event_notification 아래에 노드를 만듭니다. 컨트롤러는 그것을 읽고 브로커 1이 맡은 모든 복제본에 대해 LeaderAndIsr를 보내, KAFKA_STORAGE_ERROR 응답으로 어느 복제본을 잃었는지 알아냅니다. orders-1은 새 리더를 얻고, 브로커 1은 orders-1과 orders-3의 ISR에서 빠집니다.',
      'orders-0은 아무 일도 겪지 않습니다. 계속 브로커 1이 리더입니다. 새 토픽은 /data-1에 놓입니다.',
      '고친 디스크는 브로커가 다시 시작하기 전까지는 다시 쓰이지 않습니다. 다시 시작하면 브로커 1은 남아 있던 로그를 찾아 따라잡고 모든 ISR로 돌아옵니다.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'leader', atMs: FAILED_MS, ...onSecond, leader: 1, leaderEpoch: 0 },
    { type: 'isr', atMs: FAILED_MS, ...onSecond, isr: [1, 3, 2] },
    {
      type: 'inOrder',
      sinceMs: FAILED_MS,
      atMs: NEW_TOPIC_MS,
      events: [
        { event: 'LogDirFailed', where: { brokerId: 1, dir: '/data-2', error: 'EIO' } },
        { event: 'LogDirFailureHandled', where: { brokerIds: [1] } },
        { event: 'LeaderElected', where: { ...onSecond, leader: 3, strategy: 'offline' } },
        { event: 'BecameLeader', where: { ...onSecond, brokerId: 3 } },
      ],
    },
    { type: 'process', atMs: NEW_TOPIC_MS, machine: 'b1', is: 'running' },
    { type: 'liveBrokers', atMs: NEW_TOPIC_MS, brokerIds: [1, 2, 3] },
    { type: 'isr', atMs: NEW_TOPIC_MS, ...onSecond, isr: [3, 2] },
    { type: 'isr', atMs: NEW_TOPIC_MS, topic: 'orders', partition: 3, isr: [3, 2] },
    { type: 'leader', atMs: NEW_TOPIC_MS, ...onFirst, leader: 1, leaderEpoch: 0 },
    { type: 'isr', atMs: NEW_TOPIC_MS, ...onFirst, isr: [1, 2, 3] },
    { type: 'acknowledged', sinceMs: FAILED_MS + 2000, atMs: NEW_TOPIC_MS, ...onFirst, acks: -1, atLeast: 3 },
    { type: 'acknowledged', sinceMs: FAILED_MS + 2000, atMs: NEW_TOPIC_MS, ...onSecond, acks: -1, atLeast: 3 },
    { type: 'replica', atMs: HEALED_MS, topic: 'later', partition: 0, brokerId: 1, role: 'follower' },
    { type: 'isr', atMs: STOPPED_MS, ...onSecond, isr: [3, 2] },
    { type: 'isr', atMs: END_MS, ...onSecond, isr: [3, 2, 1] },
    { type: 'traceCount', atMs: END_MS, event: 'LeaderElected', where: { strategy: 'unclean' }, atMost: 0 },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsFailed', atMost: 0 },
    { type: 'logsAgree', atMs: END_MS, ...onFirst },
    { type: 'logsAgree', atMs: END_MS, ...onSecond },
    { type: 'noAcknowledgedRecordLost', atMs: END_MS },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
