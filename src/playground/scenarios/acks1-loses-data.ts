import type { Command } from '../../engine/world/command.ts';
import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { consumerOf, producerByHand, threeBrokers } from './building-blocks.ts';

const FOLLOWER_STOPS_MS = 32_000;
const KILLED_MS = FOLLOWER_STOPS_MS + 2000;
const BACK_MS = FOLLOWER_STOPS_MS + 22_000;
const END_MS = FOLLOWER_STOPS_MS + 40_000;

const payments0 = { topic: 'payments', partition: 0 } as const;

function send(atMs: number, value: string): TimedCommand {
  const command: Command = { type: 'produce', client: 'producer-1', topic: 'payments', partition: 0, key: null, value };
  return { atMs, command };
}

/**
 * Acknowledged by the leader alone, and lost with it: the recorded timeline `acks1-divergence` in classroom timing. The fetch of
 * the stopped follower is parked at the leader, so the first of the two records still reaches the follower's socket buffer.
 */
export const acks1LosesData: Scenario = {
  format: 1,
  name: 'acks1-loses-data',
  title: { en: 'acks=1 loses data', ko: 'acks=1은 데이터를 잃습니다' },
  seed: 3,
  cluster: threeBrokers({
    topics: [{ topic: 'payments', partitionCount: 1, replicationFactor: 2, configs: { 'min.insync.replicas': '1' }, assignment: { 0: [1, 2] } }],
    producers: [{ name: 'producer-1', config: producerByHand('payments', { acks: '1', 'enable.idempotence': 'false' }) }],
    consumers: [{ name: 'consumer-1', config: consumerOf('payments') }],
  }),
  commands: [
    send(24_000, 'a0'),
    send(25_500, 'a1'),
    send(27_000, 'a2'),
    { atMs: FOLLOWER_STOPS_MS, command: { type: 'pauseProcess', machine: 'b2' } },
    send(FOLLOWER_STOPS_MS + 200, 'lost0'),
    send(FOLLOWER_STOPS_MS + 1000, 'lost1'),
    { atMs: KILLED_MS, command: { type: 'killProcess', machine: 'b1' } },
    { atMs: KILLED_MS + 200, command: { type: 'resumeProcess', machine: 'b2' } },
    send(FOLLOWER_STOPS_MS + 16_000, 'b0'),
    { atMs: BACK_MS, command: { type: 'start', machine: 'b1' } },
  ],
  text: {
    en: [
      'The topic "payments" has two copies: broker 1 leads, broker 2 follows. The producer is content with the leader alone (acks=1).',
      'Broker 2 is stopped for two seconds. Broker 1 takes two more records and acknowledges both. Then its process is killed, while broker 2 still counts as in sync.',
      'Broker 2 leads next, and rightly so: it is in the ISR. The fetch that waited at broker 1 brought it the first of the two records; the second never left broker 1.',
      'A new record takes the place of the lost one. When broker 1 returns it learns that epoch 0 ended there and cuts its own record off. A record that was acknowledged is gone, and no rule was broken: acks=1 promises no more.',
    ].join('\n\n'),
    ko: [
      '토픽 "payments"에는 복제본이 둘 있습니다. 브로커 1이 이끌고 브로커 2가 따릅니다. 프로듀서는 리더 하나로 만족합니다(acks=1).',
      '브로커 2가 2초 동안 멈춥니다. 브로커 1은 레코드 두 개를 더 받고 둘 다 승인합니다. 그러고는 브로커 2가 아직 동기화된 것으로 여겨지는 동안 브로커 1이 죽습니다.',
      '다음 리더는 브로커 2이고, 그럴 자격이 있습니다. ISR에 있으니까요. 브로커 1에서 기다리던 페치가 두 레코드 중 첫째를 실어 왔지만, 둘째는 브로커 1을 떠난 적이 없습니다.',
      '새 레코드가 잃어버린 레코드의 자리를 차지합니다. 브로커 1이 돌아오면 에포크 0이 거기서 끝났음을 알고 자기 레코드를 잘라 냅니다. 승인된 레코드가 사라졌지만 어긴 규칙은 없습니다. acks=1은 그 이상을 약속하지 않습니다.',
    ].join('\n\n'),
  },
  claims: [
    // Five times told "it is kept", while the follower is still in the ISR and lacks two.
    { type: 'acknowledged', atMs: KILLED_MS, ...payments0, acks: 1, atLeast: 5, atMost: 5 },
    { type: 'isr', atMs: KILLED_MS, ...payments0, isr: [1, 2] },
    { type: 'replica', atMs: KILLED_MS, ...payments0, brokerId: 1, role: 'leader', highWatermark: 3, logEndOffset: 5 },
    { type: 'replica', atMs: KILLED_MS, ...payments0, brokerId: 2, role: 'follower', logEndOffset: 3 },
    { type: 'highWatermarkUnchanged', fromMs: FOLLOWER_STOPS_MS, atMs: KILLED_MS, ...payments0 },
    // Two logs that part at offset 4; the dead broker's is on its disk.
    { type: 'logEquals', atMs: KILLED_MS + 2000, ...payments0, brokerId: 1, records: ['a0', 'a1', 'a2', 'lost0', 'lost1'] },
    { type: 'logEquals', atMs: KILLED_MS + 2000, ...payments0, brokerId: 2, records: ['a0', 'a1', 'a2', 'lost0'] },
    { type: 'leader', atMs: FOLLOWER_STOPS_MS + 15_000, ...payments0, leader: 2, leaderEpoch: 1 },
    { type: 'isr', atMs: FOLLOWER_STOPS_MS + 15_000, ...payments0, isr: [2] },
    { type: 'traceCount', atMs: END_MS, event: 'LeaderElected', where: { strategy: 'unclean' }, atMost: 0 },
    { type: 'traceCount', atMs: BACK_MS, event: 'RecordsAcknowledged', where: { ...payments0, baseOffset: 4, values: 'b0' }, atLeast: 1, atMost: 1 },
    {
      type: 'inOrder',
      sinceMs: BACK_MS,
      atMs: END_MS,
      events: [
        { event: 'ProcessStarting', where: { host: 'b1' } },
        { event: 'BecameFollower', where: { ...payments0, brokerId: 1, leader: 2, leaderEpoch: 1 } },
        { event: 'LogTruncated', where: { ...payments0, brokerId: 1, from: 5, to: 4, reason: 'divergingEpoch' } },
        { event: 'IsrChanged', where: { ...payments0, isr: [2, 1] } },
      ],
    },
    { type: 'isr', atMs: END_MS, ...payments0, isr: [2, 1] },
    { type: 'recordLost', atMs: END_MS, ...payments0, value: 'lost1' },
    { type: 'logEquals', atMs: END_MS, ...payments0, records: ['a0', 'a1', 'a2', 'lost0', 'b0'] },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsConsumed', where: { values: 'lost1' }, atMost: 0 },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsConsumed', where: { values: 'lost0' }, atLeast: 1, atMost: 1 },
    { type: 'consumed', atMs: END_MS, ...payments0, client: 'consumer-1', atLeast: 5, atMost: 5 },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
