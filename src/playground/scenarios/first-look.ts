import type { Claim } from '../../engine/world/claim.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, steadyProducer, threeBrokers } from './building-blocks.ts';

/** A healthy cluster, and nothing happens to it. */
export const firstLook: Scenario = {
  format: 1,
  name: 'first-look',
  title: { en: 'A first look', ko: '첫 만남' },
  seed: 1,
  cluster: threeBrokers({
    topics: [ordersTopic(3)],
    producers: [{ name: 'producer-1', config: steadyProducer(4) }],
    consumers: [{ name: 'consumer-1', config: consumerOf('orders') }],
  }),
  commands: [],
  text: {
    en: [
      'Three brokers keep the topic "orders": three partitions, each on all three brokers. One copy is the leader; the others fetch from it.',
      'The producer waits until every in-sync replica has a record (acks=all). The water in a tank stands at the high watermark: all below it is committed, and only that can be read.',
      'Watch one record: sent, appended by the leader, fetched by the followers, under water, read. Then break something.',
    ].join('\n\n'),
    ko: [
      '브로커 세 대가 토픽 "orders"를 맡고 있습니다. 파티션은 셋이고, 각 파티션은 세 브로커 모두에 복제됩니다. 복제본 하나가 리더이고 나머지는 리더에게서 가져갑니다.',
      '프로듀서는 동기화된 모든 복제본(ISR)이 레코드를 받을 때까지 기다립니다(acks=all). 수조의 물은 하이 워터마크까지 차 있습니다. 그 아래는 커밋된 레코드이고, 그것만 읽을 수 있습니다.',
      '레코드 하나를 따라가 보세요. 보내지고, 리더가 덧붙이고, 팔로워가 가져가고, 물에 잠기고, 읽힙니다. 그다음에는 무언가를 망가뜨려 보세요.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'leader', atMs: 20_000, topic: 'orders', partition: 0, leader: 1, leaderEpoch: 0 },
    { type: 'leader', atMs: 20_000, topic: 'orders', partition: 1, leader: 2, leaderEpoch: 0 },
    { type: 'leader', atMs: 20_000, topic: 'orders', partition: 2, leader: 3, leaderEpoch: 0 },
    { type: 'isr', atMs: 40_000, topic: 'orders', partition: 0, isr: [1, 2, 3] },
    { type: 'isr', atMs: 40_000, topic: 'orders', partition: 1, isr: [2, 3, 1] },
    { type: 'isr', atMs: 40_000, topic: 'orders', partition: 2, isr: [3, 1, 2] },
    { type: 'liveBrokers', atMs: 40_000, brokerIds: [1, 2, 3] },
    { type: 'zooKeeperQuorum', atMs: 40_000, holds: true },
    { type: 'controller', atMs: 40_000, epoch: 1 },
    recordPath({ follower: 2 }),
    recordPath({ follower: 3 }),
    { type: 'acknowledged', atMs: 40_000, topic: 'orders', acks: -1, atLeast: 40 },
    { type: 'highWatermark', atMs: 40_000, topic: 'orders', partition: 0, atLeast: 10 },
    { type: 'consumed', atMs: 40_000, client: 'consumer-1', topic: 'orders', partition: 0, atLeast: 10 },
    { type: 'consumed', atMs: 40_000, client: 'consumer-1', topic: 'orders', partition: 1, atLeast: 10 },
    { type: 'consumed', atMs: 40_000, client: 'consumer-1', topic: 'orders', partition: 2, atLeast: 10 },
    { type: 'logsAgree', atMs: 40_000, topic: 'orders', partition: 0 },
    { type: 'logsAgree', atMs: 40_000, topic: 'orders', partition: 1 },
    { type: 'logsAgree', atMs: 40_000, topic: 'orders', partition: 2 },
    { type: 'traceCount', atMs: 40_000, event: 'LeaderElected', atLeast: 3, atMost: 3 },
    { type: 'traceCount', atMs: 40_000, event: 'IsrChanged', atMost: 0 },
    { type: 'traceCount', atMs: 40_000, event: 'LogTruncated', atMost: 0 },
    { type: 'traceCount', atMs: 40_000, event: 'RecordsFailed', atMost: 0 },
    { type: 'noAcknowledgedRecordLost', atMs: 40_000 },
    { type: 'invariantsHold', atMs: 40_000 },
  ],
  untilMs: 40_000,
};

/** The first record of orders-0: appended by the leader, fetched by a follower, under water, promised. And it was read once it was under water. */
function recordPath(by: { readonly follower: 2 | 3 }): Claim {
  const first = { topic: 'orders', partition: 0, baseOffset: 0 };
  return {
    type: 'inOrder',
    atMs: 40_000,
    events: [
      { event: 'RecordsAppended', where: { ...first, brokerId: 1, role: 'leader' } },
      { event: 'RecordsAppended', where: { ...first, brokerId: by.follower, role: 'follower' } },
      { event: 'HighWatermarkAdvanced', where: { topic: 'orders', partition: 0, brokerId: 1, role: 'leader', previous: 0 } },
      by.follower === 2
        ? { event: 'RecordsAcknowledged', where: { ...first, client: 'producer-1', acks: -1 } }
        : { event: 'RecordsConsumed', where: { ...first, client: 'consumer-1' } },
    ],
  };
}
