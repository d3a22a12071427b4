import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, producerByHand, threeBrokers } from './building-blocks.ts';

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
    send(12_000, 0, 'a0'),
    send(12_500, 1, 'a0'),
    { atMs: 18_000, command: { type: 'killProcess', machine: 'zk1' } },
    { atMs: 18_000, command: { type: 'killProcess', machine: 'zk2' } },
    send(22_000, 0, 'while-no-quorum'),
    { atMs: 30_000, command: { type: 'killProcess', machine: 'b1' } },
    { atMs: 52_000, command: { type: 'start', machine: 'zk1' } },
    { atMs: 52_000, command: { type: 'start', machine: 'zk2' } },
    send(75_000, 0, 'after-quorum'),
    { atMs: 80_000, command: { type: 'start', machine: 'b1' } },
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
    { type: 'traceCount', atMs: 29_000, event: 'RecordsAcknowledged', where: { topic: 'orders', partition: 0 }, atLeast: 2 },
    { type: 'leader', atMs: 51_000, topic: 'orders', partition: 0, leader: 1, leaderEpoch: 0 },
    { type: 'isr', atMs: 51_000, topic: 'orders', partition: 0, isr: [1, 2, 3] },
    { type: 'leader', atMs: 74_000, topic: 'orders', partition: 0, leader: 2, leaderEpoch: 1 },
    { type: 'isr', atMs: 74_000, topic: 'orders', partition: 0, isr: [2, 3] },
    { type: 'isr', atMs: 105_000, topic: 'orders', partition: 0, isr: [2, 3, 1] },
    { type: 'isr', atMs: 105_000, topic: 'orders', partition: 1, isr: [2, 3, 1] },
    { type: 'logEquals', atMs: 105_000, topic: 'orders', partition: 0, records: ['a0', 'while-no-quorum', 'after-quorum'] },
    { type: 'noAcknowledgedRecordLost', atMs: 105_000 },
    { type: 'invariantsHold', atMs: 105_000 },
  ],
  untilMs: 105_000,
};
