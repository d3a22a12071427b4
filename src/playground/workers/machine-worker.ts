import { serveMachine } from '../../host/workers/machine-host.ts';
import type { FromMachine, ToMachine } from '../../host/workers/messages.ts';
import { keepDevice } from '../../host/storage/device-keeper.ts';
import { portOf, type MessageEnd } from './worker-port.ts';

/** Entry of one machine's Worker: its runner, and its device in a database of its own. */
const scope = self as unknown as MessageEnd & { close(): void };

serveMachine(portOf<FromMachine, ToMachine>(scope, () => scope.close()), (boot) => {
  const { disk } = boot.checkpoint.state;
  const wanted = boot.storage.kind === 'indexeddb' && !boot.storage.fresh ? boot.storage.flushSequence : disk.flushSequence;
  const version = disk.recentDevices.find((recent) => recent.flushSequence === wanted);
  return keepDevice(boot.storage, { files: version?.device ?? disk.device, flushSequence: wanted, atUs: boot.atUs });
});
