import type { DiskError } from '../kernel/system.ts';
import type { BrokerEpoch, BrokerId, LeaderEpoch, Offset, PartitionEpoch, PartitionId } from '../kernel/units.ts';
import type { DeletionReason } from '../log/retention.ts';
import type { CutReason } from '../log/recovery.ts';

interface OnReplica {
  readonly brokerId: BrokerId;
  readonly topic: string;
  readonly partition: PartitionId;
}

/** Domain events of a broker (and of its process), in Kafka's words. */
export type BrokerTrace =
  | { readonly type: 'BrokerStarting'; readonly brokerId: BrokerId; readonly cleanShutdownFound: boolean; readonly logCount: number }
  | { readonly type: 'BrokerRegistered'; readonly brokerId: BrokerId; readonly brokerEpoch: BrokerEpoch }
  | { readonly type: 'ZooKeeperSessionLost'; readonly brokerId: BrokerId; readonly state: 'disconnected' | 'expired' }
  | { readonly type: 'ZooKeeperSessionBack'; readonly brokerId: BrokerId; readonly state: 'established' | 'connected' }
  | { readonly type: 'ControlledShutdownStarted'; readonly brokerId: BrokerId }
  /** LogDirFailureChannel: an I/O error takes a log dir offline, with every replica in it. Without any dir left the broker halts. */
  /** `reason`: the file whose system call was refused, or what is wrong with the files. `partitions`: hosted replicas that went offline with it. */
  | {
      readonly type: 'LogDirFailed';
      readonly brokerId: BrokerId;
      readonly dir: string;
      readonly error: DiskError | 'IOException';
      readonly reason: string;
      readonly partitions: readonly string[];
    }
  | { readonly type: 'BrokerStopped'; readonly brokerId: BrokerId; readonly clean: boolean }
  | (OnReplica & {
      readonly type: 'LogRecovered';
      readonly logEndOffset: Offset;
      readonly discardedBytes: number;
      /** Base offsets of the segments that were read through and whose indexes were made anew. */
      readonly segments: readonly Offset[];
      /** Why the first bad batch was bad, `none` without one. */
      readonly cutReason: CutReason | 'none';
      /** Why segments were read through for their indexes' sake. */
      readonly indexProblems: readonly string[];
    })
  | (OnReplica & {
      readonly type: 'BecameLeader';
      readonly leaderEpoch: LeaderEpoch;
      readonly isr: readonly BrokerId[];
      readonly logEndOffset: Offset;
      readonly highWatermark: Offset;
    })
  | (OnReplica & { readonly type: 'BecameFollower'; readonly leader: BrokerId; readonly leaderEpoch: LeaderEpoch; readonly logEndOffset: Offset })
  | (OnReplica & { readonly type: 'ReplicaStopped'; readonly deleted: boolean })
  | (OnReplica & {
      readonly type: 'RecordsAppended';
      readonly role: 'leader' | 'follower';
      readonly leaderEpoch: LeaderEpoch;
      readonly baseOffset: Offset;
      readonly logEndOffset: Offset;
      readonly sizeBytes: number;
      readonly batchCrc: number;
    })
  | (OnReplica & { readonly type: 'SegmentRolled'; readonly baseOffset: Offset })
  /** Retention let segments go, oldest first; their files follow after `file.delete.delay.ms`. */
  | (OnReplica & {
      readonly type: 'SegmentsDeleted';
      readonly reason: DeletionReason;
      readonly baseOffsets: readonly Offset[];
      readonly logStartOffset: Offset;
    })
  /** The log starts later now: a client had records deleted, or the leader's log starts there. */
  | (OnReplica & {
      readonly type: 'LogStartOffsetIncremented';
      readonly logStartOffset: Offset;
      readonly reason: 'clientRecordDeletion' | 'leaderOffsetIncremented';
    })
  | (OnReplica & { readonly type: 'LogCleaningStarted'; readonly firstDirtyOffset: Offset; readonly firstUncleanableOffset: Offset })
  /** The cleaner has gone through a log: records and bytes that it read and kept, and the segments, by base offset, before and after. */
  | (OnReplica & {
      readonly type: 'LogCleaned';
      /** Everything below is clean now. */
      readonly endOffset: Offset;
      readonly records: number;
      readonly kept: number;
      readonly tombstones: number;
      readonly bytesBefore: number;
      readonly bytesAfter: number;
      readonly segments: readonly Offset[];
      readonly cleanedSegments: readonly Offset[];
    })
  | (OnReplica & { readonly type: 'LogCleaningAborted' })
  /** A batch in it cannot be opened: it is not cleaned any more before a restart. */
  | (OnReplica & { readonly type: 'LogUncleanable' })
  | (OnReplica & {
      readonly type: 'HighWatermarkAdvanced';
      readonly role: 'leader' | 'follower';
      readonly leaderEpoch: LeaderEpoch;
      readonly highWatermark: Offset;
      readonly previous: Offset;
    })
  | (OnReplica & {
      readonly type: 'LogTruncated';
      readonly from: Offset;
      readonly to: Offset;
      readonly leaderEpoch: LeaderEpoch;
      readonly reason: 'divergingEpoch' | 'highWatermark' | 'outOfRange';
    })
  | (OnReplica & {
      readonly type: 'IsrChangeRequested';
      readonly leaderEpoch: LeaderEpoch;
      readonly isr: readonly BrokerId[];
      readonly change: 'shrink' | 'expand';
      readonly replicas: readonly BrokerId[];
    })
  | (OnReplica & { readonly type: 'IsrChangeRefused'; readonly error: string })
  | (OnReplica & {
      readonly type: 'IsrShrunk';
      readonly isr: readonly BrokerId[];
      readonly removed: readonly BrokerId[];
      readonly leaderEpoch: LeaderEpoch;
      readonly partitionEpoch: PartitionEpoch;
    })
  | (OnReplica & {
      readonly type: 'IsrExpanded';
      readonly isr: readonly BrokerId[];
      readonly added: readonly BrokerId[];
      readonly leaderEpoch: LeaderEpoch;
      readonly partitionEpoch: PartitionEpoch;
    })
  /** The broker obeys other overrides of a topic: `retention.ms=60000` for what is set, `-retention.ms` for what was taken away. */
  | { readonly type: 'TopicConfigChanged'; readonly brokerId: BrokerId; readonly topic: string; readonly changes: readonly string[] }
  /** An error in answer to a client's or follower's request, by partition. */
  | (OnReplica & {
      readonly type: 'RequestRefused';
      readonly api: 'Produce' | 'Fetch' | 'ListOffsets' | 'OffsetForLeaderEpoch' | 'DeleteRecords';
      readonly error: string;
      readonly from: string;
    })
  | { readonly type: 'HighWatermarksCheckpointed'; readonly brokerId: BrokerId };
