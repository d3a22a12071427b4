import { assert } from '../../engine/kernel/assert.ts';
import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import type { MachineEvent, Surroundings } from '../../engine/machine/contract.ts';
import type { RunnerCheckpoint } from '../../engine/machine/runner.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import type { FromHistory, FromMachine, MachineStorage, Port, ToHistory, ToMachine } from './messages.ts';

/** One machine as the conductor knows it: its Worker, when it is next due, what waits to be handed to it. */
interface Seat {
  readonly rank: MachineRank;
  readonly host: string;
  readonly port: Port<ToMachine, FromMachine>;
  nextUs: InstantUs;
  packets: ArrayBuffer[];
  events: MachineEvent[];
  surroundings: Surroundings | null;
  /** Resolves the one question under way. */
  answer: ((message: FromMachine) => void) | null;
}

/** What of a run must outlive the page: see `host/storage`. */
export interface RunJournal {
  /** Durable before it resolves: a machine sees the command only then. */
  appendCommand(issued: IssuedCommand): Promise<void>;
  mark(mark: { readonly atUs: InstantUs; readonly flushSequences: Readonly<Record<string, number>> }): Promise<void>;
}

export interface ConductorOptions {
  readonly history: Port<ToHistory, FromHistory>;
  spawn(host: string, rank: MachineRank): Port<ToMachine, FromMachine>;
  readonly journal: RunJournal;
  storageOf(host: string): MachineStorage;
  /** A mark is written, and hashes compared, each time so much virtual time has passed. */
  readonly markEveryUs: number;
  failed(failure: RunFailure): void;
}

export interface RunFailure {
  readonly kind: 'assertion' | 'storage' | 'divergence';
  readonly where: string;
  readonly message: string;
  readonly atUs: InstantUs;
}

/** What a replay came to: the commands that made sense, in order. */
export interface OpenedRun {
  readonly hash: string;
  readonly commands: readonly IssuedCommand[];
  readonly hosts: readonly string[];
}

export interface OpenRun {
  readonly scenario: Scenario;
  readonly seed: number;
  /** In order of time; one that makes no sense when its time comes is passed over. */
  readonly commands: readonly { readonly atUs: InstantUs; readonly command: Command }[];
  readonly atUs: InstantUs;
}

/**
 * Drives the machines' Workers through windows in which none can affect another, routes what they sent, and keeps the
 * history Worker one step behind. One thing at a time: `advanceTo` and `command` wait for each other.
 */
export class Conductor {
  nowUs: InstantUs = 0;
  private readonly options: ConductorOptions;
  private readonly seats: Seat[] = [];
  private readonly flushSequences: Record<string, number> = {};
  private readonly questions = new Map<number, (message: FromHistory) => void>();
  private nextRequest = 1;
  private lookaheadUs = 1;
  private seed = 0;
  private epochMs = 0;
  private lastMarkUs: InstantUs = 0;
  private busy: Promise<unknown> = Promise.resolve();
  private broken = false;

  constructor(options: ConductorOptions) {
    this.options = options;
    options.history.onMessage((message) => this.onHistory(message));
  }

  /** Replays the run in the history Worker and boots every machine from there. `prepare` comes in between: it learns what was replayed and may make room. */
  open(run: OpenRun, prepare: (opened: OpenedRun) => Promise<void>): Promise<OpenedRun> {
    return this.exclusively(async () => {
      const opened = await this.ask({ type: 'open', request: this.nextRequest++, scenario: run.scenario, seed: run.seed, commands: run.commands, atUs: run.atUs });
      assert(opened.type === 'opened', 'an answer to open');
      this.seed = run.seed;
      this.epochMs = opened.epochMs;
      this.nowUs = run.atUs;
      this.lastMarkUs = run.atUs;
      this.lookaheadUs = opened.lookaheadUs;
      const replayed: OpenedRun = { hash: opened.hash, commands: opened.commands, hosts: opened.machines.map((machine) => machine.spec.host) };
      await prepare(replayed);
      await Promise.all(opened.machines.map((machine) => this.seat(machine, opened.surroundings)));
      return replayed;
    });
  }

  /** Runs every event before `untilUs`, however many windows that takes. */
  advanceTo(untilUs: InstantUs): Promise<void> {
    return this.exclusively(async () => {
      while (this.nowUs < untilUs && !this.broken) await this.window(untilUs);
    });
  }

  /** Gives a command at the present moment. Refused commands change nothing. */
  command(command: Command): Promise<{ readonly ok: true; readonly issued: IssuedCommand } | { readonly ok: false; readonly reason: string }> {
    return this.exclusively(async () => {
      const checked = await this.ask({ type: 'command', request: this.nextRequest++, command });
      assert(checked.type === 'commandChecked', 'an answer to a command');
      const { outcome } = checked;
      if (!outcome.ok) return outcome;
      await this.options.journal.appendCommand(outcome.issued);
      this.lookaheadUs = outcome.lookaheadUs;
      for (const seat of this.seats) seat.surroundings = outcome.surroundings;
      if (outcome.added !== null) await this.seat(outcome.added, outcome.surroundings);
      for (const { rank, event } of outcome.events) {
        const seat = this.seats[rank];
        assert(seat !== undefined, `a seat for machine ${rank}`);
        seat.events.push(event);
        seat.nextUs = Math.min(seat.nextUs, event.atUs);
      }
      return { ok: true, issued: outcome.issued };
    });
  }

