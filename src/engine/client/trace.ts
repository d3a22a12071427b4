import type { LeaderEpoch, Offset, PartitionId } from '../kernel/units.ts';

/** Domain events of producers, consumers and the admin client. `client` is the client.id. */
export type ClientTrace =
  | {
      readonly type: 'RecordsAcknowledged';
      readonly client: string;
      readonly topic: string;
      readonly partition: PartitionId;
      readonly acks: -1 | 0 | 1;
      readonly baseOffset: Offset;
      readonly recordCount: number;
      readonly values: readonly string[];
    }
  | {
      readonly type: 'RecordsFailed';
      readonly client: string;
      readonly topic: string;
      readonly partition: PartitionId;
      readonly recordCount: number;
      readonly values: readonly string[];
      readonly error: string;
      readonly message: string;
    }
  | {
      readonly type: 'ProduceRetried';
      readonly client: string;
      readonly topic: string;
      readonly partition: PartitionId;
      readonly error: string;
      readonly attempt: number;
    }
  | {
      readonly type: 'RecordsConsumed';
      readonly client: string;
      readonly topic: string;
      readonly partition: PartitionId;
      readonly baseOffset: Offset;
      readonly nextOffset: Offset;
      readonly highWatermark: Offset;
      readonly values: readonly string[];
    }
  | {
      readonly type: 'PositionReset';
      readonly client: string;
      readonly topic: string;
      readonly partition: PartitionId;
      readonly offset: Offset;
      readonly reason: string;
    }
  | { readonly type: 'FetchFailed'; readonly client: string; readonly topic: string; readonly partition: PartitionId; readonly error: string }
  | {
      readonly type: 'MetadataUpdated';
      readonly client: string;
      readonly partitions: readonly { readonly topic: string; readonly partition: PartitionId; readonly leader: number; readonly leaderEpoch: LeaderEpoch }[];
    }
  | { readonly type: 'CommandDone'; readonly client: string; readonly commandId: number; readonly text: string }
  /** Kafka's error name and message, as its tools print them. Nothing was changed. */
  | { readonly type: 'CommandRefused'; readonly client: string; readonly commandId: number; readonly error: string; readonly message: string };
