import type { FileImage, FileTree } from '../kernel/files.ts';
import type { TraceLanes } from '../kernel/hash.ts';
import type { PersistentArray } from '../kernel/persistent-array.ts';
import type { PersistentMap } from '../kernel/persistent-map.ts';
import type { CloseReason, DiskError, FlippedBit, SystemInput } from '../kernel/system.ts';
import type { ConnectionId, HostName, InstantUs, MachineRank } from '../kernel/units.ts';
import type { WireMessage } from '../protocol/wire.ts';
import type { ProcessCommandInput, ProcessSpec, ProcessState, ProcessTrace } from './process-kinds.ts';

/** One segment of a TCP-like connection between two machines. Sockets are numbered per machine and never used again. */
export interface Packet {
  readonly kind: 'syn' | 'synAck' | 'data' | 'fin' | 'rst';
  readonly from: MachineRank;
  readonly to: MachineRank;
  readonly fromSocket: number;
  /** -1 in a SYN, which names a port instead. */
  readonly toSocket: number;
  readonly port: number;
  readonly message: WireMessage | null;
  readonly sizeBytes: number;
  readonly sentUs: InstantUs;
  readonly arrivesUs: InstantUs;
  /** Counter of the sending machine: orders packets that arrive at one instant. */
  readonly sequence: number;
}

/** Constants of the operating system and its device; a timing profile sets them. */
export interface MachineProfile {
  /** From the command to the process's first instruction (a JVM starts slowly). */
  readonly processStartUs: number;
  readonly loopbackUs: number;
  /** The supervisor (systemd and its kind) starts a process that failed again after so long, a few times. */
  readonly restartDelayUs: number;
  /** First retransmission time-out; doubles up to the greatest. */
  readonly tcpRetransmitUs: number;
  readonly tcpGreatestRetransmitUs: number;
  /** Unacknowledged data older than this resets the connection. */
  readonly tcpUserTimeoutUs: number;
  readonly deviceFlushUs: number;
  readonly deviceBytesPerSecond: number;
  /** What a read costs that does not go on where the last one of its file ended. */
  readonly deviceSeekUs: number;
  /** Linux's knobs of the page cache, by their names under /proc/sys/vm. Bytes of 0 mean the ratio, in percent of `memoryBytes`. */
  readonly dirtyWritebackCentisecs: number;
  readonly dirtyExpireCentisecs: number;
  readonly dirtyBackgroundBytes: number;
  readonly dirtyBackgroundRatio: number;
  readonly dirtyBytes: number;
  readonly dirtyRatio: number;
  readonly memoryBytes: number;
  /** /sys/block/.../queue/read_ahead_kb: the most that a sequential reader gets ahead of itself. */
  readonly readAheadKb: number;
}

export interface MachineSpec {
  readonly rank: MachineRank;
  readonly host: HostName;
  readonly process: ProcessSpec;
  readonly profile: MachineProfile;
}

/** What the world tells a machine about others: host names to ranks, and the link it has towards each. */
export interface Surroundings {
  /** The kind of each machine by rank, and the settings of a link between two kinds when nothing else was commanded. */
  readonly kinds: readonly MachineKind[];
  readonly links: LinkTable;
  readonly ranks: PersistentMap<MachineRank>;
  /** Host names by rank. */
  readonly hosts: readonly HostName[];
}

export type MachineKind = 'zookeeper' | 'broker' | 'client';
export interface LinkTable {
  readonly zookeeperToZookeeper: LinkSettings;
  readonly brokerToZookeeper: LinkSettings;
  readonly brokerToBroker: LinkSettings;
  readonly clientToBroker: LinkSettings;
}

export interface LinkSettings {
  readonly latencyUs: number;
  readonly jitterUs: number;
  readonly lossPerMillion: number;
  readonly bytesPerSecond: number;
}

/** The directed link from this machine to another, owned by the sender. */
export interface LinkState {
  readonly settings: LinkSettings;
  readonly cut: boolean;
  readonly nextFreeUs: InstantUs;
  readonly draws: number;
  /** Sent into the cut, in order; retransmitted once healed. */
  readonly held: readonly Packet[];
}

export interface Socket {
  readonly id: number;
  readonly connection: ConnectionId;
  readonly owner: string;
  readonly peer: MachineRank;
  /** -1 while connecting. */
  readonly peerSocket: number;
  readonly status: 'connecting' | 'open';
  /** No later packet of this direction may arrive before this. */
  readonly lastArrivalUs: InstantUs;
}

export type ProcessStatus = 'off' | 'starting' | 'running' | 'paused' | 'exited' | 'killed';

export interface ProcessSlot {
  readonly status: ProcessStatus;
  /** Null before the first start and after the process ended. */
  readonly state: ProcessState | null;
  readonly incarnation: number;
  readonly nextConnection: number;
  readonly listening: readonly number[];
  /** Those of the process, in the order they came up; a handful, so that looking through them costs less than an index. */
  readonly timers: readonly TimerState[];
  /** What arrived while the process was stopped by SIGSTOP. */
  readonly backlog: PersistentArray<SystemInput<WireMessage, ProcessCommandInput>>;
  readonly exitCode: number | null;
  readonly exitReason: string | null;
  readonly statusSinceUs: InstantUs;
  /** How often the supervisor still tries after a failure; a start by hand gives it new tries. */
  readonly restartsLeft: number;
}

