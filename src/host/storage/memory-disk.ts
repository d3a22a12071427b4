import { appendToFile, deleteFile, emptyTree, readFile, renameFile, replaceFile, resizeFile, type FileTree } from '../../engine/kernel/files.ts';
import { mapEntries } from '../../engine/kernel/persistent-map.ts';
import { EMPTY_BYTES } from '../../engine/kernel/bytes.ts';
import { StorageError, type DeviceBatch, type DeviceImage, type DevicePosition, type DeviceStore, type DeviceWrite } from './contract.ts';

/** What a memory disk leaves behind when it is closed, and finds when it is opened again. */
export interface MemoryDevice {
  files: FileTree;
  flushSequence: number;
  atUs: number;
}

export function newMemoryDevice(): MemoryDevice {
  return { files: emptyTree(), flushSequence: 0, atUs: 0 };
}

/** A device for tests, headless runs and pages without storage: it lives as long as the page. */
export class MemoryDisk implements DeviceStore {
  private readonly device: MemoryDevice;
  private open = true;

  constructor(device: MemoryDevice = newMemoryDevice()) {
    this.device = device;
  }

  async load(): Promise<DeviceImage> {
    this.demandOpen();
    const { files, flushSequence, atUs } = this.device;
    return {
      files: mapEntries(files).map(([path, file]) => ({ path, bytes: (readFile(files, path) ?? EMPTY_BYTES).slice(), sizeBytes: file.sizeBytes })),
      flushSequence,
      atUs,
    };
  }

  async position(): Promise<DevicePosition> {
    this.demandOpen();
    return { flushSequence: this.device.flushSequence, atUs: this.device.atUs };
  }

  async commit(batch: DeviceBatch): Promise<void> {
    this.demandOpen();
    this.device.files = batch.writes.reduce(applyWrite, this.device.files);
    this.device.flushSequence = batch.flushSequence;
    this.device.atUs = batch.atUs;
  }

  async imageAt(flushSequence: number): Promise<DeviceImage | null> {
    this.demandOpen();
    return this.device.flushSequence === flushSequence ? this.load() : null;
  }

  async close(): Promise<void> {
    this.open = false;
  }

  async destroy(): Promise<void> {
    this.open = false;
    Object.assign(this.device, newMemoryDevice());
  }

  private demandOpen(): void {
    if (!this.open) throw new StorageError({ kind: 'lost', message: 'This disk has been closed.' });
  }
}

function applyWrite(files: FileTree, write: DeviceWrite): FileTree {
  switch (write.op) {
    case 'append':
      return appendToFile(files, write.path, write.bytes.slice());
    case 'put':
      return replaceFile(files, write.path, write.bytes.slice());
    case 'resize':
      return resizeFile(files, write.path, write.sizeBytes);
    case 'rename':
      return write.from === write.to ? files : renameFile(files, write.from, write.to);
    case 'delete':
      return deleteFile(files, write.path);
  }
}
