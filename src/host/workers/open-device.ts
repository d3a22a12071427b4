import { keepDevice, reopenDevice } from '../storage/device-keeper.ts';
import { withContent } from '../storage/kept-content.ts';
import { StorageError } from '../storage/contract.ts';
import type { OpenDevice } from './machine-host.ts';

/** Opens the device that a machine boots with: in memory, in a database of its own, or as it was left when the power went. */
export const openDevice: OpenDevice = async ({ checkpoint, storage, atUs }) => {
  const { disk } = checkpoint.state;
  if (storage.kind === 'left') {
    const { kept, image } = await reopenDevice(storage.database);
    try {
      return { keeper: kept, disk: withContent(disk, storage.hashes, image) };
    } catch (error) {
      await kept.close();
      throw error instanceof StorageError ? new StorageError({ ...error.problem, message: `${storage.database}: ${error.message}` }) : error;
    }
  }
  const wanted = storage.kind === 'indexeddb' && !storage.fresh ? storage.flushSequence : disk.flushSequence;
  const version = disk.recentDevices.find((recent) => recent.flushSequence === wanted);
  return { keeper: await keepDevice(storage, { files: version?.device ?? disk.device, flushSequence: wanted, atUs }), disk };
};
