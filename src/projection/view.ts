import type { BrokerId, ControllerEpoch, HostName, InstantUs, LeaderEpoch, Offset, PartitionEpoch, PartitionId, Zxid } from '../engine/kernel/units.ts';
import type { DiskCounters, MachineTrace } from '../engine/machine/contract.ts';
import type { ProcessTrace } from '../engine/machine/process-kinds.ts';

/**
 * All that the page may know of a run, as plain data. It is projected from engine state by whoever holds a whole world,
 * crosses as a `ViewDelta`, and is the only thing that components read. Parts that did not change keep their identity
 * (see `applyDelta`). Lists are in an order that never depends on state: ids ascending, partitions by topic of creation.
 */
export interface View {
  readonly nowUs: InstantUs;
  readonly run: RunView;
  readonly ensemble: EnsembleView;
  /** What ZooKeeper's committed tree says: the one place where truth stands. */
  readonly truth: TruthView;
  readonly topics: readonly TopicView[];
  /** Each with the cluster's truth about it. */
  readonly partitions: readonly PartitionView[];
  readonly brokers: readonly BrokerView[];
  readonly producers: readonly ProducerView[];
  readonly consumers: readonly ConsumerView[];
  /** Other machines that send requests, such as the admin client. */
  readonly admins: readonly AdminView[];
  /** Links that somebody changed; all others are as the timing profile has them. */
  readonly links: readonly LinkView[];
  /** At most 500; what is beyond is only counted. */
  readonly messages: readonly MessageView[];
  readonly unseenMessageCount: number;
  /** Events worth a word, oldest first: narrator, log and timeline read them. */
  readonly events: readonly EventView[];
  readonly invariants: readonly InvariantView[];
  readonly configs: readonly ConfigView[];
}

/** What this run is, in so far as it does not change while it plays. */
export interface RunView {
  readonly scenario: string;
  readonly title: Readonly<Record<'en' | 'ko', string>>;
  /** One line under the title, in Kafka's words: `acks=all, min.insync.replicas=2`. */
  readonly facts: string;
  readonly mode: 'zookeeper';
  readonly timing: 'classroom' | 'kafka';
  readonly seed: number;
  /** Lesson text by language; empty when there is none. Paragraphs are parted by an empty line. */
  readonly text: Readonly<Record<'en' | 'ko', string>>;
}

/** A machine's process, as the operating system sees it. */
export type ProcessView =
  | 'starting'
  | 'running'
  /** SIGSTOP. */
  | 'paused'
  /** SIGTERM was given; it is still shutting down. */
  | 'stopping'
  /** It ended by itself, in order or not. */
  | 'stopped'
  /** SIGKILL. */
  | 'killed'
  /** The machine has no power. */
  | 'off';

export interface EnsembleView {
  readonly servers: readonly ZooKeeperServerView[];
  /** Servers that follow or lead in the present epoch, the leader included; 0 while nobody leads. */
  readonly inQuorumCount: number;
}

export interface ZooKeeperServerView {
  readonly host: HostName;
  readonly serverId: number;
  readonly process: ProcessView;
  readonly role: 'leading' | 'following' | 'looking' | 'none';
  readonly epoch: number;
  readonly lastZxid: Zxid;
}

export interface TruthView {
  /** False while no committed tree can be read: before the first election, or with every server down. */
  readonly known: boolean;
  /** The content of `/controller`; null when the node is absent. */
  readonly controller: BrokerId | null;
  readonly controllerEpoch: ControllerEpoch;
  /** Children of `/brokers/ids`, ascending. */
  readonly liveBrokers: readonly BrokerId[];
}

export interface TopicView {
  readonly topic: string;
  readonly partitionCount: number;
  readonly internal: boolean;
  /** Topic configs that were set, by name. */
  readonly configs: Readonly<Record<string, string>>;
}

/** `orders-0`. */
export type PartitionKey = string;

export interface PartitionView {
  readonly key: PartitionKey;
  readonly topic: string;
  readonly partition: PartitionId;
  /** In the order of the assignment: the first is the preferred leader. */
  readonly replicas: readonly BrokerId[];
  /** While a reassignment lasts: those of `replicas` that come, and those that go. */
  readonly adding: readonly BrokerId[];
  readonly removing: readonly BrokerId[];
  /** From `/brokers/topics/<topic>/partitions/<n>/state`; -1: nobody leads. Null: the node does not exist yet. */
  readonly leader: BrokerId | null;
  readonly leaderEpoch: LeaderEpoch;
  readonly isr: readonly BrokerId[];
  /** The node's version. */
  readonly partitionEpoch: PartitionEpoch;
}

