import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, producerByHand, threeBrokers } from './building-blocks.ts';

const LOST_MS = 30_000;
const BROKER_KILLED_MS = 42_000;
const MAJORITY_MS = 64_000;
const BROKER_BACK_MS = 92_000;
const END_MS = 117_000;

const orders0 = { topic: 'orders', partition: 0 } as const;

function send(atMs: number, partition: number, value: string): TimedCommand {
  return { atMs, command: { type: 'produce', client: 'producer-1', topic: 'orders', partition, key: null, value } };
}

/** Two of three ZooKeeper servers gone: data flows on, decisions stop. The recorded timeline of the same name in classroom timing. */
export const zookeeperMajority: Scenario = {
  format: 1,
  name: 'zookeeper-majority',
  title: { en: 'ZooKeeper without a majority', ko: '과반수를 잃은 ZooKeeper' },
  seed: 4,
  cluster: threeBrokers({
    topics: [ordersTopic(2)],
    producers: [{ name: 'producer-1', config: producerByHand('orders', { acks: 'all' }) }],
    consumers: [{ name: 'consumer-1', config: consumerOf('orders') }],
  }),
  commands: [
    send(24_000, 0, 'a0'),
    send(24_500, 1, 'a0'),
    { atMs: LOST_MS, command: { type: 'killProcess', machine: 'zk1' } },
    { atMs: LOST_MS, command: { type: 'killProcess', machine: 'zk2' } },
    send(LOST_MS + 4000, 0, 'while-no-quorum'),
    { atMs: BROKER_KILLED_MS, command: { type: 'killProcess', machine: 'b1' } },
    { atMs: MAJORITY_MS, command: { type: 'start', machine: 'zk1' } },
    { atMs: MAJORITY_MS, command: { type: 'start', machine: 'zk2' } },
    send(MAJORITY_MS + 23_000, 0, 'after-quorum'),
    { atMs: BROKER_BACK_MS, command: { type: 'start', machine: 'b1' } },
  ],
  text: {
    en: [
      'Two of the three ZooKeeper servers are killed. The one that is left has no majority and serves nobody.',
      'Records flow on all the same: brokers know who leads and do not ask ZooKeeper for each record. A record sent now is committed and read.',
      'But nothing can be decided. When broker 1 is killed too, orders-0 has no leader that lives, and nobody can elect one: sessions cannot even expire.',
      'A majority comes back. The session of broker 1 runs out, the controller elects broker 2, and what was acknowledged is all there.',
    ].join('\n\n'),
    ko: [
      'ZooKeeper 서버 셋 가운데 둘이 죽습니다. 남은 하나는 과반수가 아니므로 아무에게도 응답하지 않습니다.',
      '그래도 레코드는 계속 흐릅니다. 브로커는 누가 리더인지 알고 있고, 레코드마다 ZooKeeper에 묻지 않습니다. 지금 보낸 레코드도 커밋되고 읽힙니다.',
      '하지만 아무것도 결정할 수 없습니다. 브로커 1까지 죽으면 orders-0에는 살아 있는 리더가 없고, 아무도 새 리더를 뽑지 못합니다. 세션이 만료되지도 못합니다.',
      '과반수가 돌아옵니다. 브로커 1의 세션이 끝나고, 컨트롤러가 브로커 2를 리더로 뽑습니다. 승인된 레코드는 모두 그대로 있습니다.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'zooKeeperQuorum', atMs: LOST_MS, holds: true },
    { type: 'zooKeeperQuorum', atMs: LOST_MS + 4000, holds: false },
    // Records flow on.
    {
      type: 'traceCount',
      sinceMs: LOST_MS + 4000,
      atMs: BROKER_KILLED_MS,
      event: 'RecordsAcknowledged',
      where: { ...orders0, acks: -1, values: 'while-no-quorum' },
      atLeast: 1,
      atMost: 1,
    },
    { type: 'consumed', atMs: BROKER_KILLED_MS, ...orders0, client: 'consumer-1', atLeast: 2, atMost: 2 },
    // Nothing is decided: the leader is dead, and all that ZooKeeper knows is as it was.
    { type: 'zooKeeperQuorum', atMs: MAJORITY_MS, holds: false },
    { type: 'process', atMs: MAJORITY_MS, machine: 'b1', is: 'killed' },
    { type: 'leader', atMs: MAJORITY_MS, ...orders0, leader: 1, leaderEpoch: 0 },
    { type: 'isr', atMs: MAJORITY_MS, ...orders0, isr: [1, 2, 3] },
    { type: 'liveBrokers', atMs: MAJORITY_MS, brokerIds: [1, 2, 3] },
    { type: 'traceCount', sinceMs: LOST_MS + 1000, atMs: MAJORITY_MS, event: 'ZooKeeperSessionClosed', atMost: 0 },
    { type: 'traceCount', sinceMs: LOST_MS + 1000, atMs: MAJORITY_MS, event: 'ZooKeeperTransactionApplied', atMost: 0 },
    { type: 'traceCount', sinceMs: LOST_MS + 1000, atMs: MAJORITY_MS, event: 'LeaderElected', atMost: 0 },
    { type: 'traceCount', sinceMs: LOST_MS + 1000, atMs: MAJORITY_MS, event: 'ControllerElected', atMost: 0 },
    {
      type: 'inOrder',
      sinceMs: LOST_MS,
      atMs: MAJORITY_MS + 20_000,
      events: [
        { event: 'ZooKeeperQuorumLost' },
        { event: 'ProcessKilled', where: { host: 'b1' } },
        { event: 'ZooKeeperLeaderEstablished' },
        { event: 'ZooKeeperSessionClosed', where: { expired: true, ephemerals: '/brokers/ids/1' } },
        { event: 'LeaderElected', where: { ...orders0, leader: 2, strategy: 'offline' } },
      ],
    },
    { type: 'zooKeeperQuorum', atMs: MAJORITY_MS + 20_000, holds: true },
    { type: 'leader', atMs: MAJORITY_MS + 20_000, ...orders0, leader: 2 },
    { type: 'isr', atMs: MAJORITY_MS + 20_000, ...orders0, isr: [2, 3] },
    { type: 'liveBrokers', atMs: MAJORITY_MS + 20_000, brokerIds: [2, 3] },
    { type: 'isr', atMs: END_MS, ...orders0, isr: [2, 3, 1] },
    { type: 'isr', atMs: END_MS, topic: 'orders', partition: 1, isr: [2, 3, 1] },
    { type: 'logEquals', atMs: END_MS, ...orders0, records: ['a0', 'while-no-quorum', 'after-quorum'] },
    { type: 'logsAgree', atMs: END_MS, topic: 'orders', partition: 1 },
    { type: 'noAcknowledgedRecordLost', atMs: END_MS },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