/** One timer of a process. Setting it anew moves `atUs` and leaves its event in the heap where it is, if that comes no later. */
export interface TimerState {
  readonly owner: string;
  readonly name: string;
  /** Number in the machine's sequence of the call that set it: its place among the events of one instant. */
  readonly generation: number;
  /** Infinity once cancelled: the entry stays as long as its event is in the heap. */
  readonly atUs: InstantUs;
  /** The event that stands in the heap for it. */
  readonly armed: { readonly atUs: InstantUs; readonly generation: number };
}

/** Page cache and device are two trees that share extents. */
export interface DiskState {
  readonly cache: FileTree;
  readonly device: FileTree;
  /** Path to the instant since when it has data that the device lacks. */
  readonly dirtySinceUs: PersistentMap<InstantUs>;
  /** Data in the page cache that the device lacks, over all files. */
  readonly dirtyBytes: number;
  /** Creations, renames and deletions not yet committed to the device, in order. */
  readonly journal: readonly JournalEntry[];
  readonly deviceFreeUs: InstantUs;
  /** Each content that is not a continuation of an earlier one gets a generation of its own. */
  readonly nextGeneration: number;
  /** Paths with a flush under way, and how many. */
  readonly flushing: PersistentMap<number>;
  /** Rises with each change of the device. */
  readonly flushSequence: number;
  /** The device after its latest changes, oldest first: a host that keeps it somewhere real may have been cut off a little behind. */
  readonly recentDevices: readonly DeviceVersion[];
  readonly writeBackArmed: boolean;
  /** Write-back that is on its way to the device. */
  readonly writingBack: readonly PathImage[];
  /** Bytes that processes wrote. */
  readonly writtenBytes: number;
  readonly counters: DiskCounters;
  /** Pages that are on the device only, and how far their readers have got. */
  readonly coldPages: ColdPages;
  /** Null as long as nothing is wrong with it. */
  readonly faults: DiskFaults | null;
}

/** What somebody did to a disk. */
export interface DiskFaults {
  /** What may still be written; null: enough. */
  readonly freeBytes: number | null;
  /** Top directories whose device answers with EIO; the empty one is the whole disk. */
  readonly failedDirs: readonly string[];
  /** How many times as long everything takes. */
  readonly slowFactor: number;
  /** Path to the bits that flipped in what was written there, for whoever reads it without reading the file. */
  readonly rot: PersistentMap<readonly FlippedBit[]>;
}

export type DiskCommand =
  /** Null: there is room again. */
  | { readonly type: 'fillDisk'; readonly freeBytes: number | null }
  | { readonly type: 'failDisk'; readonly dir: string; readonly fails: boolean }
  | { readonly type: 'slowDisk'; readonly factor: number }
  /** Without a byte chance takes one of the page. */
  | { readonly type: 'corruptPage'; readonly path: string; readonly page: number; readonly byte: number | null };

export interface PathImage {
  readonly path: string;
  readonly image: FileImage;
}

/** What a disk did since the machine was made: bytes unless named otherwise. */
export interface DiskCounters {
  /** Reached the device because a process waited for it, and because of age or amount. */
  readonly flushedBytes: number;
  readonly writtenBackBytes: number;
  /** Read by processes, from the page cache and from the device. */
  readonly cacheReadBytes: number;
  readonly deviceReadBytes: number;
  /** Part of both that went from the page cache to a socket without passing the process (sendfile). */
  readonly sendfileBytes: number;
  /** Reads of the device that went on where the last one of the file ended, and those that did not. */
  readonly sequentialReadCount: number;
  readonly randomReadCount: number;
  /** How long readers waited for the device, and writers because too much was dirty. */
  readonly readWaitUs: number;
  readonly throttledUs: number;
}

/** After a power cut the page cache is empty: only what a file had on the device then can be cold. */
export interface ColdPages {
  /** Path to the ranges of pages that are not in the cache, ascending and apart from one another. */
  readonly ranges: PersistentMap<readonly PageRange[]>;
  /** Path to the reader's place: the page behind the last device read, and how many pages the next read-ahead takes. */
  readonly readers: PersistentMap<Reader>;
}

/** Pages [from, to). */
export interface PageRange {
  readonly from: number;
  readonly to: number;
}

export interface Reader {
  readonly nextPage: number;
  readonly windowPages: number;
}

export interface DeviceVersion {
  readonly flushSequence: number;
  readonly device: FileTree;
}

export type JournalEntry =
  | { readonly op: 'create' | 'delete'; readonly path: string }
  /** A cut of the data: size and content are journalled together, so a later fsync of any file makes it durable too. */
  | { readonly op: 'cut'; readonly path: string; readonly sizeBytes: number; readonly from: number; readonly to: number }
  /** `image` when a flush of `from` was under way: the process waits for it before renaming, so the new name never shows less. */
  | { readonly op: 'rename'; readonly from: string; readonly to: string; readonly image: FileImage | null };

