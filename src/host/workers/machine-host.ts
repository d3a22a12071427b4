import type { Codecs } from '../../engine/kernel/codecs.ts';
import { AssertionError } from '../../engine/kernel/assert.ts';
import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import type { DiskState, MachineEvent, Packet } from '../../engine/machine/contract.ts';
import {
  acceptEvent,
  acceptPacket,
  checkpointRunner,
  newOutput,
  nextEventUs,
  restoreRunner,
  runWindow,
  type DeviceChange,
  type Runner,
} from '../../engine/machine/runner.ts';
import { decodePackets, encodePackets } from '../codecs/packets.ts';
import { StorageError } from '../storage/contract.ts';
import { withoutContent } from '../storage/kept-content.ts';
import type { DarkMachine, FromMachine, OutboundPackets, Port, ToMachine } from './messages.ts';

/** Keeps a machine's device somewhere real, behind the model that decides when. */
export interface DeviceKeeper {
  /** Commits the changes of one window in one transaction; resolves when they are durable. */
  commit(changes: readonly DeviceChange[], atUs: InstantUs): Promise<void>;
  close(): Promise<void>;
}

/** A device that is open, and the disk to boot with, content included. */
export interface OpenedDevice {
  readonly keeper: DeviceKeeper;
  readonly disk: DiskState;
}

export type OpenDevice = (boot: Extract<ToMachine, { type: 'boot' }>) => Promise<OpenedDevice>;

/**
 * The inside of a machine's Worker: one runner and one device. A window's device changes are committed before the window is
 * answered, so the conductor holds everything else meanwhile: a slow device slows the run and never changes it. A machine that
 * loses its power writes what survived, closes its device, and answers all that is left of it: its Worker may end.
 */
export function serveMachine(port: Port<FromMachine, ToMachine>, openDevice: OpenDevice, loadCodecs: () => Promise<Codecs>): void {
  let runner: Runner | null = null;
  let device: DeviceKeeper | null = null;
  let keptElsewhere = false;
  const putOut = async (dark: Runner): Promise<DarkMachine> => {
    await device?.close();
    return darkMachine(dark, keptElsewhere);
  };
  let queue: Promise<void> = Promise.resolve();
  const handle = async (message: ToMachine): Promise<void> => {
    switch (message.type) {
      case 'boot': {
        const { seed, epochMs, surroundings } = message;
        const { spec, state, events } = message.checkpoint;
        const opened = await openDevice(message);
        runner = restoreRunner({ seed, epochMs, surroundings, codecs: await loadCodecs() }, { spec, state: { ...state, disk: opened.disk }, events });
        device = opened.keeper;
        keptElsewhere = message.storage.kind !== 'memory';
        return port.post({ type: 'booted', nextUs: nextEventUs(runner), dark: isDark(runner) ? await putOut(runner) : null });
      }
      case 'window':
        return answerWindow(port, { runner: needed(runner), device: needed(device), putOut }, message);
      case 'checkpoint':
        acceptEvent(needed(runner), message.event);
        return port.post({ type: 'checkpoint', checkpoint: checkpointRunner(needed(runner)) });
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
  const problem = whole instanceof StorageError ? whole.problem.kind : null;
  return { type: 'failed', kind: problem === null ? 'assertion' : 'storage', problem, message: whole.message, stack: whole.stack ?? '' };
}

/** Switched off, and not about to be started. */
function isDark(runner: Runner): boolean {
  return runner.state.power === 'off' && !runner.heap.items.some(({ input }) => needsDevice(input));
}

/** What a machine without power cannot take while its disk is put away: a start, and a bit that flips on it. */
export function needsDevice(input: MachineEvent['input']): boolean {
  return input.type === 'command' && (input.command.type === 'start' || input.command.type === 'corruptPage');
}

function darkMachine(runner: Runner, keptElsewhere: boolean): DarkMachine {
  const checkpoint = checkpointRunner(runner);
  if (!keptElsewhere) return { checkpoint, hashes: null };
  const { disk, hashes } = withoutContent(checkpoint.state.disk);
  return { checkpoint: { ...checkpoint, state: { ...checkpoint.state, disk } }, hashes };
}

interface Booted {
  readonly runner: Runner;
  readonly device: DeviceKeeper;
  putOut(runner: Runner): Promise<DarkMachine>;
}

async function answerWindow(port: Port<FromMachine, ToMachine>, booted: Booted, window: Extract<ToMachine, { type: 'window' }>): Promise<void> {
  const { runner, device } = booted;
  const wasDark = isDark(runner);
  if (window.surroundings !== null) runner.environment.surroundings = window.surroundings;
  for (const buffer of window.packets) for (const packet of decodePackets(buffer)) acceptPacket(runner, packet);
  for (const event of window.events) acceptEvent(runner, event);
  const output = newOutput();
  runWindow(runner, window.endUs, output);
  const last = output.deviceChanges[output.deviceChanges.length - 1];
  if (last !== undefined) await device.commit(output.deviceChanges, window.endUs);
  const packets = outbound(output.packets);
  const dark = !wasDark && isDark(runner) ? await booted.putOut(runner) : null;
  port.post(
    { type: 'windowDone', nextUs: nextEventUs(runner), packets, stepCount: output.stepCount, flushSequence: last?.flushSequence ?? null, dark },
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
