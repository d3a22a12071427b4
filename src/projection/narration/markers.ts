import type { EventView, ToldEvent } from '../view.ts';
import type { Language } from './sentence.ts';
import { brokerIdOf, idList, isrChange, partitionName, registeredBroker } from './words.ts';

/** Shape first, colour second: a cross, a crown, minus, plus, a diamond for controllers, a dot for the rest. */
export type MarkerShape = 'cross' | 'crown' | 'minus' | 'plus' | 'diamond' | 'dot';
export type MarkerTone = 'out' | 'isr' | 'leader' | 'control' | 'plain';

export interface Marker {
  readonly shape: MarkerShape;
  readonly tone: MarkerTone;
  /** A few words for the timeline. */
  readonly label: string;
  /** Of two markers in one place the greater is shown. */
  readonly weight: number;
}

type Words = Readonly<Record<Language, string>>;

/** The mark an event leaves on the timeline, or null for one that leaves none. */
export function markerOf(language: Language, told: Pick<EventView, 'event' | 'host'>): Marker | null {
  const marker = markerWords(told.event, shortHost(told.host));
  return marker === null ? null : { shape: marker.shape, tone: marker.tone, weight: marker.weight, label: marker.words[language] };
}

interface MarkerWords {
  readonly shape: MarkerShape;
  readonly tone: MarkerTone;
  readonly weight: number;
  readonly words: Words;
}

function markerWords(event: ToldEvent, who: string): MarkerWords | null {
  switch (event.type) {
    case 'ProcessKilled':
      return fault({ en: `kill ${who}`, ko: `${who} 강제 종료` });
    case 'ProcessStopping':
      return fault({ en: `stop ${who}`, ko: `${who} 종료` });
    case 'ProcessPaused':
      return fault({ en: `pause ${who}`, ko: `${who} 멈춤` });
    case 'PoweredOff':
      return fault({ en: `power off ${who}`, ko: `${who} 전원 끔` });
    case 'SiteReloaded':
      return { ...fault({ en: 'reload: power cut', ko: '새로 고침: 정전' }), weight: 11 };
    case 'LinkCut':
      return fault({ en: `cut ${who} – ${shortHost(event.to)}`, ko: `${who} – ${shortHost(event.to)} 끊음` });
    case 'LinksCut':
      return fault({ en: `cut off ${who}`, ko: `${who} 고립` });
    case 'LinksHealed':
      return { shape: 'plus', tone: 'isr', weight: 7, words: { en: `rejoin ${who}`, ko: `${who} 다시 이음` } };
    case 'DiskFilled':
      return fault({ en: `disk of ${who} full`, ko: `${who} 디스크 가득` });
    case 'DiskBroken':
      return fault({ en: `disk of ${who} fails`, ko: `${who} 디스크 고장` });
    case 'DiskSlowed':
      return event.factor === 1 ? null : fault({ en: `slow disk of ${who}`, ko: `${who} 느린 디스크` });
    case 'PageCorrupted':
      return fault({ en: `bit rot on ${who}`, ko: `${who} 비트 손상` });
    case 'DiskFreed':
    case 'DiskHealed':
      return { shape: 'plus', tone: 'isr', weight: 7, words: { en: `disk of ${who} works`, ko: `${who} 디스크 복구` } };
    case 'ProcessStarting':
      return event.incarnation <= 1 ? null : { shape: 'plus', tone: 'isr', weight: 8, words: { en: `start ${who}`, ko: `${who} 시작` } };
    case 'ProcessResumed':
      return { shape: 'plus', tone: 'isr', weight: 8, words: { en: `resume ${who}`, ko: `${who} 재개` } };
    case 'LinkHealed':
      return { shape: 'plus', tone: 'isr', weight: 7, words: { en: `heal ${who} – ${shortHost(event.to)}`, ko: `${who} – ${shortHost(event.to)} 이음` } };
    default:
      return clusterMarker(event, who);
  }
}

