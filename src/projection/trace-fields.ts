import type { TraceEvent } from './view.ts';

type Fields<Event> = Omit<Event, 'type'>;
type Literal<T> = string extends T ? never : Extract<T, string>;
type FieldKind<T> = [T] extends [boolean]
  ? 'flag'
  : [T] extends [number]
    ? 'number'
    : [T] extends [string | null]
      ? [Literal<T>] extends [never]
        ? 'text'
        : readonly Literal<T>[]
      : [T] extends [readonly number[]]
        ? 'numbers'
        : [T] extends [readonly string[]]
          ? 'texts'
          : 'structure';
type FieldsOf<Event> = { readonly [Name in keyof Fields<Event>]-?: FieldKind<Fields<Event>[Name]> };

/** What a field of an event holds; a list of texts is all that it may be. */
export type TraceField = 'flag' | 'number' | 'text' | 'numbers' | 'texts' | 'structure' | readonly string[];

const replica = { brokerId: 'number', topic: 'text', partition: 'number' } as const;
const onPartition = { topic: 'text', partition: 'number' } as const;
const byClient = { client: 'text', ...onPartition } as const;

/**
 * Every trace event with its fields, for what names events from outside (a claim about an event that does not exist would
 * hold for ever). The compiler holds it against the union: nothing is missing, nothing is made up.
 */
