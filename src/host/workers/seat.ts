import { loadCodecs } from '../codecs/load-codecs.ts';
import { assert } from '../../engine/kernel/assert.ts';
import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import type { TraceLanes } from '../../engine/kernel/hash.ts';
import type { MachineEvent, Surroundings } from '../../engine/machine/contract.ts';
import type { RunnerCheckpoint } from '../../engine/machine/runner.ts';
import { needsDevice, serveMachine } from './machine-host.ts';
import type { StorageProblem } from '../storage/contract.ts';
import { localPorts } from './local-port.ts';
import type { DarkMachine, FromMachine, MachineStorage, Port, ToMachine } from './messages.ts';

/** What every machine is told when it boots. */
export interface BootFacts {
  readonly seed: number;
  readonly epochMs: number;
  readonly surroundings: Surroundings;
  readonly atUs: InstantUs;
}

export interface SeatOptions {
  spawn(host: string, rank: MachineRank): Port<ToMachine, FromMachine>;
  storageOf(host: string): MachineStorage;
}

/** A machine's Worker could not go on. */
export class MachineFailure extends Error {
  readonly kind: 'assertion' | 'storage';
  readonly host: string;
  readonly problem: StorageProblem['kind'] | null;

  constructor(host: string, failed: Extract<FromMachine, { type: 'failed' }>) {
    super(failed.message);
    this.name = 'MachineFailure';
    this.kind = failed.kind;
    this.host = host;
    this.problem = failed.problem;
  }
}

type WindowDone = Extract<FromMachine, { type: 'windowDone' }>;

/**
 * One machine as the conductor knows it: its Worker, when it is next due, what waits to be handed to it. While the power is off
 * there is no Worker: what can still happen to a dark machine (packets fall on it) is handled here, and its disk stays where it
 * is kept until the next start boots from there.
 */
export class Seat {
  readonly rank: MachineRank;
  readonly host: string;
  nextUs: InstantUs = Infinity;
  flushSequence: number;
  private readonly options: SeatOptions;
  private packets: ArrayBuffer[] = [];
  private events: MachineEvent[] = [];
  private surroundings: Surroundings | null = null;
  private port: Port<ToMachine, FromMachine>;
  private dark: DarkMachine | null = null;
  /** The one question under way. */
  private asked: { answer(message: FromMachine): void } | null = null;
  /** Set once the Worker failed, also between two questions. */
  private failed: Extract<FromMachine, { type: 'failed' }> | null = null;

  constructor(machine: RunnerCheckpoint, options: SeatOptions) {
    this.rank = machine.spec.rank;
    this.host = machine.spec.host;
    this.flushSequence = machine.state.disk.flushSequence;
    this.options = options;
    this.port = this.connect(options.spawn(this.host, this.rank));
  }

  async boot(checkpoint: RunnerCheckpoint, facts: BootFacts, storage: MachineStorage = this.options.storageOf(this.host)): Promise<void> {
    const booted = await this.ask({ type: 'boot', ...facts, checkpoint, storage });
    assert(booted.type === 'booted', 'a boot to be answered');
    this.nextUs = booted.nextUs;
    if (booted.dark !== null) await this.goDark(booted.dark, facts);
  }

  /** Hands over a buffer of packets with the next window. */
  takePackets(buffer: ArrayBuffer, firstArrivalUs: InstantUs): void {
    this.packets.push(buffer);
    this.nextUs = Math.min(this.nextUs, firstArrivalUs);
  }

  /** Hands over a command's event with the next window. A dark machine gets a new Worker first where that needs its disk. */
  async takeEvent(event: MachineEvent, facts: BootFacts): Promise<void> {
    if (this.dark !== null && needsDevice(event.input)) return this.wake(event, facts, this.dark);
    this.events.push(event);
    this.nextUs = Math.min(this.nextUs, event.atUs);
  }

  takeSurroundings(surroundings: Surroundings): void {
    this.surroundings = surroundings;
  }

  async runWindow(endUs: InstantUs, facts: BootFacts): Promise<WindowDone> {
    const { packets, events, surroundings } = this;
    this.packets = [];
    this.events = [];
    this.surroundings = null;
    const answer = await this.ask({ type: 'window', endUs, packets, events, surroundings }, packets);
    assert(answer.type === 'windowDone', 'a window to be answered');
    this.nextUs = answer.nextUs;
    if (answer.flushSequence !== null) this.flushSequence = answer.flushSequence;
    if (answer.dark !== null) await this.goDark(answer.dark, facts);
    return answer;
  }

  async lanes(): Promise<TraceLanes> {
    const answer = await this.ask({ type: 'lanes' });
    assert(answer.type === 'lanes', 'lanes to be answered');
    return answer.lanes;
  }

  /** Lets the machine close its device and end its Worker by itself. */
  retire(): void {
    this.port.post({ type: 'close' });
  }

  /** Ends the Worker now, whatever it is doing. */
  terminate(): void {
    this.asked = null;
    this.port.close();
  }

  private async goDark(dark: DarkMachine, facts: BootFacts): Promise<void> {
    this.port.close();
    const [port, end] = localPorts<ToMachine, FromMachine>();
    serveMachine(end, async ({ checkpoint }) => ({ keeper: NOTHING_TO_KEEP, disk: checkpoint.state.disk }), loadCodecs);
    this.port = this.connect(port);
    const booted = await this.ask({ type: 'boot', ...facts, checkpoint: dark.checkpoint, storage: { kind: 'memory' } });
    assert(booted.type === 'booted', 'a boot to be answered');
    this.dark = dark;
  }

  private async wake(event: MachineEvent, facts: BootFacts, { hashes }: DarkMachine): Promise<void> {
    const arrivalUs = this.nextUs;
    const answer = await this.ask({ type: 'checkpoint', event });
    assert(answer.type === 'checkpoint', 'a checkpoint to be answered');
    this.port.close();
    this.dark = null;
    this.port = this.connect(this.options.spawn(this.host, this.rank));
    const kept = this.options.storageOf(this.host);
    const storage: MachineStorage = hashes === null || kept.kind === 'memory' ? { kind: 'memory' } : { kind: 'left', database: kept.database, hashes };
    await this.boot(answer.checkpoint, facts, storage);
    this.nextUs = Math.min(this.nextUs, arrivalUs);
  }

  private connect(port: Port<ToMachine, FromMachine>): Port<ToMachine, FromMachine> {
    port.onMessage((message) => {
      // A Worker that was ended may have said something still.
      if (this.port !== port) return;
      if (message.type === 'failed') this.failed = message;
      const { asked } = this;
      this.asked = null;
      asked?.answer(message);
    });
    return port;
  }

  /** Asks the machine one question; its failure is thrown. */
  private ask(message: ToMachine, transfer: Transferable[] = []): Promise<FromMachine> {
    return new Promise((resolve, reject) => {
      if (this.failed !== null) return reject(new MachineFailure(this.host, this.failed));
      this.asked = { answer: (answer) => (answer.type === 'failed' ? reject(new MachineFailure(this.host, answer)) : resolve(answer)) };
      this.port.post(message, transfer);
    });
  }
}

const NOTHING_TO_KEEP = {
  commit: async (): Promise<void> => assert(false, 'no change of the device while the power is off'),
  close: async (): Promise<void> => undefined,
};