export interface MachineState {
  readonly power: 'on' | 'off';
  readonly process: ProcessSlot;
  readonly sockets: PersistentMap<Socket>;
  /** Connection id of the process to socket id. */
  readonly connections: PersistentMap<number>;
  readonly nextSocket: number;
  readonly links: PersistentArray<LinkState | null>;
  readonly disk: DiskState;
  readonly draws: PersistentMap<number>;
  /** Peers whose packets fell on the powered-off machine: their retransmission meets a reset after power comes back. */
  readonly unanswered: readonly Packet[];
  readonly sequence: number;
  readonly stepCount: number;
  readonly lanes: TraceLanes;
}

/** Order inside one machine: (time, class, source, source sequence). */
export const EVENT_CLASS = { command: 0, message: 1, disk: 2, timer: 3 } as const;

export interface MachineEvent {
  readonly atUs: InstantUs;
  readonly class: number;
  readonly source: MachineRank;
  readonly sequence: number;
  readonly input: MachineInput;
}

export type MachineInput =
  | { readonly type: 'packet'; readonly packet: Packet }
  | { readonly type: 'command'; readonly command: MachineCommand }
  | { readonly type: 'processTimer'; readonly owner: string; readonly name: string; readonly generation: number; readonly incarnation: number }
  | {
      readonly type: 'flushDone';
      readonly owner: string;
      readonly operation: number;
      readonly path: string;
      readonly image: FileImage | null;
      readonly incarnation: number;
      readonly boot: number;
    }
  | { readonly type: 'writeBack'; readonly boot: number }
  | { readonly type: 'writtenBack'; readonly boot: number }
  | { readonly type: 'processReady'; readonly incarnation: number }
  | { readonly type: 'processRestart'; readonly incarnation: number }
  | { readonly type: 'tcpTimeout'; readonly peer: MachineRank };

export type MachineCommand =
  | { readonly type: 'start' }
  | { readonly type: 'terminate' }
  | { readonly type: 'kill' }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** With a flush sequence the survivors are just what the device held then (a reload of the page); null lets chance decide, or tears pages. */
  | { readonly type: 'powerOff'; readonly exactDevice: number | null; readonly torn: boolean }
  | { readonly type: 'setLink'; readonly to: MachineRank; readonly cut: boolean | null; readonly settings: LinkSettings | null }
  | DiskCommand
  | { readonly type: 'client'; readonly command: ProcessCommandInput };

/** What a machine step asks of its runner and world. */
export type MachineEffect =
  | { readonly type: 'schedule'; readonly event: MachineEvent }
  | { readonly type: 'packet'; readonly packet: Packet }
  | { readonly type: 'trace'; readonly record: TraceRecord }
  /** The device changed: `after` null means deleted. A host that keeps the device somewhere real writes this down. */
  | {
      readonly type: 'deviceChanged';
      readonly path: string;
      readonly before: FileImage | null;
      readonly after: FileImage | null;
      readonly flushSequence: number;
      /** A process waits for it (fsync); else it is write-back. */
      readonly flushed: boolean;
    };

/** Enough to seek to an event: instant, machine, step of that machine. */
export interface EventId {
  readonly atUs: InstantUs;
  readonly machine: MachineRank;
  readonly step: number;
}

export interface TraceRecord {
  readonly id: EventId;
  readonly host: HostName;
  readonly event: MachineTrace | ProcessTrace;
}

/** Domain events of the operating system and the wire. */
export type MachineTrace =
  | { readonly type: 'ProcessStarting'; readonly incarnation: number }
  | { readonly type: 'ProcessStarted'; readonly incarnation: number }
  | { readonly type: 'ProcessKilled' }
  | { readonly type: 'ProcessStopping' }
  | { readonly type: 'ProcessExited'; readonly code: number; readonly reason: string }
  | { readonly type: 'ProcessPaused' }
  | { readonly type: 'ProcessResumed'; readonly waitingInputs: number }
  | { readonly type: 'PoweredOff'; readonly lostBytes: number; readonly lostFiles: readonly string[]; readonly tornFiles: readonly string[] }
  | { readonly type: 'PoweredOn' }
  | { readonly type: 'LinkCut'; readonly to: HostName }
  | { readonly type: 'LinkHealed'; readonly to: HostName }
  | { readonly type: 'LinkChanged'; readonly to: HostName }
  | { readonly type: 'ConnectionClosed'; readonly peer: HostName; readonly reason: CloseReason }
  /** A process met this error. */
  | { readonly type: 'DiskFailed'; readonly path: string; readonly error: DiskError }
  | { readonly type: 'DiskFilled'; readonly freeBytes: number }
  | { readonly type: 'DiskFreed' }
  /** The device under a directory, or the whole disk where that is empty. */
  | { readonly type: 'DiskBroken'; readonly dir: string }
  | { readonly type: 'DiskHealed'; readonly dir: string }
  | { readonly type: 'DiskSlowed'; readonly factor: number }
  | { readonly type: 'PageCorrupted'; readonly path: string; readonly page: number; readonly position: number };
