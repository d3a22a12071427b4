import { say, span, type Span } from './sentence.ts';
import {
  GREATEST_NAMED,
  brokerIdOf,
  byteSize,
  idList,
  isrChange,
  offsetRange,
  partitionName,
  registeredBroker,
  zooKeeperIdOf,
  type Templates,
} from './words.ts';

function Machine(host: string): string {
  const brokerId = brokerIdOf(host);
  if (brokerId !== null) return `Broker ${brokerId}`;
  return zooKeeperIdOf(host) === null ? host : `ZooKeeper server ${host}`;
}

function machine(host: string): string {
  const brokerId = brokerIdOf(host);
  return brokerId === null ? Machine(host) : `broker ${brokerId}`;
}

function leader(id: number): Span {
  return span('leader', `broker ${id}`);
}

function epoch(value: number): Span {
  return span('leader', `epoch ${value}`);
}

function many(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** `broker 1`, `brokers 1, 2`. */
function brokers(ids: readonly number[]): string {
  return `${ids.length === 1 ? 'broker' : 'brokers'} ${idList(ids, '?')}`;
}

/** `zk1, broker 2 and producer-1`, `7 machines`. */
function peers(hosts: readonly string[]): string {
  if (hosts.length > GREATEST_NAMED) return `${hosts.length} machines`;
  const names = hosts.map((host) => (zooKeeperIdOf(host) === null ? machine(host) : host));
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`;
}

const ACKS = { '-1': 'by every in-sync replica', '0': 'by nobody (acks=0)', '1': 'by the leader alone' } as const;
const CUT_REASONS = {
  incompleteBatch: 'ended inside a batch',
  recordSize: 'had a size that no batch has',
  magic: 'had an unknown magic byte',
  crc: 'had a wrong checksum',
  offset: 'had a wrong offset',
  controlRecord: 'stood behind an unreadable transaction marker',
  none: 'was broken',
} as const;
const DELETION_REASONS = {
  logStartOffset: 'all below the log’s start',
  'retention.bytes': 'as the log is larger than retention.bytes',
  'retention.ms': 'older than retention.ms',
} as const;
const TRUNCATION_REASONS = {
  divergingEpoch: 'as the leader’s log parts from it there',
  highWatermark: 'to its high watermark',
  outOfRange: 'as the leader’s log lies elsewhere',
} as const;
const STRATEGIES = {
  offline: 'from the ISR',
  reassign: 'for a reassignment',
  preferred: 'as its preferred leader',
  controlledShutdown: 'as the old leader is shutting down',
  unclean: 'although it was not in the ISR',
  newPartition: 'as the first replica that is alive',
} as const;

export const english: Templates = {
  SiteReloaded: (event) =>
    say`The tab was reloaded: ${span('out', 'a power cut of the whole site')}. ${event.lostBytes === 0 ? 'All that was written was on the disks' : span('out', `${byteSize(event.lostBytes)} that were only in page caches are gone`)}; every machine starts again from what IndexedDB held.`,
  ProcessStarting: (_, host) => say`${Machine(host)} starts.`,
  ProcessStarted: (_, host) => say`The process of ${machine(host)} runs.`,
  ProcessKilled: (_, host) => say`${Machine(host)} was ${span('out', 'killed')} (SIGKILL). Its sockets close; what it wrote stays in the page cache.`,
  ProcessStopping: (_, host) => say`${Machine(host)} is told to stop (SIGTERM).`,
  ProcessExited: (event, host) => say`The process of ${machine(host)} ended with code ${event.code}${event.reason === '' ? '' : `: ${event.reason}`}.`,
  ProcessPaused: (_, host) => say`${Machine(host)} ${span('out', 'stands still')} (SIGSTOP). Its sockets stay open and fill up.`,
  ProcessResumed: (event, host) =>
    say`${Machine(host)} goes on (SIGCONT); ${event.waitingInputs === 0 ? 'nothing waits for it' : `${many(event.waitingInputs, 'message')} waited`}.`,
  PoweredOff: (event, host) =>
    event.lostBytes === 0
      ? say`${Machine(host)} ${span('out', 'lost power')}. All it had written was on its disk.`
      : say`${Machine(host)} ${span('out', 'lost power')}; ${span('out', byteSize(event.lostBytes))} that were only in its page cache are gone.`,
  PoweredOn: (_, host) => say`${Machine(host)} has power.`,
  LinkCut: (event, host) => say`The cable from ${machine(host)} to ${machine(event.to)} is ${span('out', 'cut')}.`,
  LinkHealed: (event, host) => say`The cable from ${machine(host)} to ${machine(event.to)} is whole again.`,
  LinksCut: (event, host) => say`${Machine(host)} is ${span('out', 'cut off')} from ${peers(event.peers)}: neither side hears of the other.`,
  LinksHealed: (event, host) => say`${Machine(host)} reaches ${peers(event.peers)} again.`,
  LinkChanged: (event, host) => say`The link from ${machine(host)} to ${machine(event.to)} has other settings.`,
  ConnectionClosed: (event, host) => say`${Machine(host)} lost a connection to ${machine(event.peer)} (${event.reason}).`,
  DiskFilled: (event, host) =>
    event.freeBytes === 0
      ? say`The disk of ${machine(host)} is ${span('out', 'full')}: the next write gets ENOSPC.`
      : say`The disk of ${machine(host)} has only ${span('out', byteSize(event.freeBytes))} left.`,
  DiskFreed: (_, host) => say`The disk of ${machine(host)} has room again.`,
  DiskBroken: (event, host) => say`The disk of ${machine(host)}${under(event.dir)} ${span('out', 'fails')}: every access gets EIO.`,
  DiskHealed: (event, host) => say`The disk of ${machine(host)}${under(event.dir)} works again.`,
  DiskSlowed: (event, host) =>
    event.factor === 1 ? say`The disk of ${machine(host)} is as fast as before.` : say`The disk of ${machine(host)} is ${`${event.factor} times`} slower.`,
  PageCorrupted: (event, host) =>
    say`A bit of ${event.path} ${span('out', 'flipped')} on the disk of ${machine(host)} (page ${event.page}, byte ${event.position}).`,
  LogDirFailed: (event) =>
    say`Broker ${event.brokerId} takes its log directory ${event.dir} ${span('out', 'offline')}: ${event.error}.${event.partitions.length === 0 ? '' : ` With it go ${event.partitions.join(', ')}.`}`,
  DiskFailed: (event, host) => say`The disk of ${machine(host)} ${span('out', 'failed')} at ${event.path}: ${event.error}.`,

  BrokerStarting: (event) =>
    event.logCount === 0
      ? say`Broker ${event.brokerId} begins with no logs.`
      : say`Broker ${event.brokerId} loads ${many(event.logCount, 'log')}; ${event.cleanShutdownFound ? 'it had been shut down in order' : 'it had not been shut down in order, so it recovers them'}.`,
  BrokerRegistered: (event) => say`Broker ${event.brokerId} is registered in ZooKeeper, broker epoch ${event.brokerEpoch}.`,
  ZooKeeperSessionLost: (event) =>
    event.state === 'expired'
      ? say`Broker ${event.brokerId} learns that its ZooKeeper session has ${span('out', 'expired')}.`
      : say`Broker ${event.brokerId} is ${span('out', 'disconnected')} from ZooKeeper; its session still counts.`,
  ZooKeeperSessionBack: (event) =>
    event.state === 'established'
      ? say`Broker ${event.brokerId} has a new ZooKeeper session.`
      : say`Broker ${event.brokerId} is connected to ZooKeeper again, in the same session.`,
  ControlledShutdownStarted: (event) => say`Broker ${event.brokerId} asks the controller to move its leaders before it stops.`,
  BrokerStopped: (event) =>
    event.clean
      ? say`Broker ${event.brokerId} has stopped in order and says so on its disk.`
      : say`Broker ${event.brokerId} has stopped, ${span('out', 'not in order')}.`,
  LogRecovered: (event) =>
    event.discardedBytes === 0
      ? say`Broker ${event.brokerId} has recovered ${partitionName(event)} up to offset ${event.logEndOffset}${event.indexProblems.length === 0 ? '' : '; an index was missing or corrupt and was made anew from the log'}.`
      : say`Broker ${event.brokerId} has recovered ${partitionName(event)} up to offset ${event.logEndOffset}; what came next ${CUT_REASONS[event.cutReason]}, so ${span('out', byteSize(event.discardedBytes))} are gone.`,
  BecameLeader: (event) =>
    say`${span('leader', `Broker ${event.brokerId}`)} takes up leading ${partitionName(event)} in ${epoch(event.leaderEpoch)}, ISR ${idList(event.isr, 'empty')}.`,
  BecameFollower: (event) => say`Broker ${event.brokerId} follows ${leader(event.leader)} for ${partitionName(event)}, ${epoch(event.leaderEpoch)}.`,
  ReplicaStopped: (event) => say`Broker ${event.brokerId} ${event.deleted ? 'deletes its replica' : 'stops its replica'} of ${partitionName(event)}.`,
  RecordsAppended: (event) => say`Broker ${event.brokerId} appends ${offsetRange(event.baseOffset, event.logEndOffset)} to ${partitionName(event)}.`,
  SegmentsDeleted: (event) =>
    say`Broker ${event.brokerId} deletes ${many(event.baseOffsets.length, 'segment')} of ${partitionName(event)}, ${DELETION_REASONS[event.reason]}: its log starts at ${event.logStartOffset} now.`,
  LogStartOffsetIncremented: (event) =>
    say`On broker ${event.brokerId} the log of ${partitionName(event)} starts at ${event.logStartOffset} now, ${event.reason === 'clientRecordDeletion' ? 'as a client asked' : 'as its leader’s does'}.`,
  LogCleaningStarted: (event) =>
    say`The cleaner of broker ${event.brokerId} goes through ${partitionName(event)}; offsets ${event.firstDirtyOffset} to ${event.firstUncleanableOffset - 1} are new to it.`,
  LogCleaned: (event) =>
    say`The cleaner of broker ${event.brokerId} keeps ${event.kept} of ${many(event.records, 'record')} of ${partitionName(event)}, the newest of each key${event.tombstones === 0 ? '' : `, ${many(event.tombstones, 'tombstone')} among them`}: ${byteSize(event.bytesBefore)} in ${many(event.segments.length, 'segment')} become ${byteSize(event.bytesAfter)} in ${event.cleanedSegments.length}.`,
  LogUncleanable: (event) =>
    say`The cleaner of broker ${event.brokerId} finds a batch of ${partitionName(event)} that ${span('out', 'cannot be read')} and leaves the log alone until the broker starts again.`,
  LogCleaningAborted: (event) => say`The cleaner of broker ${event.brokerId} gives up on ${partitionName(event)}: its log changes below it.`,
  SegmentRolled: (event) => say`Broker ${event.brokerId} opens a new segment of ${partitionName(event)} at ${event.baseOffset}.`,
  HighWatermarkAdvanced: (event) =>
    say`On broker ${event.brokerId} the water of ${partitionName(event)} rises to ${span('water', event.highWatermark)}${event.role === 'leader' ? '' : ', as its leader told it'}.`,
  LogTruncated: (event) =>
    say`Broker ${event.brokerId} ${span('out', 'cuts')} ${partitionName(event)} from ${event.from} back to ${span('out', event.to)}, ${TRUNCATION_REASONS[event.reason]}.`,
  IsrChangeRequested: (event) =>
    say`Broker ${event.brokerId} asks the controller to ${event.change === 'shrink' ? 'take' : 'let'} ${brokers(event.replicas)} ${event.change === 'shrink' ? 'out of' : 'into'} the ISR of ${partitionName(event)}.`,
  IsrChangeRefused: (event) =>
    say`The controller refuses the ISR that broker ${event.brokerId} asked for on ${partitionName(event)}: ${span('out', event.error)}.`,
  IsrShrunk: (event) =>
    say`Broker ${event.brokerId}, the leader, has it confirmed that broker ${idList(event.removed, '?')} left the ISR of ${partitionName(event)}: ${span('isr', idList(event.isr, 'empty'))}.`,
  IsrExpanded: (event) =>
    say`Broker ${event.brokerId}, the leader, has it confirmed that broker ${idList(event.added, '?')} joined the ISR of ${partitionName(event)}: ${span('isr', idList(event.isr, 'empty'))}.`,
  RequestRefused: (event) =>
    say`Broker ${event.brokerId} refuses ${event.api} of ${event.from} for ${event.topic === '' ? 'a topic it has not heard of yet' : partitionName(event)}: ${span('out', event.error)}.`,
  TopicConfigChanged: (event) => say`Broker ${event.brokerId} now goes by ${event.changes.join(', ')} for topic ${event.topic}.`,
  HighWatermarksCheckpointed: (event) => say`Broker ${event.brokerId} writes its high watermarks to its disk.`,

  ControllerElected: (event) =>
    say`${span('control', `Broker ${event.brokerId}`)} is the controller, ${span('control', `controller epoch ${event.controllerEpoch}`)}.`,
  ControllerResigned: (event) => say`Broker ${event.brokerId} is no longer the controller (epoch ${event.controllerEpoch}).`,
  BrokerFailureHandled: (event) =>
    say`The controller sees that ${brokers(event.brokerIds)} ${event.brokerIds.length === 1 ? 'is' : 'are'} ${span('out', 'gone')} from ZooKeeper and looks after ${event.brokerIds.length === 1 ? 'its' : 'their'} partitions.`,
  BrokerStartupHandled: (event) =>
    say`The controller sees ${brokers(event.brokerIds)} and tells ${event.brokerIds.length === 1 ? 'it what it holds' : 'them what they hold'}.`,
  LogDirFailureHandled: (event) =>
    say`The controller hears that a log directory of ${brokers(event.brokerIds)} failed and asks which replicas are ${span('out', 'offline')} now.`,
  LeaderElected: (event) =>
    event.leader < 0
      ? say`${span('out', `${partitionName(event)} has no leader`)} in epoch ${event.leaderEpoch}; its ISR is ${idList(event.isr, 'empty')}.`
      : say`The controller chose ${leader(event.leader)} to lead ${partitionName(event)} in ${epoch(event.leaderEpoch)}, ${event.strategy === 'unclean' ? span('out', STRATEGIES.unclean) : STRATEGIES[event.strategy]}.`,
  IsrChanged: (event) => {
    const { removed, added } = isrChange(event);
    if (removed.length > 0 && added.length === 0)
      return say`${span('out', `Broker ${idList(removed, '?')}`)} is out of the ISR of ${partitionName(event)}; it is now ${span('isr', idList(event.isr, 'empty'))}.`;
    if (added.length > 0 && removed.length === 0)
      return say`${span('isr', `Broker ${idList(added, '?')}`)} caught up and is in the ISR of ${partitionName(event)} again: ${span('isr', idList(event.isr, 'empty'))}.`;
    return say`The ISR of ${partitionName(event)} goes from ${idList(event.previousIsr, 'empty')} to ${span('isr', idList(event.isr, 'empty'))}.`;
  },
  TopicCreated: (event) => say`Topic ${span('strong', event.topic)} exists, with ${many(event.partitionCount, 'partition')}.`,
  LeaderEpochRaised: (event) =>
    say`${partitionName(event)} is in ${epoch(event.leaderEpoch)} now, led by ${event.leader < 0 ? 'nobody' : leader(event.leader)} as before: so all its replicas hear who they are, ${idList(event.replicas, 'none')}.`,
  PartitionsAdded: (event) => say`Topic ${span('strong', event.topic)} has ${many(event.partitionCount, 'partition')} more.`,
  TopicDeletionQueued: (event) =>
    say`Topic ${span('strong', event.topic)} is to be ${span('out', 'deleted')}: the controller begins when all its replicas can be reached.`,
  TopicDeletionHalted: (event) =>
    say`The deletion of topic ${span('strong', event.topic)} ${span('out', 'waits')} ${event.waitsFor.length === 0 ? 'until a reassignment is done' : `for ${brokers(event.waitsFor)}`}.`,
  TopicDeleted: (event) =>
    say`Topic ${span('strong', event.topic)} is ${span('out', 'gone')}: every replica has deleted its log, and ZooKeeper has forgotten it.`,
  ReassignmentStarted: (event) =>
    say`The controller moves ${partitionName(event)}${event.adding.length === 0 ? '' : `, ${brokers(event.adding)} ${event.adding.length === 1 ? 'comes' : 'come'}`}${event.removing.length === 0 ? '' : `, ${brokers(event.removing)} ${event.removing.length === 1 ? 'goes' : 'go'}`}: until that is done its replicas are ${span('strong', idList(event.replicas, 'none'))}.`,
  ReassignmentCompleted: (event) => say`The move of ${partitionName(event)} is done: its replicas are ${span('isr', idList(event.replicas, 'none'))}.`,

  ZooKeeperLooking: (event) => say`zk${event.server} looks for a leader, round ${event.round}.`,
  ZooKeeperVoted: (event) => say`zk${event.server} votes for zk${event.forServer} in round ${event.round}.`,
  ZooKeeperLeaderEstablished: (event) =>
    say`${span('control', `zk${event.server}`)} leads the ensemble in epoch ${event.epoch}, with ${event.followers.length === 0 ? 'no followers' : event.followers.map((id) => `zk${id}`).join(', ')}.`,
  ZooKeeperFollowing: (event) => say`zk${event.server} follows zk${event.leader}, epoch ${event.epoch}.`,
  ZooKeeperQuorumLost: (event) => say`zk${event.server} ${span('out', 'lost the majority')}: ZooKeeper answers nobody until it has one again.`,
  ZooKeeperTransactionApplied: (event) => say`zk${event.server} applies ${event.kind}${event.path === null ? '' : ` ${event.path}`}.`,
  ZooKeeperSessionCreated: (event) => say`A ZooKeeper session begins, with a time-out of ${event.timeoutMs} ms.`,
  ZooKeeperSessionExpiring: () => say`ZooKeeper has not heard from a session for too long and ${span('out', 'expires')} it.`,
  ZooKeeperSessionClosed: (event) =>
    say`${registeredBroker(event) === null ? 'A ZooKeeper session' : `The ZooKeeper session of broker ${registeredBroker(event)}`} ${event.expired ? span('out', 'expired') : 'was closed'}${event.ephemerals.length === 0 ? '' : `; gone with it: ${event.ephemerals.join(', ')}`}.`,

  RecordsAcknowledged: (event) =>
    say`${event.client}: ${many(event.recordCount, 'record')} for ${partitionName(event)} acknowledged ${ACKS[`${event.acks}`]}, from offset ${event.baseOffset}.`,
  RecordsFailed: (event) => say`${event.client} gives up ${many(event.recordCount, 'record')} for ${partitionName(event)}: ${span('out', event.error)}.`,
  ProduceRetried: (event) => say`${event.client} sends again to ${partitionName(event)} after ${event.error}, attempt ${event.attempt}.`,
  RecordsConsumed: (event) => say`${event.client} reads ${offsetRange(event.baseOffset, event.nextOffset)} of ${partitionName(event)}.`,
  PositionReset: (event) => say`${event.client} starts ${partitionName(event)} at ${event.offset} (${event.reason}).`,
  FetchFailed: (event) => say`${event.client} cannot fetch ${partitionName(event)}: ${event.error}.`,
  MetadataUpdated: (event) => say`${event.client} has fresh metadata.`,
  CommandDone: (event) => say`${event.text}`,
  CommandRefused: (event) => say`Refused: ${span('out', event.error)}. ${event.message}`,
};

function under(dir: string): string {
  return dir === '' ? '' : ` (${dir})`;
}