export interface BrokerView {
  readonly host: HostName;
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  readonly process: ProcessView;
  /** When the process came to be so. */
  readonly processSinceUs: InstantUs;
  /** Logs are being recovered after an unclean end. */
  readonly recovering: boolean;
  /** In its own belief. */
  readonly isController: boolean;
  /** `none`: no session now, as its process is not running. `expired` stays until there is a new one. */
  readonly session: 'connected' | 'connecting' | 'expired' | 'none';
  /** Bytes of its logs and checkpoints that the device has, and that only the page cache has. */
  readonly disk: DiskView;
  /** Its `log.dirs`, as the configuration names them; one is the usual number. */
  readonly logDirs: readonly string[];
  /** One for each partition it has a log of, or has been told to have; in the order of `View.partitions`. */
  readonly replicas: readonly ReplicaView[];
}

export interface DiskView {
  readonly flushedBytes: number;
  readonly dirtyBytes: number;
  readonly counters: DiskCounters;
  /** What is wrong with it; null when nothing is. */
  readonly faults: { readonly freeBytes: number | null; readonly failedDirs: readonly string[]; readonly slowFactor: number } | null;
}

/** One replica as its broker believes it to be. For a broker that does not run: what its files say. */
export interface ReplicaView {
  readonly key: PartitionKey;
  /** `offline`: has a log and knows no leader. `failed`: its log dir is offline. `none`: not told of it yet. */
  readonly role: 'leader' | 'follower' | 'offline' | 'failed' | 'none';
  readonly leaderEpoch: LeaderEpoch;
  /** Who leads, in this broker's belief; -1: nobody or unknown. */
  readonly leader: BrokerId;
  /** In this broker's belief; only a leader has a fresh one. */
  readonly isr: readonly BrokerId[];
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly logEndOffset: Offset;
  /** Records below this are on the device; from here on only in the page cache. */
  readonly flushedOffset: Offset;
  /** The leader epoch cache: each epoch with the offset of its first record, ascending. */
  readonly epochs: readonly EpochSpan[];
  /** The first offset at which this log differs from the log of the cluster's leader; null: nowhere. */
  readonly divergedFrom: Offset | null;
  /** What a leader knows of its followers; empty for others. */
  readonly followers: readonly FollowerView[];
}

export interface EpochSpan {
  readonly epoch: LeaderEpoch;
  readonly startOffset: Offset;
}

export interface FollowerView {
  readonly brokerId: BrokerId;
  /** Its log end as its last fetch told it; null: it has not fetched in this epoch. */
  readonly logEndOffset: Offset | null;
  readonly lastCaughtUpUs: InstantUs;
}

export interface ProducerView {
  readonly host: HostName;
  readonly name: string;
  readonly process: ProcessView;
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  readonly topic: string;
  readonly inFlightCount: number;
  readonly maxInFlightPerConnection: number;
  /** What it compresses by, and what that brought and cost so far; null without compression. */
  readonly compression: CompressionView | null;
  /** Records in the accumulator that were not sent yet. */
  readonly waitingRecordCount: number;
  readonly leaders: readonly BelievedLeader[];
  readonly acknowledgedCount: number;
  readonly failedCount: number;
  /** Kafka's error name, while the last answer was an error. */
  readonly lastError: string | null;
}

export interface CompressionView {
  readonly codec: string;
  /** Bytes of the records before and after. */
  readonly recordBytes: number;
  readonly compressedBytes: number;
  /** Processor time that it takes on a server, by a table. */
  readonly cpuUs: number;
}

export interface BelievedLeader {
  readonly key: PartitionKey;
  readonly leader: BrokerId;
  readonly leaderEpoch: LeaderEpoch;
}

export interface ConsumerView {
  readonly host: HostName;
  readonly name: string;
  readonly process: ProcessView;
  /** Null: partitions were assigned by hand. */
  readonly group: string | null;
  readonly positions: readonly PositionView[];
  readonly consumedCount: number;
  readonly lastError: string | null;
}

export interface PositionView {
  readonly key: PartitionKey;
  /** Null before the first one is known. */
  readonly position: Offset | null;
  /** As the last fetch told it. */
  readonly highWatermark: Offset | null;
  /** The leader that it fetches from, in its belief; -1: unknown. */
  readonly leader: BrokerId;
}

export interface AdminView {
  readonly host: HostName;
  readonly name: string;
  readonly process: ProcessView;
}

