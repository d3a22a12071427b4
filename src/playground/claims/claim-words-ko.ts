import type { Bounds, Claim } from '../../engine/world/claim.ts';
import { unreachable } from '../../engine/kernel/assert.ts';
import { withParticle } from '../../projection/narration/particles.ts';
import { keyOf } from './evidence.ts';
import { listOf, patternText } from './values.ts';

const KINDS = {
  'unclean election': '비정상 선출(unclean election)',
  'power cut of every in-sync copy': '동기화된 모든 복제본의 전원 차단',
  'power cut of a replica counted in sync': 'ISR에 들어 있던 복제본의 전원 차단',
} as const;
const PROCESSES = {
  starting: '시작하는 중입니다',
  running: '돌고 있습니다',
  paused: '멈춰 서 있습니다',
  stopping: '종료하는 중입니다',
  stopped: '종료되어 있습니다',
  killed: '강제 종료되어 있습니다',
  off: '전원이 꺼져 있습니다',
} as const;

/** A claim in one Korean sentence. */
export function claimInKorean(claim: Claim): string {
  const at = `${seconds(claim.atMs)}에`;
  switch (claim.type) {
    case 'leader': {
      const epoch = claim.leaderEpoch === undefined ? '' : `(리더 에포크 ${claim.leaderEpoch})`;
      return claim.leader < 0 ? `${at} ${keyOf(claim)}의 리더는 없습니다${epoch}.` : `${at} ${keyOf(claim)}의 리더는 브로커 ${claim.leader}입니다${epoch}.`;
    }
    case 'isr':
      return `${at} ${keyOf(claim)}의 ISR은 ${claim.anyOrder === true ? '순서와 상관없이 ' : ''}${listOf(claim.isr)}입니다.`;
    case 'replica': {
      const fields = [
        claim.role === undefined ? '' : `역할 ${claim.role}`,
        claim.leader === undefined ? '' : `리더 ${claim.leader}`,
        claim.leaderEpoch === undefined ? '' : `리더 에포크 ${claim.leaderEpoch}`,
        claim.highWatermark === undefined ? '' : `하이 워터마크 ${claim.highWatermark}`,
        claim.logEndOffset === undefined ? '' : `로그 끝 오프셋 ${claim.logEndOffset}`,
      ];
      return `${at} 브로커 ${claim.brokerId} 자신이 아는 ${keyOf(claim)}: ${fields.filter((field) => field !== '').join(', ')}.`;
    }
    case 'highWatermark':
      return `${at} ${onBroker(claim)}${keyOf(claim)}의 하이 워터마크는 ${bounds(claim)}입니다.`;
    case 'highWatermarkUnchanged':
      return `${seconds(claim.fromMs)}부터 ${seconds(claim.atMs)}까지 ${onBroker(claim)}${keyOf(claim)}의 하이 워터마크는 움직이지 않습니다.`;
    case 'logEquals':
      return `${at} ${claim.brokerId === undefined ? `${keyOf(claim)}의 모든 복제본` : `브로커 ${claim.brokerId}의 ${keyOf(claim)} 로그`}에는 정확히 ${withParticle(listOf(claim.records), '(이)가')} 있습니다.`;
    case 'logsAgree':
      return `${at} ${keyOf(claim)}의 모든 복제본이 돌고 있고, 커밋된 레코드를 모두 가지며, 서로 다른 데가 없습니다.`;
    case 'recordLost':
      return `${seconds(claim.atMs)}까지 승인된 ${keyOf(claim)}의 레코드 ${withParticle(claim.value, '(이)가')} 이제 어느 로그에도 없습니다.`;
    case 'acknowledged':
      return `${during(claim)} ${claim.client === undefined ? '' : `${claim.client}에게 `}승인된 ${ofPartition(claim)}레코드는 ${bounds(claim)}개입니다${acks(claim.acks)}.`;
    case 'consumed':
      return `${at} ${withParticle(claim.client, '(이)가')} ${withParticle(keyOf(claim), '(을)를')} 읽은 위치는 ${bounds(claim)}입니다.`;
    case 'controller': {
      const epoch = claim.epoch === undefined ? (claim.epochAtLeast === undefined ? '' : `${claim.epochAtLeast} 이상`) : String(claim.epoch);
      if (claim.brokerId === undefined) return `${at} 컨트롤러 에포크는 ${epoch}입니다.`;
      return `${at} ${claim.brokerId < 0 ? '컨트롤러가 없습니다' : `컨트롤러는 브로커 ${claim.brokerId}입니다`}${epoch === '' ? '' : `(컨트롤러 에포크 ${epoch})`}.`;
    }
    case 'liveBrokers':
      return `${at} ZooKeeper에 등록된 브로커는 ${listOf(claim.brokerIds)}입니다.`;
    case 'zooKeeperQuorum':
      return `${at} ${claim.leader === undefined ? (claim.holds ? '과반수를 이끄는 ZooKeeper 서버가 있습니다' : '과반수를 이끄는 ZooKeeper 서버가 없습니다') : `${withParticle(`zk${claim.leader}`, '(이)가')} 과반수를 이끕니다`}.`;
    case 'process':
      return `${at} ${claim.machine}의 프로세스는 ${PROCESSES[claim.is]}.`;
    case 'traceCount':
      return `${during(claim)} ${withParticle(patternText(claim), '(이)가')} ${claim.atMost === 0 ? '한 번도 일어나지 않습니다' : `${bounds(claim)}번 일어납니다`}.`;
    case 'inOrder':
      return `${during(claim)} 다음 순서로 일어납니다: ${claim.events.map((one) => patternText(one)).join(' → ')}.`;
    case 'refused':
      return `${during(claim)} ${claim.client ?? '클라이언트'}에게 ${withParticle(claim.error, '(이)라')}는 오류가 전해집니다.`;
    case 'commandRefused':
      return `${during(claim)} ${claim.command} 명령이 거절됩니다${claim.because === undefined ? '' : `(“${claim.because}”)`}.`;
    case 'noAcknowledgedRecordLost':
      return `${at} 승인된 ${claim.topic === undefined ? '' : `${claim.topic} `}레코드${acks(claim.acks)} 가운데 잃은 것이 없습니다.`;
    case 'promiseVoided':
      return `${seconds(claim.atMs)}까지 ${keyOf(claim)}의 약속이 무효가 됩니다: ${KINDS[claim.kind]}.`;
    case 'invariantsHold':
      return `${seconds(claim.atMs)}까지 모든 불변식이 성립합니다.`;
    default:
      return unreachable(claim);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000}초`;
}

function during(span: { readonly sinceMs?: number; readonly atMs: number }): string {
  return span.sinceMs === undefined ? `${seconds(span.atMs)}까지` : `${seconds(span.sinceMs)}부터 ${seconds(span.atMs)}까지`;
}

function onBroker({ brokerId }: { readonly brokerId?: number }): string {
  return brokerId === undefined ? '' : `브로커 ${brokerId}에서 `;
}

function ofPartition({ topic, partition }: { readonly topic?: string; readonly partition?: number }): string {
  if (topic !== undefined && partition !== undefined) return `${topic}-${partition} `;
  return topic === undefined ? '' : `${topic} `;
}

function acks(value: -1 | 0 | 1 | undefined): string {
  return value === undefined ? '' : `(acks=${value === -1 ? 'all' : value})`;
}

function bounds({ atLeast, atMost }: Bounds): string {
  if (atLeast === atMost) return `정확히 ${atLeast}`;
  if (atMost === undefined) return `최소 ${atLeast}`;
  return atLeast === undefined ? `최대 ${atMost}` : `${atLeast}~${atMost}`;
}
