import type { ConnectionId, HostName, InstantUs } from './units.ts';
import type { FileTree } from './files.ts';

/**
 * The system calls of a process: all it can ask of its machine (effects) and all it can be told (inputs).
 * `Message` is what travels, `Event` the process kind's trace union, `Command` what a person may ask of it.
 * `owner` says which part of the process a connection, timer or disk operation belongs to, so that a process made of
 * several parts can hand the input to the right one. A (owner, name) pair names one timer: setting it again replaces it.
 */
export type SystemEffect<Message, Event> =
  | { readonly type: 'connect'; readonly owner: string; readonly connection: ConnectionId; readonly host: HostName; readonly port: number }
  | { readonly type: 'listen'; readonly port: number }
  | { readonly type: 'send'; readonly connection: ConnectionId; readonly message: Message }
  | { readonly type: 'close'; readonly connection: ConnectionId }
  | { readonly type: 'setTimer'; readonly owner: string; readonly name: string; readonly atUs: InstantUs }
  | { readonly type: 'cancelTimer'; readonly owner: string; readonly name: string }
  | DiskEffect
  | { readonly type: 'trace'; readonly event: Event }
  | { readonly type: 'exit'; readonly code: number; readonly reason: string };

/**
 * Disk operations act on the page cache at once, in order; only `flush` waits for the device and answers `diskDone`.
 * `append` writes at the end of the data; `resize` cuts or preallocates; `replace` is truncate-and-write of the whole file.
 * A flush makes everything written to that path so far durable, with the creation or rename of the path itself.
 */
export type DiskEffect =
  | { readonly type: 'append'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly type: 'replace'; readonly path: string; readonly bytes: Uint8Array }
  | { readonly type: 'resize'; readonly path: string; readonly sizeBytes: number }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'delete'; readonly path: string }
  | { readonly type: 'flush'; readonly owner: string; readonly operation: number; readonly path: string }
  | ReadEffect;

/**
 * A read of a range of a file, for its cost alone: what the process sends behind it in this step waits until the pages are there.
 * `sendfile` goes from the page cache to the socket, `read` into the process. (`Simplified:` the bytes are at hand in the state.)
 */
export interface ReadEffect {
  readonly type: 'read';
  readonly path: string;
  readonly position: number;
  readonly sizeBytes: number;
  readonly by: 'sendfile' | 'read';
}

export type CloseReason = 'closed' | 'reset' | 'refused' | 'timeout';
export type DiskError = 'EIO' | 'ENOSPC';

/** A system call that the disk refuses. */
export interface DiskFailure {
  readonly path: string;
  readonly error: DiskError;
}

/** A bit that flipped at a place of a file: the bits of `mask` are wrong in that byte. */
export interface FlippedBit {
  readonly position: number;
  readonly mask: number;
}

export type SystemInput<Message, Command> =
  | { readonly type: 'signal'; readonly signal: 'SIGTERM' }
  | { readonly type: 'timer'; readonly owner: string; readonly name: string }
  | { readonly type: 'connected'; readonly owner: string; readonly connection: ConnectionId }
  | { readonly type: 'accepted'; readonly connection: ConnectionId; readonly port: number; readonly peer: HostName }
  | { readonly type: 'received'; readonly owner: string; readonly connection: ConnectionId; readonly message: Message }
  | { readonly type: 'closed'; readonly owner: string; readonly connection: ConnectionId; readonly reason: CloseReason }
  | { readonly type: 'diskDone'; readonly owner: string; readonly operation: number; readonly path: string; readonly error: DiskError | null }
  | { readonly type: 'command'; readonly command: Command };

/** The owner of connections that a process accepted. */
export const ACCEPTED = 'accepted';

/**
 * What a process is started with: its own configuration and the files its machine shows it (page cache over device).
 * Reading at start is synchronous (`Simplified:` real start-up reads take device time; processes model it by a timer).
 */
export interface ProcessStart<Config> {
  readonly config: Config;
  readonly files: FileTree;
  /** Counts starts of this process on its machine, 1 for the first. */
  readonly incarnation: number;
  readonly host: HostName;
}