/** Both directions of one cable; `a` is the machine of the lower rank. */
export interface LinkView {
  readonly a: HostName;
  readonly b: HostName;
  readonly cut: 'no' | 'both' | 'aToB' | 'bToA';
  /** Set when the link is slower than the timing profile has it. */
  readonly slow: boolean;
}

export type MessageKind = 'produce' | 'fetch' | 'data' | 'control' | 'zk';

/** A request or answer under way between two machines. */
export interface MessageView {
  readonly id: number;
  readonly kind: MessageKind;
  readonly from: HostName;
  readonly to: HostName;
  readonly sentUs: InstantUs;
  readonly arrivesUs: InstantUs;
  /** In Kafka's words, short enough for a tag: `Fetch 16`, `12–15`, `LeaderAndIsr e4`. */
  readonly label: string;
  readonly api: string;
  readonly answer: boolean;
  /** Sent into a cut: it waits for the cable, and `arrivesUs` means nothing. */
  readonly held: boolean;
  readonly sizeBytes: number;
  /** Field names with their values, for the one who looks closely. */
  readonly fields: readonly (readonly [string, string])[];
}

export type TraceEvent = MachineTrace | ProcessTrace;

/** The power of every machine went at once, as the tab was reloaded, and came back: told once, and not for each machine. */
export interface SiteReloaded {
  readonly type: 'SiteReloaded';
  /** What was in page caches only, on all machines together. */
  readonly lostBytes: number;
}

/** Several cables of one machine (the `host` of the event) were cut or healed by one press: told once, and not for each end of each. */
export interface LinksCut {
  readonly type: 'LinksCut';
  readonly peers: readonly HostName[];
}

export interface LinksHealed {
  readonly type: 'LinksHealed';
  readonly peers: readonly HostName[];
}

/** What a reader is told of: what machines trace, and what concerns several of them. */
export type ToldEvent = TraceEvent | SiteReloaded | LinksCut | LinksHealed;

export interface EventView {
  /** Ascending in the one order of events; never used again within a run. */
  readonly id: number;
  readonly atUs: InstantUs;
  readonly host: HostName;
  readonly event: ToldEvent;
}

export interface InvariantView {
  readonly id: string;
  readonly holds: boolean;
  /** What broke it; empty while it holds. */
  readonly detail: string;
  /** The event that showed it. */
  readonly brokenAtUs: InstantUs | null;
}

export interface ConfigView {
  /** Whose: `broker`, `producer-1`, `topic orders`. */
  readonly of: string;
  readonly name: string;
  readonly value: string;
  /** Kafka's own; null where Kafka has none. */
  readonly kafkaDefault: string | null;
  readonly source: 'kafka' | 'timing' | 'scenario';
}

/** A list that only grows at its end, or is cut and grows again (a seek backwards). */
export interface Grown<T> {
  /** How many of the items known before stay. */
  readonly keep: number;
  readonly added: readonly T[];
}

/** Tables whose rows change one by one: only the rows that changed cross, by their key. */
export interface Rows<Row> {
  /** Keys in order, when rows came or went; absent: the same as before. */
  readonly order?: readonly string[];
  readonly changed: readonly Row[];
}

/** What changed since the view before. Everything that is absent is as it was. */
export interface ViewDelta {
  readonly nowUs: InstantUs;
  readonly run?: RunView;
  readonly ensemble?: EnsembleView;
  readonly truth?: TruthView;
  readonly topics?: readonly TopicView[];
  readonly partitions?: Rows<PartitionView>;
  readonly brokers?: Rows<BrokerView>;
  readonly producers?: Rows<ProducerView>;
  readonly consumers?: Rows<ConsumerView>;
  readonly admins?: readonly AdminView[];
  readonly links?: readonly LinkView[];
  readonly messages?: readonly MessageView[];
  readonly unseenMessageCount?: number;
  readonly events?: Grown<EventView>;
  readonly invariants?: readonly InvariantView[];
  readonly configs?: readonly ConfigView[];
}

/** Before anything is known. */
export const EMPTY_VIEW: View = {
  nowUs: 0,
  run: { scenario: '', title: { en: '', ko: '' }, facts: '', mode: 'zookeeper', timing: 'classroom', seed: 0, text: { en: '', ko: '' } },
  ensemble: { servers: [], inQuorumCount: 0 },
  truth: { known: false, controller: null, controllerEpoch: 0, liveBrokers: [] },
  topics: [],
  partitions: [],
  brokers: [],
  producers: [],
  consumers: [],
  admins: [],
  links: [],
  messages: [],
  unseenMessageCount: 0,
  events: [],
  invariants: [],
  configs: [],
};
