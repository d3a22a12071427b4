import type { Scenario } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, steadyProducer, threeBrokers } from './building-blocks.ts';

const KILLED_MS = 26_000;
const BACK_MS = 46_000;
const PREFERRED_MS = 66_000;
const END_MS = 80_000;

const orders0 = { topic: 'orders', partition: 0 } as const;

/** SIGKILL to the leader of orders-0, its return as a follower, and the preferred election that gives leadership back. */
export const killTheLeader: Scenario = {
  format: 1,
  name: 'kill-the-leader',
  title: { en: 'Kill the leader', ko: '리더를 죽이면' },
  seed: 2,
  cluster: threeBrokers({
    topics: [ordersTopic(3)],
    producers: [{ name: 'producer-1', config: steadyProducer(4) }],
    consumers: [{ name: 'consumer-1', config: consumerOf('orders') }],
  }),
  commands: [
    { atMs: KILLED_MS, command: { type: 'killProcess', machine: 'b1' } },
    { atMs: BACK_MS, command: { type: 'start', machine: 'b1' } },
    { atMs: PREFERRED_MS, command: { type: 'electLeaders', electionType: 'PREFERRED', topic: 'orders', partition: 0 } },
  ],
  text: {
    en: [
      'Broker 1 leads orders-0. At 26 seconds its process is killed: it has no time to say goodbye.',
      'Nobody is told. The controller learns of it only when ZooKeeper expires the session of broker 1 and its node under /brokers/ids goes. Until then records for orders-0 wait in the producer, and those for the other partitions wait at their leaders: broker 1 is still in their ISR, and acks=all means all of it.',
      'Then broker 2, next in the ISR, leads with leader epoch 1. What was acknowledged is still there: every in-sync replica had it.',
      'Broker 1 comes back as a follower. It says which epoch its log ended in; had it more of epoch 0 than the new leader, it would have to cut that off. It catches up and joins the ISR again, and leads again only after a preferred election.',
    ].join('\n\n'),
    ko: [
      '브로커 1이 orders-0의 리더입니다. 26초에 프로세스가 강제로 종료됩니다. 작별 인사를 할 틈도 없습니다.',
      '아무도 소식을 듣지 못합니다. ZooKeeper가 브로커 1의 세션을 만료시켜 /brokers/ids 아래의 노드가 사라져야 컨트롤러가 알게 됩니다. 그때까지 orders-0으로 갈 레코드는 프로듀서 안에서 기다리고, 다른 파티션의 레코드도 리더에서 승인을 기다립니다. 브로커 1이 아직 ISR에 있고, acks=all은 ISR 전체를 뜻하기 때문입니다.',
      '그 뒤 ISR의 다음 차례인 브로커 2가 리더 에포크 1로 이끕니다. 승인된 레코드는 그대로 있습니다. 동기화된 모든 복제본이 가지고 있었으니까요.',
      '브로커 1은 팔로워로 돌아와 자기 로그가 어느 에포크에서 끝났는지 알립니다. 에포크 0의 레코드가 새 리더보다 많았다면 그만큼 잘라 내야 했을 것입니다. 따라잡은 뒤 다시 ISR에 들어오고, 선호 리더 선출이 있어야 다시 리더가 됩니다.',
    ].join('\n\n'),
  },
  claims: [
    // The lesson needs a controller that lives on, whoever it is. Should broker 1 be elected one day, another seed will do.
    { type: 'controller', atMs: END_MS, epoch: 1 },
    { type: 'leader', atMs: KILLED_MS, ...orders0, leader: 1, leaderEpoch: 0 },
    { type: 'isr', atMs: KILLED_MS, ...orders0, isr: [1, 2, 3] },
    // Dead, and nobody knows: registered, leader, in the ISR.
    { type: 'process', atMs: KILLED_MS + 3000, machine: 'b1', is: 'killed' },
    { type: 'liveBrokers', atMs: KILLED_MS + 3000, brokerIds: [1, 2, 3] },
    { type: 'leader', atMs: KILLED_MS + 3000, ...orders0, leader: 1, leaderEpoch: 0 },
    { type: 'acknowledged', sinceMs: KILLED_MS + 1500, atMs: KILLED_MS + 4000, topic: 'orders', atMost: 0 },
    {
      type: 'inOrder',
      sinceMs: KILLED_MS,
      atMs: BACK_MS,
      events: [
        { event: 'ProcessKilled', where: { host: 'b1' } },
        { event: 'ZooKeeperSessionClosed', where: { expired: true, ephemerals: '/brokers/ids/1' } },
        { event: 'BrokerFailureHandled', where: { brokerIds: [1] } },
        { event: 'LeaderElected', where: { ...orders0, leader: 2, strategy: 'offline' } },
        { event: 'BecameLeader', where: { ...orders0, brokerId: 2 } },
        { event: 'RecordsAcknowledged', where: { ...orders0, acks: -1 } },
      ],
    },
    { type: 'leader', atMs: BACK_MS, ...orders0, leader: 2, leaderEpoch: 1 },
    { type: 'isr', atMs: BACK_MS, ...orders0, isr: [2, 3] },
    { type: 'liveBrokers', atMs: BACK_MS, brokerIds: [2, 3] },
    { type: 'acknowledged', sinceMs: KILLED_MS + 10_000, atMs: BACK_MS, ...orders0, acks: -1, atLeast: 5 },
    { type: 'isr', atMs: PREFERRED_MS, ...orders0, isr: [2, 3, 1] },
    { type: 'leader', atMs: PREFERRED_MS, ...orders0, leader: 2, leaderEpoch: 1 },
    { type: 'replica', atMs: PREFERRED_MS, ...orders0, brokerId: 1, role: 'follower', leader: 2, leaderEpoch: 1 },
    { type: 'leader', atMs: END_MS, ...orders0, leader: 1, leaderEpoch: 2 },
    { type: 'traceCount', atMs: END_MS, event: 'LeaderElected', where: { strategy: 'unclean' }, atMost: 0 },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsFailed', atMost: 0 },
    { type: 'logsAgree', atMs: END_MS, topic: 'orders', partition: 0 },
    { type: 'logsAgree', atMs: END_MS, topic: 'orders', partition: 1 },
    { type: 'logsAgree', atMs: END_MS, topic: 'orders', partition: 2 },
    { type: 'noAcknowledgedRecordLost', atMs: END_MS },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
