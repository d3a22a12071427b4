import type { Scenario } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, steadyProducer, threeBrokers } from './building-blocks.ts';

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
    { atMs: 18_000, command: { type: 'killProcess', machine: 'b1' } },
    { atMs: 38_000, command: { type: 'start', machine: 'b1' } },
    { atMs: 58_000, command: { type: 'electLeaders', electionType: 'PREFERRED', topic: 'orders', partition: 0 } },
  ],
  text: {
    en: [
      'Broker 1 leads orders-0. At 18 seconds its process is killed: it has no time to say goodbye.',
      'Nobody is told. The controller learns of it only when ZooKeeper expires the session of broker 1 and its node under /brokers/ids goes. Until then records for orders-0 wait in the producer.',
      'Then broker 2, next in the ISR, leads with leader epoch 1. What was acknowledged is still there: every in-sync replica had it.',
      'Broker 1 comes back, asks where epoch 0 ended, cuts off what went beyond, catches up and joins the ISR again. It leads again only after a preferred election.',
    ].join('\n\n'),
    ko: [
      '브로커 1이 orders-0의 리더입니다. 18초에 프로세스가 죽습니다. 작별 인사를 할 틈도 없습니다.',
      '아무도 소식을 듣지 못합니다. ZooKeeper가 브로커 1의 세션을 만료시켜 /brokers/ids 아래의 노드가 사라져야 컨트롤러가 알게 됩니다. 그때까지 orders-0으로 갈 레코드는 프로듀서 안에서 기다립니다.',
      '그 뒤 ISR의 다음 차례인 브로커 2가 리더 에포크 1로 이끕니다. 승인된 레코드는 그대로 있습니다. 동기화된 모든 복제본이 가지고 있었으니까요.',
      '브로커 1은 돌아와서 에포크 0이 어디서 끝났는지 묻고, 그 너머를 잘라 내고, 따라잡은 뒤 다시 ISR에 들어옵니다. 선호 리더 선출이 있어야 다시 리더가 됩니다.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'leader', atMs: 17_000, topic: 'orders', partition: 0, leader: 1, leaderEpoch: 0 },
    { type: 'leader', atMs: 36_000, topic: 'orders', partition: 0, leader: 2, leaderEpoch: 1 },
    { type: 'isr', atMs: 36_000, topic: 'orders', partition: 0, isr: [2, 3] },
    { type: 'isr', atMs: 57_000, topic: 'orders', partition: 0, isr: [2, 3, 1] },
    { type: 'leader', atMs: 70_000, topic: 'orders', partition: 0, leader: 1, leaderEpoch: 2 },
    { type: 'traceCount', atMs: 70_000, event: 'ProduceRetried', atLeast: 1 },
    { type: 'noAcknowledgedRecordLost', atMs: 70_000 },
    { type: 'invariantsHold', atMs: 70_000 },
  ],
  untilMs: 70_000,
};
