import { loadCodecs } from '../../host/codecs/load-codecs.ts';
import { serveMachine } from '../../host/workers/machine-host.ts';
import type { FromMachine, ToMachine } from '../../host/workers/messages.ts';
import { openDevice } from '../../host/workers/open-device.ts';
import { portOf, type MessageEnd } from './worker-port.ts';

/** Entry of one machine's Worker: its runner, and its device in a database of its own. */
const scope = self as unknown as MessageEnd & { close(): void };

serveMachine(
  portOf<FromMachine, ToMachine>(scope, () => scope.close()),
  openDevice,
  loadCodecs,
);
