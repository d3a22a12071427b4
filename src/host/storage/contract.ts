import type { InstantUs } from '../../engine/kernel/units.ts';

/**
 * One change of a machine's device, as a host writes it down. A file's data are [0, dataEnd); beyond, up to its size, it reads
 * as zeros that are not stored. Writes to a path that does not exist create it, renames and deletions of such a path do nothing.
 */
export type DeviceWrite =
  /** At the end of the data; the size grows only when the data outgrow it. */
  | { readonly op: 'append'; readonly path: string; readonly bytes: Uint8Array }
  /** The whole content becomes `bytes`. */
  | { readonly op: 'put'; readonly path: string; readonly bytes: Uint8Array }
  /** Sets the size: cuts the data, or adds zeros behind them. */
  | { readonly op: 'resize'; readonly path: string; readonly sizeBytes: number }
  /** Replaces what was at `to`. */
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | { readonly op: 'delete'; readonly path: string };

/** Writes that reach the device together: after a crash all of them are there, or none. */
export interface DeviceBatch {
  readonly writes: readonly DeviceWrite[];
  /** The model's count of device changes after this batch. */
  readonly flushSequence: number;
  readonly atUs: InstantUs;
  /** `strict` waits for the real disk; `relaxed` is enough for a reload of the page. */
  readonly durability: 'relaxed' | 'strict';
}

export interface DeviceFile {
  readonly path: string;
  /** The data, without the zeros that follow them. */
  readonly bytes: Uint8Array;
  readonly sizeBytes: number;
}

/** The batch that made the device what it is; 0 and 0 before the first. */
export interface DevicePosition {
  readonly flushSequence: number;
  readonly atUs: InstantUs;
}

/** What the device holds: files sorted by code unit of their paths, and the batch that made it so. */
export interface DeviceImage extends DevicePosition {
  readonly files: readonly DeviceFile[];
}

/**
 * The port behind which a machine's device is kept. Calls take effect in the order they are made; all reject with a
 * `StorageError` when the storage fails, and from then on the store is of no more use.
 */
export interface DeviceStore {
  load(): Promise<DeviceImage>;
  /** How far the device is, without reading its files; at flush 0 there is nothing. */
  position(): Promise<DevicePosition>;
  /** One transaction; resolves once it is durable. A batch that fails leaves the device as it was. */
  commit(batch: DeviceBatch): Promise<void>;
  /** The image at that flush, or null when it is not the latest one: older images come from replaying the run. */
  imageAt(flushSequence: number): Promise<DeviceImage | null>;
  /** Waits for what is under way. The content stays. */
  close(): Promise<void>;
  /** Closes and deletes everything. */
  destroy(): Promise<void>;
}

/** Why storage cannot be had, or can no longer: a person is told, and may go on in memory. */
export type StorageProblem =
  /** Another tab holds an older version of the database open. */
  | { readonly kind: 'blocked'; readonly message: string }
  | { readonly kind: 'quota'; readonly message: string }
  /** The browser does not allow storage here (private window, settings, no secure context). */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'otherTab'; readonly message: string }
  /** What is stored contradicts itself or the run. */
  | { readonly kind: 'corrupt'; readonly message: string }
  /** The connection went away under us (storage cleared, deleted by another tab, browser trouble), or was closed before. */
  | { readonly kind: 'lost'; readonly message: string };

/** A storage failure under way. It is no error of the simulated cluster: the run stops there. */
export class StorageError extends Error {
  readonly problem: StorageProblem;

  constructor(problem: StorageProblem) {
    super(problem.message);
    this.name = 'StorageError';
    this.problem = problem;
  }
}

export type Opened<Store> = { readonly ok: true; readonly store: Store } | { readonly ok: false; readonly problem: StorageProblem };