export const TRACE_FIELDS: { readonly [Type in TraceEvent['type']]: FieldsOf<Extract<TraceEvent, { type: Type }>> } = {
  ProcessStarting: { incarnation: 'number' },
  ProcessStarted: { incarnation: 'number' },
  ProcessKilled: {},
  ProcessStopping: {},
  ProcessExited: { code: 'number', reason: 'text' },
  ProcessPaused: {},
  ProcessResumed: { waitingInputs: 'number' },
  PoweredOff: { lostBytes: 'number', lostFiles: 'texts', tornFiles: 'texts' },
  PoweredOn: {},
  LinkCut: { to: 'text' },
  LinkHealed: { to: 'text' },
  LinkChanged: { to: 'text' },
  ConnectionClosed: { peer: 'text', reason: ['closed', 'reset', 'refused', 'timeout'] },
  DiskFailed: { path: 'text', error: ['EIO', 'ENOSPC'] },
  DiskFilled: { freeBytes: 'number' },
  DiskFreed: {},
  DiskBroken: { dir: 'text' },
  DiskHealed: { dir: 'text' },
  DiskSlowed: { factor: 'number' },
  PageCorrupted: { path: 'text', page: 'number', position: 'number' },

  BrokerStarting: { brokerId: 'number', cleanShutdownFound: 'flag', logCount: 'number' },
  BrokerRegistered: { brokerId: 'number', brokerEpoch: 'number' },
  ZooKeeperSessionLost: { brokerId: 'number', state: ['disconnected', 'expired'] },
  ZooKeeperSessionBack: { brokerId: 'number', state: ['established', 'connected'] },
  ControlledShutdownStarted: { brokerId: 'number' },
  LogDirFailed: { brokerId: 'number', dir: 'text', error: ['EIO', 'ENOSPC', 'IOException'], reason: 'text', partitions: 'texts' },
  BrokerStopped: { brokerId: 'number', clean: 'flag' },
  LogRecovered: {
    ...replica,
    logEndOffset: 'number',
    discardedBytes: 'number',
    segments: 'numbers',
    cutReason: ['incompleteBatch', 'recordSize', 'magic', 'crc', 'offset', 'controlRecord', 'none'],
    indexProblems: 'texts',
  },
  BecameLeader: { ...replica, leaderEpoch: 'number', isr: 'numbers', logEndOffset: 'number', highWatermark: 'number' },
  BecameFollower: { ...replica, leader: 'number', leaderEpoch: 'number', logEndOffset: 'number' },
  ReplicaStopped: { ...replica, deleted: 'flag' },
  RecordsAppended: {
    ...replica,
    role: ['leader', 'follower'],
    leaderEpoch: 'number',
    baseOffset: 'number',
    logEndOffset: 'number',
    sizeBytes: 'number',
    batchCrc: 'number',
  },
  SegmentRolled: { ...replica, baseOffset: 'number' },
  SegmentsDeleted: { ...replica, reason: ['logStartOffset', 'retention.bytes', 'retention.ms'], baseOffsets: 'numbers', logStartOffset: 'number' },
  LogStartOffsetIncremented: { ...replica, logStartOffset: 'number', reason: ['clientRecordDeletion', 'leaderOffsetIncremented'] },
  LogCleaningStarted: { ...replica, firstDirtyOffset: 'number', firstUncleanableOffset: 'number' },
  LogCleaned: {
    ...replica,
    endOffset: 'number',
    records: 'number',
    kept: 'number',
    tombstones: 'number',
    bytesBefore: 'number',
    bytesAfter: 'number',
    segments: 'numbers',
    cleanedSegments: 'numbers',
  },
  LogCleaningAborted: replica,
  LogUncleanable: replica,
  HighWatermarkAdvanced: { ...replica, role: ['leader', 'follower'], leaderEpoch: 'number', highWatermark: 'number', previous: 'number' },
  LogTruncated: { ...replica, from: 'number', to: 'number', leaderEpoch: 'number', reason: ['divergingEpoch', 'highWatermark', 'outOfRange'] },
  IsrChangeRequested: { ...replica, leaderEpoch: 'number', isr: 'numbers', change: ['shrink', 'expand'], replicas: 'numbers' },
  IsrChangeRefused: { ...replica, error: 'text' },
  IsrShrunk: { ...replica, isr: 'numbers', removed: 'numbers', leaderEpoch: 'number', partitionEpoch: 'number' },
  IsrExpanded: { ...replica, isr: 'numbers', added: 'numbers', leaderEpoch: 'number', partitionEpoch: 'number' },
  RequestRefused: { ...replica, api: ['Produce', 'Fetch', 'ListOffsets', 'OffsetForLeaderEpoch', 'DeleteRecords'], error: 'text', from: 'text' },
  TopicConfigChanged: { brokerId: 'number', topic: 'text', changes: 'texts' },
  HighWatermarksCheckpointed: { brokerId: 'number' },

  ControllerElected: { brokerId: 'number', controllerEpoch: 'number' },
  ControllerResigned: { brokerId: 'number', controllerEpoch: 'number' },
  LogDirFailureHandled: { brokerIds: 'numbers', controllerEpoch: 'number' },
  BrokerFailureHandled: { brokerIds: 'numbers', controllerEpoch: 'number' },
  BrokerStartupHandled: { brokerIds: 'numbers', controllerEpoch: 'number' },
  LeaderElected: {
    ...onPartition,
    leader: 'number',
    leaderEpoch: 'number',
    isr: 'numbers',
    replicas: 'numbers',
    controllerEpoch: 'number',
    strategy: ['offline', 'reassign', 'preferred', 'controlledShutdown', 'unclean', 'newPartition'],
  },
  IsrChanged: {
    ...onPartition,
    leader: 'number',
    leaderEpoch: 'number',
    isr: 'numbers',
    replicas: 'numbers',
    previousIsr: 'numbers',
    controllerEpoch: 'number',
    by: ['leader', 'controller'],
  },
  LeaderEpochRaised: {
    ...onPartition,
    leader: 'number',
    leaderEpoch: 'number',
    isr: 'numbers',
    replicas: 'numbers',
    adding: 'numbers',
    removing: 'numbers',
    controllerEpoch: 'number',
  },
  TopicCreated: { topic: 'text', partitionCount: 'number', controllerEpoch: 'number' },
  PartitionsAdded: { topic: 'text', partitionCount: 'number', controllerEpoch: 'number' },
  TopicDeletionQueued: { topic: 'text', controllerEpoch: 'number' },
  TopicDeletionHalted: { topic: 'text', waitsFor: 'numbers', controllerEpoch: 'number' },
  TopicDeleted: { topic: 'text', controllerEpoch: 'number' },
  ReassignmentStarted: { ...onPartition, replicas: 'numbers', adding: 'numbers', removing: 'numbers', controllerEpoch: 'number' },
  ReassignmentCompleted: { ...onPartition, replicas: 'numbers', controllerEpoch: 'number' },

  ZooKeeperLooking: { server: 'number', round: 'number' },
  ZooKeeperVoted: { server: 'number', forServer: 'number', round: 'number' },
  ZooKeeperLeaderEstablished: { server: 'number', epoch: 'number', followers: 'numbers' },
  ZooKeeperFollowing: { server: 'number', leader: 'number', epoch: 'number' },
  ZooKeeperQuorumLost: { server: 'number' },
  ZooKeeperTransactionApplied: { server: 'number', zxid: 'number', kind: 'text', path: 'text', digest: 'number' },
  ZooKeeperSessionCreated: { server: 'number', sessionId: 'text', timeoutMs: 'number' },
  ZooKeeperSessionExpiring: { server: 'number', sessionId: 'text' },
  ZooKeeperSessionClosed: { server: 'number', sessionId: 'text', expired: 'flag', ephemerals: 'texts' },

  RecordsAcknowledged: { ...byClient, acks: 'number', baseOffset: 'number', recordCount: 'number', values: 'texts' },
  RecordsFailed: { ...byClient, recordCount: 'number', values: 'texts', error: 'text', message: 'text' },
  ProduceRetried: { ...byClient, error: 'text', attempt: 'number' },
  RecordsConsumed: { ...byClient, baseOffset: 'number', nextOffset: 'number', highWatermark: 'number', values: 'texts' },
  PositionReset: { ...byClient, offset: 'number', reason: 'text' },
  FetchFailed: { ...byClient, error: 'text' },
  MetadataUpdated: { client: 'text', partitions: 'structure' },
  CommandDone: { client: 'text', commandId: 'number', text: 'text' },
  CommandRefused: { client: 'text', commandId: 'number', error: 'text', message: 'text' },
};

/** The fields of an event by name, `host` (where it happened) among them; null for a name that no event has. */
export function traceFieldsOf(event: string): Readonly<Record<string, TraceField>> | null {
  return Object.hasOwn(TRACE_FIELDS, event) ? { host: 'text', ...TRACE_FIELDS[event as TraceEvent['type']] } : null;
}
