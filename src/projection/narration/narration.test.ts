import { describe, expect, test } from 'vitest';
import type { TraceEvent } from '../view.ts';
import { markerOf } from './markers.ts';
import { importanceOf, narrate } from './narrate.ts';
import { finalSound, malhae, withParticle } from './particles.ts';
import { plainText, say, span } from './sentence.ts';
import { newToldOnce } from './told-once.ts';

const ELECTED: TraceEvent = {
  type: 'LeaderElected',
  topic: 'orders',
  partition: 0,
  leader: 2,
  leaderEpoch: 4,
  isr: [2, 3],
  replicas: [1, 2, 3],
  controllerEpoch: 5,
  strategy: 'offline',
};
const TRUNCATED: TraceEvent = { type: 'LogTruncated', brokerId: 1, topic: 'orders', partition: 0, from: 18, to: 16, leaderEpoch: 4, reason: 'divergingEpoch' };

describe('Korean particles', () => {
  test.each([
    ['브로커 1', '(이)가', '브로커 1이'],
    ['브로커 2', '(이)가', '브로커 2가'],
    ['브로커 3', '(은)는', '브로커 3은'],
    ['브로커 10', '(을)를', '브로커 10을'],
    ['에포크 8', '(으)로', '에포크 8로'],
    ['오프셋 16', '(으)로', '오프셋 16으로'],
    ['오프셋 1', '(으)로', '오프셋 1로'],
    ['orders-0', '(을)를', 'orders-0을'],
    ['ISR', '(이)가', 'ISR이'],
    ['HW', '(은)는', 'HW는'],
    ['zk2', '(을)를', 'zk2를'],
    ['topic', '(은)는', 'topic은'],
    ['orders', '(은)는', 'orders는'],
    ['billing', '(이)가', 'billing이'],
    ['1.2 KiB', '(이)가', '1.2 KiB가'],
    ['리더', '(과)와', '리더와'],
    ['물', '(으)로', '물로'],
  ])('[R1] %s with %s', (word, particle, expected) => {
    expect(withParticle(word, particle)).toBe(expected);
  });

  test('[R1] trailing brackets and quotes are not heard', () => {
    expect(finalSound('(SIGKILL)')).toBe('rieul');
    expect(finalSound('“리더”')).toBe('vowel');
  });

  test('[R1] the particle follows the piece, toned or not', () => {
    expect(plainText(malhae`${span('leader', '브로커 2')}(을)를 ${7}(으)로`)).toBe('브로커 2를 7로');
  });
});

describe('sentences', () => {
  test('[R2] spans keep the tone of what they name, and gold names leaders only', () => {
    const gold = narrate('en', { event: ELECTED, host: 'b2' }).filter((part) => part.tone === 'leader');
    expect(gold.map((part) => part.text)).toEqual(['broker 2', 'epoch 4']);
    expect(narrate('en', { event: TRUNCATED, host: 'b1' }).some((part) => part.tone === 'leader')).toBe(false);
  });

  test('[R2] neighbours of one tone are one span', () => {
    expect(say`a${1}b`).toEqual([{ text: 'a1b', tone: 'plain' }]);
  });

  test('[R3] one event, two languages', () => {
    expect(plainText(narrate('en', { event: ELECTED, host: 'b2' }))).toBe('The controller chose broker 2 to lead orders-0 in epoch 4, from the ISR.');
    expect(plainText(narrate('ko', { event: ELECTED, host: 'b2' }))).toBe('컨트롤러가 에포크 4의 orders-0 리더로 브로커 2를 뽑았습니다. ISR에서 골랐습니다.');
    expect(plainText(narrate('ko', { event: TRUNCATED, host: 'b1' }))).toBe(
      '브로커 1이 orders-0의 로그를 18에서 16으로 잘라 냅니다. 거기서부터 리더의 로그와 다르기 때문입니다.',
    );
  });

  test('[R3] a machine is named by what it is', () => {
    const killed: TraceEvent = { type: 'ProcessKilled' };
    expect(plainText(narrate('en', { event: killed, host: 'b12' }))).toMatch(/^Broker 12 was killed/);
    expect(plainText(narrate('en', { event: killed, host: 'zk3' }))).toMatch(/^ZooKeeper server zk3 was killed/);
    expect(plainText(narrate('ko', { event: killed, host: 'producer-1' }))).toMatch(/^producer-1이 강제 종료/);
  });
});

