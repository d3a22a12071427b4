import type { Scenario, TimedCommand } from '../../engine/world/scenario.ts';
import { consumerOf, producerByHand, threeBrokers } from './building-blocks.ts';

const TOMBSTONE_MS = 31_000;
const END_MS = 100_000;
const prices0 = { topic: 'prices', partition: 0 } as const;
const clicks0 = { topic: 'clicks', partition: 0 } as const;

function price(atMs: number, key: string, value: string | null): TimedCommand {
  return { atMs, command: { type: 'produce', client: 'prices', topic: 'prices', partition: 0, key, value } };
}

/** Prices of five things, again and again; one thing is taken out of the catalogue for good. */
function prices(): readonly TimedCommand[] {
  const sent: TimedCommand[] = [];
  for (let i = 0; i < 60; i++) sent.push(price(20_500 + i * 1200, `thing-${i % 5}`, `${i % 5} costs ${10 + i}`));
  sent.push(price(21_000, 'relic', 'relic costs 7'), price(TOMBSTONE_MS, 'relic', null));
  return sent.sort((a, b) => a.atMs - b.atMs);
}

/** Two ways for old records to go: by age in one topic, by newer ones in the other. */
export const compaction: Scenario = {
  format: 1,
  name: 'compaction',
  title: { en: 'Old records go', ko: '오래된 레코드는 사라집니다' },
  seed: 6,
  cluster: threeBrokers({
    topics: [
      {
        topic: 'prices',
        partitionCount: 1,
        replicationFactor: 3,
        configs: { 'cleanup.policy': 'compact', 'segment.bytes': '600', 'min.cleanable.dirty.ratio': '0.3', 'delete.retention.ms': '12000' },
        assignment: { 0: [1, 2, 3] },
      },
      {
        topic: 'clicks',
        partitionCount: 1,
        replicationFactor: 3,
        configs: { 'retention.ms': '15000', 'segment.bytes': '1000' },
        assignment: { 0: [2, 3, 1] },
      },
    ],
    producers: [
      { name: 'prices', config: producerByHand('prices', { acks: 'all' }) },
      { name: 'clicks', config: { configs: { acks: 'all' }, topic: 'clicks', recordsPerSecond: 3, keyCount: 0, valueBytes: 24 } },
    ],
    consumers: [{ name: 'consumer-1', config: consumerOf('clicks') }],
  }),
  commands: prices(),
  text: {
    en: [
      'A log is cut into segments, and only whole segments are ever thrown away; the one that is written to stays. What "old" means is the topic’s choice.',
      '"clicks" keeps records for 15 seconds (retention.ms). Once the newest record of a segment is older, its files are renamed to .deleted and the log starts later. A consumer that has read them does not notice.',
      '"prices" is compacted: a record goes once its key has a newer one. Each broker’s cleaner copies what is left into .cleaned files and swaps them in. Offsets stay, so there are gaps.',
      'A null value is a tombstone: "relic" is deleted. The tombstone itself stays for delete.retention.ms after its first cleaning, so that slow readers learn of it, and goes with a later one. Open a broker’s files and watch.',
    ].join('\n\n'),
    ko: [
      '로그는 세그먼트로 나뉘고, 버릴 때는 늘 세그먼트째 버립니다. 지금 쓰고 있는 세그먼트는 남습니다. 무엇이 "오래된" 것인지는 토픽이 정합니다.',
      '"clicks"는 레코드를 15초 동안 둡니다(retention.ms). 세그먼트의 가장 새로운 레코드까지 그보다 오래되면 파일 이름이 .deleted로 바뀌고 로그의 시작이 뒤로 옮겨 갑니다. 이미 읽은 컨슈머는 눈치채지 못합니다.',
      '"prices"는 압축(compact)됩니다. 같은 키의 더 새로운 레코드가 생기면 앞의 것은 사라집니다. 브로커마다 클리너가 남은 것을 .cleaned 파일로 옮겨 적고 바꿔 넣습니다. 오프셋은 그대로라서 빈자리가 생깁니다.',
      '값이 null인 레코드는 툼스톤입니다. "relic"이 지워집니다. 툼스톤은 느린 컨슈머도 알 수 있도록 처음 정리된 뒤 delete.retention.ms 동안 남았다가 나중에 사라집니다. 브로커의 파일을 열어 지켜보세요.',
    ].join('\n\n'),
  },
  claims: [
    { type: 'acknowledged', atMs: 30_000, topic: 'prices', acks: -1, atLeast: 8 },
    { type: 'traceCount', atMs: END_MS, event: 'LogCleaned', where: { ...prices0, brokerId: 1 }, atLeast: 3 },
    { type: 'traceCount', atMs: END_MS, event: 'LogCleaned', where: { ...prices0, brokerId: 2 }, atLeast: 3 },
    { type: 'traceCount', atMs: END_MS, event: 'LogCleaned', where: { ...prices0, brokerId: 3 }, atLeast: 3 },
    // The tombstone outlives a cleaning, and then it is gone with what it deleted.
    { type: 'traceCount', atMs: END_MS, event: 'LogCleaned', where: { ...prices0, brokerId: 1, tombstones: 1 }, atLeast: 1 },
    { type: 'recordLost', atMs: END_MS, ...prices0, value: 'relic costs 7' },
    { type: 'recordLost', atMs: END_MS, ...prices0, value: '0 costs 10' },
    { type: 'logsAgree', atMs: END_MS, ...prices0 },
    { type: 'traceCount', atMs: END_MS, event: 'LogCleaned', where: clicks0, atMost: 0 },
    { type: 'traceCount', atMs: END_MS, event: 'SegmentsDeleted', where: { ...clicks0, brokerId: 2, reason: 'retention.ms' }, atLeast: 3 },
    { type: 'traceCount', atMs: END_MS, event: 'SegmentsDeleted', where: prices0, atMost: 0 },
    { type: 'consumed', atMs: END_MS, ...clicks0, client: 'consumer-1', atLeast: 100 },
    { type: 'traceCount', atMs: END_MS, event: 'RecordsFailed', atMost: 0 },
    { type: 'noAcknowledgedRecordLost', atMs: END_MS },
    { type: 'invariantsHold', atMs: END_MS },
  ],
  untilMs: END_MS,
};