function clusterMarker(event: ToldEvent, who: string): MarkerWords | null {
  switch (event.type) {
    case 'LeaderElected':
      if (event.leader < 0)
        return { shape: 'minus', tone: 'out', weight: 7, words: { en: `${partitionName(event)} leaderless`, ko: `${partitionName(event)} 리더 없음` } };
      if (event.strategy === 'newPartition') return null;
      return {
        shape: 'crown',
        tone: 'leader',
        weight: 8,
        words: { en: `${event.leader} leads ${partitionName(event)}`, ko: `${partitionName(event)} 리더 ${event.leader}` },
      };
    case 'IsrChanged':
      return isrMarker(isrChange(event));
    case 'ControllerElected':
      return { shape: 'diamond', tone: 'control', weight: 6, words: { en: `controller ${event.brokerId}`, ko: `컨트롤러 ${event.brokerId}` } };
    case 'ZooKeeperLeaderEstablished':
      return { shape: 'diamond', tone: 'control', weight: 5, words: { en: `zk${event.server} leads`, ko: `zk${event.server} 리더` } };
    case 'ZooKeeperSessionClosed':
      return event.expired && registeredBroker(event) !== null
        ? { shape: 'minus', tone: 'out', weight: 7, words: { en: `session ${registeredBroker(event)} expired`, ko: `세션 ${registeredBroker(event)} 만료` } }
        : null;
    case 'ZooKeeperQuorumLost':
      return { shape: 'minus', tone: 'out', weight: 6, words: { en: 'ZooKeeper majority lost', ko: 'ZooKeeper 과반수 잃음' } };
    case 'BrokerFailureHandled':
      return { shape: 'minus', tone: 'out', weight: 5, words: { en: `${idList(event.brokerIds, '?')} gone`, ko: `${idList(event.brokerIds, '?')} 사라짐` } };
    case 'LogDirFailed':
      return { shape: 'minus', tone: 'out', weight: 7, words: { en: `${event.dir} offline`, ko: `${event.dir} 오프라인` } };
    case 'LogTruncated':
      return { shape: 'minus', tone: 'out', weight: 6, words: { en: `${who} truncates to ${event.to}`, ko: `${who}: ${event.to}까지 자름` } };
    case 'SegmentsDeleted':
      return { shape: 'dot', tone: 'plain', weight: 3, words: { en: 'old records go', ko: '오래된 레코드 삭제' } };
    case 'LogCleaned':
      return { shape: 'dot', tone: 'plain', weight: 3, words: { en: 'log cleaned', ko: '로그 청소' } };
    case 'TopicCreated':
      return { shape: 'plus', tone: 'plain', weight: 6, words: { en: `topic ${event.topic}`, ko: `토픽 ${event.topic}` } };
    case 'PartitionsAdded':
      return { shape: 'plus', tone: 'plain', weight: 6, words: { en: `${event.topic} grows`, ko: `${event.topic} 늘어남` } };
    case 'TopicDeletionQueued':
      return { shape: 'minus', tone: 'out', weight: 6, words: { en: `delete ${event.topic}`, ko: `${event.topic} 삭제` } };
    case 'TopicDeletionHalted':
      return { shape: 'dot', tone: 'out', weight: 5, words: { en: 'deletion waits', ko: '삭제 대기' } };
    case 'TopicDeleted':
      return { shape: 'cross', tone: 'out', weight: 6, words: { en: `${event.topic} gone`, ko: `${event.topic} 사라짐` } };
    case 'ReassignmentStarted':
      return { shape: 'diamond', tone: 'control', weight: 6, words: { en: `${partitionName(event)} moves`, ko: `${partitionName(event)} 이동` } };
    case 'ReassignmentCompleted':
      return { shape: 'diamond', tone: 'isr', weight: 6, words: { en: `${partitionName(event)} moved`, ko: `${partitionName(event)} 이동 끝` } };
    case 'RecordsFailed':
      return { shape: 'cross', tone: 'out', weight: 6, words: { en: event.error, ko: event.error } };
    case 'CommandRefused':
      return { shape: 'cross', tone: 'out', weight: 6, words: { en: 'refused', ko: '거절됨' } };
    default:
      return null;
  }
}

function isrMarker(change: { readonly removed: readonly number[]; readonly added: readonly number[] }): MarkerWords | null {
  if (change.removed.length > 0)
    return {
      shape: 'minus',
      tone: 'out',
      weight: 5,
      words: { en: `ISR loses ${idList(change.removed, '?')}`, ko: `ISR에서 ${idList(change.removed, '?')} 빠짐` },
    };
  if (change.added.length > 0)
    return { shape: 'plus', tone: 'isr', weight: 5, words: { en: `ISR gains ${idList(change.added, '?')}`, ko: `ISR에 ${idList(change.added, '?')} 들어옴` } };
  return null;
}

function fault(words: Words): MarkerWords {
  return { shape: 'cross', tone: 'out', weight: 10, words };
}

/** `2` for broker 2, else the host name. */
function shortHost(host: string): string {
  const brokerId = brokerIdOf(host);
  return brokerId === null ? host : String(brokerId);
}
