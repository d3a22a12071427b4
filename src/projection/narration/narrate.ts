import { english } from './english.ts';
import { korean } from './korean.ts';
import type { Language, Sentence } from './sentence.ts';
import { registeredBroker, type Templates } from './words.ts';
import type { EventView, ToldEvent } from '../view.ts';

const TEMPLATES: Readonly<Record<Language, Templates>> = { en: english, ko: korean };

/** What happened, in one language. Pure: the page and the command line say the same. */
export function narrate(language: Language, told: Pick<EventView, 'event' | 'host'>): Sentence {
  const template = TEMPLATES[language][told.event.type] as (event: ToldEvent, host: string) => Sentence;
  return template(told.event, told.host);
}

/**
 * How much an event matters to the one who watches: `headline` is read out, `line` stands in the log, `quiet` is not told
 * unless asked for.
 */
export type Importance = 'headline' | 'line' | 'quiet';

const IMPORTANCE: Readonly<Record<ToldEvent['type'], Importance>> = {
  SiteReloaded: 'headline',
  ProcessStarting: 'headline',
  ProcessStarted: 'quiet',
  ProcessKilled: 'headline',
  ProcessStopping: 'headline',
  ProcessExited: 'line',
  ProcessPaused: 'headline',
  ProcessResumed: 'headline',
  PoweredOff: 'headline',
  PoweredOn: 'line',
  LinkCut: 'headline',
  LinkHealed: 'headline',
  LinksCut: 'headline',
  LinksHealed: 'headline',
  LinkChanged: 'line',
  ConnectionClosed: 'quiet',
  DiskFailed: 'line',
  DiskFilled: 'headline',
  DiskFreed: 'headline',
  DiskBroken: 'headline',
  DiskHealed: 'headline',
  DiskSlowed: 'headline',
  PageCorrupted: 'headline',
  LogDirFailed: 'headline',
  BrokerStarting: 'headline',
  BrokerRegistered: 'headline',
  ZooKeeperSessionLost: 'headline',
  ZooKeeperSessionBack: 'line',
  ControlledShutdownStarted: 'line',
  BrokerStopped: 'headline',
  LogRecovered: 'line',
  BecameLeader: 'line',
  BecameFollower: 'quiet',
  ReplicaStopped: 'quiet',
  RecordsAppended: 'quiet',
  SegmentRolled: 'line',
  SegmentsDeleted: 'headline',
  LogStartOffsetIncremented: 'line',
  LogCleaningStarted: 'quiet',
  LogCleaned: 'line',
  LogCleaningAborted: 'line',
  LogUncleanable: 'headline',
  HighWatermarkAdvanced: 'quiet',
  LogTruncated: 'headline',
  IsrChangeRequested: 'line',
  IsrChangeRefused: 'line',
  IsrShrunk: 'line',
  IsrExpanded: 'line',
  RequestRefused: 'line',
  TopicConfigChanged: 'quiet',
  HighWatermarksCheckpointed: 'quiet',
  ControllerElected: 'headline',
  ControllerResigned: 'headline',
  BrokerFailureHandled: 'headline',
  LogDirFailureHandled: 'headline',
  BrokerStartupHandled: 'line',
  LeaderElected: 'headline',
  IsrChanged: 'headline',
  LeaderEpochRaised: 'line',
  TopicCreated: 'headline',
  PartitionsAdded: 'headline',
  TopicDeletionQueued: 'headline',
  TopicDeletionHalted: 'headline',
  TopicDeleted: 'headline',
  ReassignmentStarted: 'headline',
  ReassignmentCompleted: 'headline',
  ZooKeeperLooking: 'line',
  ZooKeeperVoted: 'quiet',
  ZooKeeperLeaderEstablished: 'headline',
  ZooKeeperFollowing: 'line',
  ZooKeeperQuorumLost: 'headline',
  ZooKeeperTransactionApplied: 'quiet',
  ZooKeeperSessionCreated: 'quiet',
  ZooKeeperSessionExpiring: 'line',
  ZooKeeperSessionClosed: 'line',
  RecordsAcknowledged: 'quiet',
  RecordsFailed: 'headline',
  ProduceRetried: 'quiet',
  RecordsConsumed: 'quiet',
  PositionReset: 'line',
  FetchFailed: 'quiet',
  MetadataUpdated: 'quiet',
  CommandDone: 'line',
  CommandRefused: 'headline',
};

export function importanceOf(event: ToldEvent): Importance {
  // That a broker is counted out is what all that follows comes from.
  if (event.type === 'ZooKeeperSessionClosed' && event.expired && registeredBroker(event) !== null) return 'headline';
  return IMPORTANCE[event.type];
}
