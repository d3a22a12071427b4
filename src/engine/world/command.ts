/**
 * One vocabulary for all that comes from outside: a click, a key, a scenario step, a link, a fault generator.
 * Machines are named by host (`b1`, `zk2`, `producer-1`). Times are given by the conductor or scenario, never here.
 */
export type Command = SiteCommand | ProcessCommand | LinkCommand | TopologyCommand | ClientCommand;

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
  /** The machine is off at once: peers hear nothing, what was not flushed may be gone. */
  | { readonly type: 'powerOff'; readonly machine: string }
  /** Power on if off, and start the process if it does not run. */
  | { readonly type: 'start'; readonly machine: string };

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
  | { readonly type: 'describeTopics'; readonly topics: readonly string[] }
  | { readonly type: 'electLeaders'; readonly electionType: 'PREFERRED' | 'UNCLEAN'; readonly topic: string; readonly partition: number }
  /** One record sent by hand by a producer machine; `partition` null lets the partitioner choose. */
  | {
      readonly type: 'produce';
      readonly client: string;
      readonly topic: string;
      readonly partition: number | null;
      readonly key: string | null;
      readonly value: string;
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
