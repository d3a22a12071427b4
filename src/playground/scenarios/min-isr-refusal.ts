import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { consumerOf, ordersTopic, producerByHand, threeBrokers } from './building-blocks.ts';

const FIRST_STOPS_MS = 28_000;
const SECOND_STOPS_MS = 38_000;
const ALONE_MS = 50_000;
const BACK_MS = 66_000;
const END_MS = 102_000;

const orders0 = { topic: 'orders', partition: 0 } as const;

function send(atMs: number, client: string, value: string): TimedCommand {
  return { atMs, command: { type: 'produce', client, topic: 'orders', partition: 0, key: null, value } };
}

/** min.insync.replicas at work: the recorded timeline of the same name in classroom timing. */
export const minIsrRefusal: Scenario = {
  format: 1,
  name: 'min-isr-refusal',
  title: { en: 'Too few in sync', ko: '동기화된 복제본이 모자랄 때' },
  seed: 5,
  cluster: threeBrokers({
    topics: [ordersTopic(1)],
    producers: [
      {
        name: 'producer-all',
        config: producerByHand('orders', {
          acks: 'all',
          'enable.idempotence': 'false',
          retries: '2',
          'request.timeout.ms': '4000',
          'delivery.timeout.ms': '12000',
        }),
      },
      { name: 'producer-one', config: producerByHand('orders', { acks: '1', 'enable.idempotence': 'false' }) },
    ],
    consumers: [{ name: 'consumer-1', config: consumerOf('orders') }],
  }),
  commands: [
    send(24_000, 'producer-all', 'a0'),
    { atMs: FIRST_STOPS_MS, command: { type: 'stopProcess', machine: 'b2' } },
    { atMs: SECOND_STOPS_MS, command: { type: 'stopProcess', machine: 'b3' } },
    send(ALONE_MS, 'producer-all', 'b-all'),
    send(ALONE_MS + 2000, 'producer-one', 'b-one'),
    { atMs: BACK_MS, command: { type: 'start', machine: 'b2' } },
    { atMs: BACK_MS, command: { type: 'start', machine: 'b3' } },
    send(BACK_MS + 21_000, 'producer-all', 'c0'),
  ],
  text: {
    en: [
      'orders-0 has three copies and min.insync.replicas=2. Brokers 2 and 3 are stopped in good order (SIGTERM), one after the other: each leaves the ISR before it goes.',
      'Broker 1 is alone. A producer with acks=all asks for a promise that cannot be kept, and is refused: NOT_ENOUGH_REPLICAS. Nothing is written.',
      'A producer with acks=1 asks for less and is served. But the high watermark stands still while too few are in sync: the record is there, dry, and no consumer may read it.',
      'The others come back, catch up and join the ISR. The water rises over the record, and acks=all works again.',
    ].join('\n\n'),
    ko: [
      'orders-0에는 복제본이 셋 있고 min.insync.replicas=2입니다. 브로커 2와 3이 차례로 질서 있게(SIGTERM) 멈춥니다. 둘 다 떠나기 전에 ISR에서 빠집니다.',
      '브로커 1만 남았습니다. acks=all 프로듀서는 지킬 수 없는 약속을 청하고, 거절당합니다(NOT_ENOUGH_REPLICAS). 아무것도 쓰이지 않습니다.',
      'acks=1 프로듀서는 더 적게 바라므로 받아들여집니다. 하지만 동기화된 복제본이 모자라는 동안 하이 워터마크는 멈춰 있습니다. 레코드는 물 밖에 있고, 어떤 컨슈머도 읽을 수 없습니다.',
      '나머지가 돌아와 따라잡고 ISR에 들어옵니다. 물이 레코드 위로 차오르고, acks=all도 다시 통합니다.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'acknowledged', atMs: FIRST_STOPS_MS, ...orders0, client: 'producer-all', atLeast: 1, atMost: 1 },
    { type: 'isr', atMs: SECOND_STOPS_MS, ...orders0, isr: [1, 3] },
    { type: 'isr', atMs: ALONE_MS, ...orders0, isr: [1] },
    { type: 'leader', atMs: ALONE_MS, ...orders0, leader: 1, leaderEpoch: 2 },
    { type: 'traceCount', atMs: ALONE_MS, event: 'BrokerStopped', where: { clean: true }, atLeast: 2, atMost: 2 },
    // acks=all is refused, tried again twice, and refused for good; nothing was written.
    { type: 'refused', sinceMs: ALONE_MS, atMs: BACK_MS, error: 'NOT_ENOUGH_REPLICAS', client: 'producer-all' },
    {
      type: 'traceCount',
      sinceMs: ALONE_MS,
      atMs: BACK_MS,
      event: 'RequestRefused',
      where: { ...orders0, brokerId: 1, api: 'Produce', from: 'producer-all', error: 'NOT_ENOUGH_REPLICAS' },
      atLeast: 3,
      atMost: 3,
    },
    {
      type: 'traceCount',
      atMs: END_MS,
      event: 'RecordsFailed',
      where: { ...orders0, client: 'producer-all', values: 'b-all', error: 'NOT_ENOUGH_REPLICAS' },
      atLeast: 1,
      atMost: 1,
    },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsFailed', atMost: 1 },
    // acks=1 is served, and the water stands still.
    { type: 'acknowledged', sinceMs: ALONE_MS, atMs: BACK_MS, ...orders0, client: 'producer-one', acks: 1, atLeast: 1, atMost: 1 },
    { type: 'replica', atMs: BACK_MS, ...orders0, brokerId: 1, role: 'leader', highWatermark: 1, logEndOffset: 2 },
    { type: 'highWatermarkUnchanged', fromMs: SECOND_STOPS_MS, atMs: BACK_MS, ...orders0 },
    { type: 'consumed', atMs: BACK_MS, ...orders0, client: 'consumer-1', atLeast: 1, atMost: 1 },
    {
      type: 'inOrder',
      sinceMs: BACK_MS,
      atMs: END_MS,
      events: [
        { event: 'IsrChanged', where: { ...orders0, previousIsr: [1] } },
        { event: 'HighWatermarkAdvanced', where: { ...orders0, brokerId: 1, role: 'leader', previous: 1, highWatermark: 2 } },
        { event: 'RecordsConsumed', where: { ...orders0, client: 'consumer-1', values: 'b-one' } },
        { event: 'RecordsAcknowledged', where: { ...orders0, client: 'producer-all', acks: -1, values: 'c0' } },
      ],
    },
    { type: 'isr', atMs: BACK_MS + 20_000, ...orders0, isr: [1, 2, 3], anyOrder: true },
    { type: 'logEquals', atMs: END_MS, ...orders0, records: ['a0', 'b-one', 'c0'] },
    { type: 'consumed', atMs: END_MS, ...orders0, client: 'consumer-1', atLeast: 3, atMost: 3 },
    { type: 'noAcknowledgedRecordLost', atMs: END_MS },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
