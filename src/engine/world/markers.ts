import type { TraceRecord } from '../machine/contract.ts';

type EventType = TraceRecord['event']['type'];

/** Events that a timeline marks and a step stops at: elections, ISR changes, sessions, truncations, commands, errors. */
const MARKER_TYPES: readonly EventType[] = [
  'ControllerElected',
  'ControllerResigned',
  'BrokerFailureHandled',
  'LogDirFailureHandled',
  'BrokerStartupHandled',
  'LeaderElected',
  'IsrChanged',
  'LeaderEpochRaised',
  'TopicCreated',
  'PartitionsAdded',
  'TopicDeletionQueued',
  'TopicDeletionHalted',
  'TopicDeleted',
  'ReassignmentStarted',
  'ReassignmentCompleted',
  'ZooKeeperLeaderEstablished',
  'ZooKeeperQuorumLost',
  'ZooKeeperSessionClosed',
  'ZooKeeperSessionLost',
  'LogTruncated',
  'LogRecovered',
  'BrokerStopped',
  'RecordsFailed',
  'RequestRefused',
  'IsrChangeRefused',
  'ProcessStarting',
  'ProcessKilled',
  'ProcessStopping',
  'ProcessExited',
  'ProcessPaused',
  'ProcessResumed',
  'PoweredOff',
  'PoweredOn',
  'DiskFailed',
  'DiskFilled',
  'DiskFreed',
  'DiskBroken',
  'DiskHealed',
  'DiskSlowed',
  'PageCorrupted',
  'LogDirFailed',
  'LinkCut',
  'LinkHealed',
  'LinkChanged',
  'CommandDone',
  'CommandRefused',
  'PositionReset',
];

const MARKERS = new Set<EventType>(MARKER_TYPES);

/** True for an event that is kept for the whole run. */
export function isMarker(record: TraceRecord): boolean {
  return MARKERS.has(record.event.type);
}

/** What the one who watches is told beside: logs that roll, age out and are cleaned. A step does not stop there. */
const TOLD_TYPES: readonly EventType[] = [
  'SegmentRolled',
  'SegmentsDeleted',
  'LogStartOffsetIncremented',
  'LogCleaned',
  'LogCleaningAborted',
  'LogUncleanable',
];

const TOLD = new Set<EventType>([...MARKER_TYPES, ...TOLD_TYPES]);

/** True for an event that is told to whoever watches. */
export function isTold(record: TraceRecord): boolean {
  return TOLD.has(record.event.type);
}