  /** The instant just after the next interesting event, or null when none comes within the horizon. */
  findNext(horizonUs: number): Promise<InstantUs | null> {
    return this.exclusively(async () => {
      const found = await this.ask({ type: 'findNext', request: this.nextRequest++, horizonUs });
      assert(found.type === 'foundNext', 'an answer to findNext');
      return found.atUs;
    });
  }

  /** Waits for what is under way and ends every Worker. */
  async close(): Promise<void> {
    this.broken = true;
    await this.busy.catch(() => undefined);
    for (const seat of this.seats) seat.port.post({ type: 'close' });
  }

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.busy.then(work);
    this.busy = result.catch((error: unknown) => this.fail({ kind: 'assertion', where: 'conductor', message: error instanceof Error ? error.message : String(error) }));
    return result;
  }

  private fail(failure: Omit<RunFailure, 'atUs'>): void {
    if (this.broken) return;
    this.broken = true;
    this.options.failed({ ...failure, atUs: this.nowUs });
  }

  private ask(message: Extract<ToHistory, { request: number }>): Promise<FromHistory> {
    return new Promise((resolve) => {
      this.questions.set(message.request, resolve);
      this.options.history.post(message);
    });
  }

  private onHistory(message: FromHistory): void {
    switch (message.type) {
      case 'markChecked':
        if (!message.equal) this.fail({ kind: 'divergence', where: message.differing.join(', '), message: `The machines ${message.differing.join(', ')} differ from the history at ${message.atUs} µs.` });
        return;
      case 'failed':
        return this.fail({ kind: 'assertion', where: 'history', message: message.message });
      default: {
        const resolve = this.questions.get(message.request);
        this.questions.delete(message.request);
        resolve?.(message);
      }
    }
  }

  private async seat(machine: RunnerCheckpoint, surroundings: Surroundings): Promise<void> {
    const { rank, host } = machine.spec;
    const port = this.options.spawn(host, rank);
    const seat: Seat = { rank, host, port, nextUs: Infinity, packets: [], events: [], surroundings: null, answer: null };
    this.seats[rank] = seat;
    this.flushSequences[host] = machine.state.disk.flushSequence;
    port.onMessage((message) => {
      const answer = seat.answer;
      seat.answer = null;
      answer?.(message);
    });
    const booted = await this.tell(seat, { type: 'boot', seed: this.seed, epochMs: this.epochMs, surroundings, checkpoint: machine, atUs: this.nowUs, storage: this.options.storageOf(host) });
    if (booted.type === 'booted') seat.nextUs = booted.nextUs;
  }

  /** Sends one question to a machine; its failure ends the run where it stands. */
  private tell(seat: Seat, message: ToMachine, transfer: Transferable[] = []): Promise<FromMachine> {
    return new Promise((resolve, reject) => {
      seat.answer = (answer) => {
        if (answer.type !== 'failed') return resolve(answer);
        this.fail({ kind: answer.kind, where: seat.host, message: answer.message });
        reject(new Error(`${seat.host}: ${answer.message}`));
      };
      seat.port.post(message, transfer);
    });
  }

  private async window(untilUs: InstantUs): Promise<void> {
    const first = this.seats.reduce((least, seat) => Math.min(least, seat.nextUs), Infinity);
    const endUs = Math.min(untilUs, Math.max(this.nowUs + 1, first + this.lookaheadUs));
    const due = this.seats.filter((seat) => seat.nextUs < endUs);
    const answers = await Promise.all(due.map((seat) => this.runWindow(seat, endUs)));
    for (const answer of answers) this.route(answer, endUs);
    this.nowUs = endUs;
    this.options.history.post({ type: 'advance', toUs: endUs });
    if (endUs - this.lastMarkUs >= this.options.markEveryUs) await this.mark();
  }

  private async runWindow(seat: Seat, endUs: InstantUs): Promise<Extract<FromMachine, { type: 'windowDone' }>> {
    const { packets, events, surroundings } = seat;
    seat.packets = [];
    seat.events = [];
    seat.surroundings = null;
    const answer = await this.tell(seat, { type: 'window', endUs, packets, events, surroundings }, packets);
    assert(answer.type === 'windowDone', 'a window to be answered');
    seat.nextUs = answer.nextUs;
    if (answer.flushSequence !== null) this.flushSequences[seat.host] = answer.flushSequence;
    return answer;
  }

  private route(answer: Extract<FromMachine, { type: 'windowDone' }>, endUs: InstantUs): void {
    for (const outbound of answer.packets) {
      const seat = this.seats[outbound.to];
      assert(seat !== undefined && outbound.firstArrivalUs >= endUs, 'packets for a machine that is there, after the window');
      seat.packets.push(outbound.buffer);
      seat.nextUs = Math.min(seat.nextUs, outbound.firstArrivalUs);
    }
  }

  private async mark(): Promise<void> {
    this.lastMarkUs = this.nowUs;
    const answers = await Promise.all(this.seats.map((seat) => this.tell(seat, { type: 'lanes' })));
    const lanes = answers.map((answer) => {
      assert(answer.type === 'lanes', 'lanes to be answered');
      return answer.lanes;
    });
    this.options.history.post({ type: 'mark', lanes });
    await this.options.journal.mark({ atUs: this.nowUs, flushSequences: { ...this.flushSequences } });
  }
}