describe('what is told', () => {
  test('[R4] elections are headlines, single appends are quiet', () => {
    expect(importanceOf(ELECTED)).toBe('headline');
    expect(
      importanceOf({
        type: 'RecordsAppended',
        brokerId: 1,
        topic: 'o',
        partition: 0,
        role: 'leader',
        leaderEpoch: 0,
        baseOffset: 0,
        logEndOffset: 1,
        sizeBytes: 9,
        batchCrc: 1,
      }),
    ).toBe('quiet');
  });

  test('[R4] a broker whose session expires is a headline with its name; a session of nobody is not', () => {
    const session = { type: 'ZooKeeperSessionClosed', server: 1, sessionId: '01', expired: true } as const;
    const registered = { ...session, ephemerals: ['/brokers/ids/1', '/controller'] };
    expect(importanceOf(registered)).toBe('headline');
    expect(importanceOf({ ...session, ephemerals: [] })).toBe('line');
    expect(plainText(narrate('en', { host: 'zk1', event: registered }))).toMatch(/^The ZooKeeper session of broker 1 expired/);
    expect(plainText(narrate('ko', { host: 'zk1', event: registered }))).toMatch(/^브로커 1의 ZooKeeper 세션이 만료/);
    expect(markerOf('en', { host: 'zk1', event: registered })?.label).toBe('session 1 expired');
  });

  test('[R4] a change of the ISR is told once, as the cluster has it, and names who went or came', () => {
    const changed = (isr: readonly number[], previousIsr: readonly number[]): TraceEvent => ({
      type: 'IsrChanged',
      topic: 'orders',
      partition: 0,
      leader: 1,
      leaderEpoch: 0,
      isr,
      replicas: [1, 2, 3],
      previousIsr,
      controllerEpoch: 1,
      by: 'leader',
    });
    expect(plainText(narrate('en', { event: changed([1, 2], [1, 2, 3]), host: 'b1' }))).toBe('Broker 3 is out of the ISR of orders-0; it is now 1, 2.');
    expect(plainText(narrate('ko', { event: changed([1, 2, 3], [1, 2]), host: 'b1' }))).toBe(
      '브로커 3이 따라잡아 orders-0의 ISR에 들어왔습니다. ISR은 1, 2, 3입니다.',
    );
    expect(markerOf('en', { event: changed([1, 2], [1, 2, 3]), host: 'b1' })).toMatchObject({ shape: 'minus', label: 'ISR loses 3' });
    expect(markerOf('en', { event: changed([2, 1], [1, 2]), host: 'b1' })).toBeNull();
    expect(importanceOf({ type: 'IsrShrunk', brokerId: 1, topic: 'o', partition: 0, isr: [1], removed: [2], leaderEpoch: 0, partitionEpoch: 1 })).toBe('line');
  });

  test('[R5] markers: a crown for a leader, a cross for a fault, none for the first leaders of a topic', () => {
    expect(markerOf('en', { event: ELECTED, host: 'b2' })).toMatchObject({ shape: 'crown', label: '2 leads orders-0' });
    expect(markerOf('ko', { event: { type: 'ProcessKilled' }, host: 'b1' })).toMatchObject({ shape: 'cross', label: '1 강제 종료' });
    expect(markerOf('en', { event: { ...ELECTED, strategy: 'newPartition' }, host: 'b2' })).toBeNull();
  });
});

describe('what several machines tell', () => {
  test('[R6] the end of a session is told by the first server that applies it; another session is news again', () => {
    const closed = (server: number, sessionId: string): TraceEvent => ({
      type: 'ZooKeeperSessionClosed',
      server,
      sessionId,
      expired: true,
      ephemerals: ['/brokers/ids/1'],
    });
    const told = newToldOnce();
    expect([closed(3, 'a'), closed(1, 'a'), closed(2, 'b'), closed(2, 'a'), TRUNCATED, TRUNCATED].map((event) => told.isNews(event))).toEqual([
      true,
      false,
      true,
      false,
      true,
      true,
    ]);
  });

  test('[R3] one broker or several, none of their logs or some: the sentence agrees', () => {
    const tell = (event: TraceEvent): string => plainText(narrate('en', { event, host: 'b1' }));
    expect(tell({ type: 'BrokerStartupHandled', brokerIds: [2, 3], controllerEpoch: 1 })).toBe(
      'The controller sees brokers 2, 3 and tells them what they hold.',
    );
    expect(tell({ type: 'BrokerFailureHandled', brokerIds: [1], controllerEpoch: 1 })).toBe(
      'The controller sees that broker 1 is gone from ZooKeeper and looks after its partitions.',
    );
    expect(tell({ type: 'BrokerStarting', brokerId: 1, cleanShutdownFound: false, logCount: 0 })).toBe('Broker 1 begins with no logs.');
    expect(tell({ type: 'RequestRefused', brokerId: 1, topic: '', partition: 0, api: 'Fetch', error: 'UNKNOWN_TOPIC_ID', from: 'broker-3' })).toBe(
      'Broker 1 refuses Fetch of broker-3 for a topic it has not heard of yet: UNKNOWN_TOPIC_ID.',
    );
  });
});
