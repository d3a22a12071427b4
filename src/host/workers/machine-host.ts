import { AssertionError } from '../../engine/kernel/assert.ts';
import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import type { Packet } from '../../engine/machine/contract.ts';
import { acceptEvent, acceptPacket, newOutput, nextEventUs, restoreRunner, runWindow, type DeviceChange, type Runner } from '../../engine/machine/runner.ts';
import { decodePackets, encodePackets } from '../codecs/packets.ts';
import type { FromMachine, OutboundPackets, Port, ToMachine } from './messages.ts';

/** Keeps a machine's device somewhere real, behind the model that decides when. */
export interface DeviceKeeper {
  /** Commits the changes of one window in one transaction; resolves when they are durable. */
  commit(changes: readonly DeviceChange[], atUs: InstantUs): Promise<void>;
  close(): Promise<void>;
}

export type OpenDevice = (boot: Extract<ToMachine, { type: 'boot' }>) => Promise<DeviceKeeper>;

/**
 * The inside of a machine's Worker: one runner and one device. A window's device changes are committed before the window is
 * answered, so the conductor holds everything else meanwhile: a slow device slows the run and never changes it.
 */
export function serveMachine(port: Port<FromMachine, ToMachine>, openDevice: OpenDevice): void {
  let runner: Runner | null = null;
  let device: DeviceKeeper | null = null;
  let queue: Promise<void> = Promise.resolve();
  const handle = async (message: ToMachine): Promise<void> => {
    switch (message.type) {
      case 'boot': {
        const { seed, epochMs, surroundings } = message;
        runner = restoreRunner({ seed, epochMs, surroundings }, message.checkpoint);
        device = await openDevice(message);
        return port.post({ type: 'booted', nextUs: nextEventUs(runner) });
      }
      case 'window':
        return answerWindow(port, needed(runner), needed(device), message);
      case 'lanes':
        return port.post({ type: 'lanes', lanes: needed(runner).state.lanes, stepCount: needed(runner).state.stepCount });
      case 'close':
        await device?.close();
        return port.close();
    }
  };
  port.onMessage((message) => {
    queue = queue.then(() => handle(message)).catch((error: unknown) => port.post(failure(error)));
  });
}

function needed<T>(value: T | null): T {
  if (value === null) throw new AssertionError('expected a machine that has booted');
  return value;
}

/** What a page can show of an error that ended the run. */
function failure(error: unknown): FromMachine {
  const whole = error instanceof Error ? error : new Error(String(error));
  const kind = whole.name === 'StorageError' ? 'storage' : 'assertion';
  return { type: 'failed', kind, message: whole.message, stack: whole.stack ?? '' };
}

async function answerWindow(port: Port<FromMachine, ToMachine>, runner: Runner, device: DeviceKeeper, window: Extract<ToMachine, { type: 'window' }>): Promise<void> {
  if (window.surroundings !== null) runner.environment.surroundings = window.surroundings;
  for (const buffer of window.packets) for (const packet of decodePackets(buffer)) acceptPacket(runner, packet);
  for (const event of window.events) acceptEvent(runner, event);
  const output = newOutput();
  runWindow(runner, window.endUs, output);
  const last = output.deviceChanges[output.deviceChanges.length - 1];
  if (last !== undefined) await device.commit(output.deviceChanges, window.endUs);
  const packets = outbound(output.packets);
  port.post(
    { type: 'windowDone', nextUs: nextEventUs(runner), packets, stepCount: output.stepCount, flushSequence: last?.flushSequence ?? null },
    packets.map((one) => one.buffer),
  );
}

/** Packets by receiver, each list one fresh buffer. */
function outbound(packets: readonly Packet[]): OutboundPackets[] {
  const byReceiver = new Map<MachineRank, Packet[]>();
  for (const packet of packets) {
    const list = byReceiver.get(packet.to);
    if (list === undefined) byReceiver.set(packet.to, [packet]);
    else list.push(packet);
  }
  const all: OutboundPackets[] = [];
  for (const [to, list] of byReceiver) {
    const firstArrivalUs = list.reduce((least, packet) => Math.min(least, packet.arrivesUs), Infinity);
    all.push({ to, firstArrivalUs, buffer: encodePackets(list) });
  }
  return all;
}
