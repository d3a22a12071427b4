/**
 * One vocabulary for all that comes from outside: a click, a key, a scenario step, a link, a fault generator.
 * Machines are named by host (`b1`, `zk2`, `producer-1`). Times are given by the conductor or scenario, never here.
 */
export type Command = SiteCommand | ProcessCommand | DiskCommand | LinkCommand | TopologyCommand | ClientCommand;

/**
 * The page was reloaded: every machine loses power at once, keeps exactly what its device held after the given flush (by
 * host; absent: what it holds now), and starts again.
 */
export type SiteCommand = { readonly type: 'siteReload'; readonly flushSequences: Readonly<Record<string, number>> };

/** On the one main process of a machine, or on its power. */
export type ProcessCommand =
  /** SIGTERM: a broker does its controlled shutdown. */
  | { readonly type: 'stopProcess'; readonly machine: string }
  /** SIGKILL: sockets are closed by the system, the page cache stays. */
  | { readonly type: 'killProcess'; readonly machine: string }
  | { readonly type: 'pauseProcess'; readonly machine: string }
  | { readonly type: 'resumeProcess'; readonly machine: string }
  /**
   * The machine is off at once: peers hear nothing, what was not flushed may be gone. Chance may leave the last page of a file torn;
   * with `tornPages` write-back was at every dirty file and in the middle of a page.
   */
  | { readonly type: 'powerOff'; readonly machine: string; readonly tornPages?: boolean }
  /** Power on if off, and start the process if it does not run. */
  | { readonly type: 'start'; readonly machine: string };

/** On the disk of a machine. */
export type DiskCommand =
  /** So much may still be written (absent: nothing); what needs more gets ENOSPC. */
  | { readonly type: 'fillDisk'; readonly machine: string; readonly freeBytes?: number }
  | { readonly type: 'freeDisk'; readonly machine: string }
  /** From now on the device answers with EIO: the one under a log dir (`data1`), or the whole disk. */
  | { readonly type: 'failDisk'; readonly machine: string; readonly dir?: string }
  | { readonly type: 'healDisk'; readonly machine: string; readonly dir?: string }
  /** A bit flips in a page of a file that is on the device: in the byte of that page, or wherever chance has it. */
  | { readonly type: 'corruptPage'; readonly machine: string; readonly path: string; readonly page: number; readonly byte?: number }
  /** Everything takes so many times as long; 1 is as before. */
  | { readonly type: 'slowDisk'; readonly machine: string; readonly factor: number };

export type LinkCommand =
  | { readonly type: 'cutLink'; readonly from: string; readonly to: string; readonly oneWay?: boolean }
  | { readonly type: 'healLink'; readonly from: string; readonly to: string; readonly oneWay?: boolean }
  /** Replaces latency, jitter, loss or bandwidth of the link in both directions. */
  | {
      readonly type: 'slowLink';
      readonly from: string;
      readonly to: string;
      readonly latencyMs: number;
      readonly jitterMs?: number;
      readonly lossPercent?: number;
      readonly bytesPerSecond?: number;
    };

export type TopologyCommand =
  | { readonly type: 'addBroker'; readonly brokerId: number; readonly rack?: string }
  | { readonly type: 'addProducer'; readonly name: string; readonly config: ProducerSpec }
  | { readonly type: 'addConsumer'; readonly name: string; readonly config: ConsumerSpec };

/** For a client process: the admin client's machine, or the producer that `client` names. */
export type ClientCommand =
  | {
      readonly type: 'createTopic';
      readonly topic: string;
      readonly partitionCount?: number;
      readonly replicationFactor?: number;
      readonly assignment?: Readonly<Record<string, readonly number[]>>;
      readonly configs?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'createPartitions'; readonly topic: string; readonly totalCount: number }
  /** IncrementalAlterConfigs of a topic: what is set, and what goes back to the broker's value. */
  | {
      readonly type: 'alterConfig';
      readonly topic: string;
      readonly set?: Readonly<Record<string, string>>;
      readonly remove?: readonly string[];
    }
  /** Everything below `beforeOffset` goes (-1: all that is committed). */
  | { readonly type: 'deleteRecords'; readonly topic: string; readonly partition: number; readonly beforeOffset: number }
  /** Goes when all its replicas can be reached. */
  | { readonly type: 'deleteTopic'; readonly topic: string }
  /** Moves the replicas of a partition to these brokers, the first of which is the preferred leader; null takes back the move under way. */
  | { readonly type: 'alterPartitionReassignments'; readonly topic: string; readonly partition: number; readonly replicas: readonly number[] | null }
  | { readonly type: 'listPartitionReassignments' }
  | { readonly type: 'describeTopics'; readonly topics: readonly string[] }
  | { readonly type: 'electLeaders'; readonly electionType: 'PREFERRED' | 'UNCLEAN'; readonly topic: string; readonly partition: number }
  /** One record sent by hand by a producer machine; `partition` null lets the partitioner choose. */
  | {
      readonly type: 'produce';
      readonly client: string;
      readonly topic: string;
      readonly partition: number | null;
      readonly key: string | null;
      /** Null: a tombstone, which deletes the key where a topic is compacted. */
      readonly value: string | null;
    };

/** A producer machine. Kafka config names; workload fields are ours. */
export interface ProducerSpec {
  readonly configs: Readonly<Record<string, string>>;
  readonly topic: string;
  /** Records a virtual second, evenly spaced; 0: only records sent by hand. */
  readonly recordsPerSecond: number;
  /** Keys are `key-0` ... `key-(keyCount-1)`, drawn evenly; 0: no keys. */
  readonly keyCount: number;
  readonly valueBytes: number;
  /** Stop after this many generated records; absent: never. */
  readonly recordCount?: number;
}

/** A consumer machine with partitions assigned by hand (groups come with part 4). */
export interface ConsumerSpec {
  readonly configs: Readonly<Record<string, string>>;
  readonly topic: string;
  /** Absent: all partitions of the topic. */
  readonly partitions?: readonly number[];
}
