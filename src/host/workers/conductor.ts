import { assert } from '../../engine/kernel/assert.ts';
import type { InstantUs, MachineRank } from '../../engine/kernel/units.ts';
import { combinedHash, type TraceLanes } from '../../engine/kernel/hash.ts';
import type { Surroundings } from '../../engine/machine/contract.ts';
import type { RunnerCheckpoint } from '../../engine/machine/runner.ts';
import type { Command } from '../../engine/world/command.ts';
import type { Scenario } from '../../engine/world/scenario.ts';
import type { IssuedCommand } from '../../engine/world/world-state.ts';
import { StorageError, type StorageProblem } from '../storage/contract.ts';
import type { CommandChecked, FromHistory, FromMachine, MachineStorage, Port, ToHistory, ToMachine } from './messages.ts';
import { MachineFailure, Seat, type BootFacts } from './seat.ts';

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
  /** The kind of the storage problem; null when storage has nothing to do with it. */
  readonly problem: StorageProblem['kind'] | null;
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
  private seats: Seat[] = [];
  private readonly questions = new Map<number, { resolve(message: FromHistory): void; reject(error: Error): void }>();
  private nextRequest = 1;
  private lookaheadUs = 1;
  private seed = 0;
  private epochMs = 0;
  private surroundings: Surroundings | null = null;
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
      const opened = await this.ask({
        type: 'open',
        request: this.nextRequest++,
        scenario: run.scenario,
        seed: run.seed,
        commands: run.commands,
        atUs: run.atUs,
      });
      assert(opened.type === 'opened', 'an answer to open');
      this.seed = run.seed;
      this.epochMs = opened.epochMs;
      this.nowUs = run.atUs;
      this.lastMarkUs = run.atUs;
      const replayed: OpenedRun = { hash: opened.hash, commands: opened.commands, hosts: opened.machines.map((machine) => machine.spec.host) };
      await prepare(replayed);
      await this.seatAll(opened);
      return replayed;
    });
  }

  /**
   * Boots every machine again from the history, at the moment up to which all of them were right, and goes on; the storage that
   * `storageOf` names by then is taken. The way on after real storage has failed.
   */
  reseat(): Promise<void> {
    const result = this.busy.then(async () => {
      this.seats.forEach((seat) => seat.terminate());
      this.broken = false;
      const world = await this.ask({ type: 'checkpoint', request: this.nextRequest++ });
      assert(world.type === 'opened', 'an answer to checkpoint');
      await this.seatAll(world);
    });
    this.busy = result.catch((error: unknown) => this.failWith(error));
    return result;
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
      if (this.broken) return { ok: false, reason: 'The run has stopped.' };
      const checked = await this.ask({ type: 'command', request: this.nextRequest++, command });
      assert(checked.type === 'commandChecked', 'an answer to a command');
      const { outcome } = checked;
      if (!outcome.ok) return outcome;
      await this.options.journal.appendCommand(outcome.issued);
      // From here on the command is part of the run, whatever becomes of the machines.
      await this.handOver(outcome).catch((error: unknown) => this.failWith(error));
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

  /** Every machine's running hash at the present moment, by rank, and the run's. Rejects when the run has stopped. */
  hashes(): Promise<{ readonly atUs: InstantUs; readonly lanes: readonly TraceLanes[]; readonly hash: string }> {
    return this.exclusively(async () => {
      if (this.broken) throw new Error('The run has stopped.');
      const lanes = await Promise.all(this.seats.map((seat) => seat.lanes()));
      return { atUs: this.nowUs, lanes, hash: combinedHash(lanes) };
    });
  }

  /** Waits for what is under way and ends every Worker. */
  async close(): Promise<void> {
    this.broken = true;
    await this.busy.catch(() => undefined);
    for (const seat of this.seats) seat.retire();
  }

  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = this.busy.then(work);
    this.busy = result.catch((error: unknown) => this.failWith(error));
    return result;
  }

  private failWith(error: unknown): void {
    if (error instanceof MachineFailure) return this.fail({ kind: error.kind, where: error.host, message: error.message, problem: error.problem });
    if (error instanceof StorageError) return this.fail({ kind: 'storage', where: 'runs', message: error.message, problem: error.problem.kind });
    this.fail({ kind: 'assertion', where: 'conductor', message: error instanceof Error ? error.message : String(error), problem: null });
  }

  private fail(failure: Omit<RunFailure, 'atUs'>): void {
    if (this.broken) return;
    this.broken = true;
    this.options.failed({ ...failure, atUs: this.nowUs });
  }

  private ask(message: Extract<ToHistory, { request: number }>): Promise<FromHistory> {
    return new Promise((resolve, reject) => {
      this.questions.set(message.request, { resolve, reject });
      this.options.history.post(message);
    });
  }

  private onHistory(message: FromHistory): void {
    switch (message.type) {
      case 'markChecked':
        if (!message.equal)
          this.fail({
            kind: 'divergence',
            where: message.differing.join(', '),
            message: `The machines ${message.differing.join(', ')} differ from the history at ${message.atUs} µs.`,
            problem: null,
          });
        return;
      case 'failed':
        this.fail({ kind: 'assertion', where: 'history', message: message.message, problem: null });
        for (const question of this.questions.values()) question.reject(new Error(message.message));
        return this.questions.clear();
      default: {
        const question = this.questions.get(message.request);
        this.questions.delete(message.request);
        question?.resolve(message);
      }
    }
  }

  private facts(): BootFacts {
    assert(this.surroundings !== null, 'a run that is open');
    return { seed: this.seed, epochMs: this.epochMs, surroundings: this.surroundings, atUs: this.nowUs };
  }

  private async seatAll(world: Extract<FromHistory, { type: 'opened' }>): Promise<void> {
    this.seats = [];
    this.surroundings = world.surroundings;
    this.lookaheadUs = world.lookaheadUs;
    await Promise.all(world.machines.map((machine) => this.seat(machine)));
  }

  private seat(machine: RunnerCheckpoint): Promise<void> {
    const seat = new Seat(machine, this.options);
    this.seats[seat.rank] = seat;
    return seat.boot(machine, this.facts());
  }

  /** Brings an accepted command to the machines it concerns. */
  private async handOver(accepted: Extract<CommandChecked, { ok: true }>): Promise<void> {
    this.lookaheadUs = accepted.lookaheadUs;
    this.surroundings = accepted.surroundings;
    for (const seat of this.seats) seat.takeSurroundings(accepted.surroundings);
    if (accepted.added !== null) await this.seat(accepted.added);
    for (const { rank, event } of accepted.events) await this.seatOf(rank).takeEvent(event, this.facts());
  }

  private seatOf(rank: MachineRank): Seat {
    const seat = this.seats[rank];
    assert(seat !== undefined, `a seat for machine ${rank}`);
    return seat;
  }

  private async window(untilUs: InstantUs): Promise<void> {
    const first = this.seats.reduce((least, seat) => Math.min(least, seat.nextUs), Infinity);
    const endUs = Math.min(untilUs, Math.max(this.nowUs + 1, first + this.lookaheadUs));
    const due = this.seats.filter((seat) => seat.nextUs < endUs);
    const facts = this.facts();
    const answers = await Promise.all(due.map((seat) => seat.runWindow(endUs, facts)));
    for (const answer of answers) this.route(answer, endUs);
    this.nowUs = endUs;
    this.options.history.post({ type: 'advance', toUs: endUs });
    if (endUs - this.lastMarkUs >= this.options.markEveryUs) await this.mark();
  }

  private route(answer: Extract<FromMachine, { type: 'windowDone' }>, endUs: InstantUs): void {
    for (const outbound of answer.packets) {
      assert(outbound.firstArrivalUs >= endUs, 'packets to arrive after the window');
      this.seatOf(outbound.to).takePackets(outbound.buffer, outbound.firstArrivalUs);
    }
  }

  private async mark(): Promise<void> {
    this.lastMarkUs = this.nowUs;
    this.options.history.post({ type: 'mark', lanes: await Promise.all(this.seats.map((seat) => seat.lanes())) });
    const flushSequences: Record<string, number> = {};
    for (const seat of this.seats) flushSequences[seat.host] = seat.flushSequence;
    await this.options.journal.mark({ atUs: this.nowUs, flushSequences });
  }
}
