import { NO_CODECS, type Codecs } from '../kernel/codecs.ts';
import { assert } from '../kernel/assert.ts';
import { emptyMap, mapSet } from '../kernel/persistent-map.ts';
import { combinedHash } from '../kernel/hash.ts';
import type { InstantUs, MachineRank } from '../kernel/units.ts';
import type { MachineKind, MachineSpec, Packet, Surroundings, TraceRecord } from '../machine/contract.ts';
import {
  acceptEvent,
  acceptPacket,
  checkpointRunner,
  newOutput,
  newRunner,
  nextEventUs,
  restoreRunner,
  runEvent,
  runWindow,
  type DeviceChange,
  type Output,
  type Runner,
  type RunnerCheckpoint,
} from '../machine/runner.ts';
import { buildCluster, machineOfTopologyCommand, type BuiltCluster } from './cluster.ts';
import type { Command } from './command.ts';
import { checkCommand, machineEventsOf, type MachineEventFor } from './commands.ts';
import type { Scenario } from './scenario.ts';
import type { TimingProfile } from './timing-profile.ts';
import { commandSequence, type IssuedCommand, type World } from './world-state.ts';

export interface WorldCheckpoint {
  readonly atUs: InstantUs;
  readonly surroundings: Surroundings;
  readonly runners: readonly RunnerCheckpoint[];
  readonly commands: readonly IssuedCommand[];
  readonly lookaheadUs: number;
  readonly stepCount: number;
}

/** What is told while a world runs, in the one order of events. */
export interface WorldSink {
  trace?(record: TraceRecord): void;
  deviceChanged?(rank: MachineRank, change: DeviceChange): void;
  /** After each event, when given: costs a call a step. */
  afterStep?(runner: Runner): void;
  packets?(packets: readonly Packet[]): void;
}

export interface WorldOptions {
  /** True unless told otherwise; see `World`. */
  readonly folds?: boolean;
  /** Compression; without it nothing can be compressed or opened. */
  readonly codecs?: Codecs;
}

/** A world at virtual zero in which every machine has been told to start. */
export function newWorld(scenario: Scenario, seed: number = scenario.seed, options: WorldOptions = {}): World {
  const cluster = buildCluster(scenario);
  const world = emptyWorld(scenario, cluster, { seed, folds: options.folds ?? true, codecs: options.codecs ?? NO_CODECS });
  for (const spec of cluster.machines) addMachine(world, spec.kind, spec.machine);
  for (const runner of world.runners) acceptEvent(runner, startEvent(runner.environment.spec.rank));
  return world;
}

function emptyWorld(scenario: Scenario, cluster: BuiltCluster, options: { seed: number; folds: boolean; codecs: Codecs }): World {
  return {
    scenario,
    ...options,
    profile: cluster.profile,
    runners: [],
    nowUs: 0,
    commands: [],
    stepCount: 0,
    lookaheadUs: leastLatencyUs(cluster.profile),
    surroundings: { ranks: emptyMap(), hosts: [], kinds: [], links: cluster.profile.links },
  };
}

function leastLatencyUs(profile: TimingProfile): number {
  let least = Infinity;
  const { zookeeperToZookeeper, brokerToZookeeper, brokerToBroker, clientToBroker } = profile.links;
  for (const settings of [zookeeperToZookeeper, brokerToZookeeper, brokerToBroker, clientToBroker]) least = Math.min(least, settings.latencyUs);
  assert(least > 0 && least < Infinity, 'every link to have a latency above zero');
  return least;
}

function startEvent(rank: MachineRank): MachineEventFor['event'] {
  return { atUs: 0, class: 0, source: -1, sequence: rank, input: { type: 'command', command: { type: 'start' } } };
}

function addMachine(world: World, kind: MachineKind, spec: MachineSpec): Runner {
  const { surroundings } = world;
  assert(spec.rank === world.runners.length, `rank ${world.runners.length} for the next machine, got ${spec.rank}`);
  world.surroundings = {
    ...surroundings,
    ranks: mapSet(surroundings.ranks, spec.host, spec.rank),
    hosts: [...surroundings.hosts, spec.host],
    kinds: [...surroundings.kinds, kind],
  };
  const runner = newRunner({
    spec,
    seed: world.seed,
    epochMs: world.scenario.cluster.epochMs,
    surroundings: world.surroundings,
    folds: world.folds,
    codecs: world.codecs,
  });
  world.runners.push(runner);
  for (const other of world.runners) other.environment.surroundings = world.surroundings;
  return runner;
}

export type CommandOutcome = { readonly ok: true; readonly issued: IssuedCommand } | { readonly ok: false; readonly reason: string };

/**
 * Gives a command at the world's present moment (no event at or after it has been handled). A command that makes no sense
 * now (killing what is dead, an unknown machine) is refused in plain words and changes nothing.
 */
export function issueCommand(world: World, command: Command): CommandOutcome {
  const reason = checkCommand(world, command);
  if (reason !== null) return { ok: false, reason };
  const issued: IssuedCommand = { id: world.commands.length, atUs: world.nowUs, command };
  applyIssued(world, issued);
  return { ok: true, issued };
}

/** Applies a command whose time and id are settled, as in a replay. */
export function applyIssued(world: World, issued: IssuedCommand): void {
  assert(issued.atUs === world.nowUs && issued.id === world.commands.length, 'commands in their order at their time');
  world.commands.push(issued);
  const added = machineOfTopologyCommand(world, issued.command);
  if (added !== null) {
    const runner = addMachine(world, added.kind, added.machine);
    acceptEvent(runner, { ...startEvent(added.machine.rank), atUs: issued.atUs, sequence: commandSequence(issued.id, 0) });
  }
  if (issued.command.type === 'slowLink') world.lookaheadUs = Math.min(world.lookaheadUs, Math.max(1, Math.floor(issued.command.latencyMs * 1000)));
  for (const { rank, event } of machineEventsOf(world, issued)) {
    const runner = world.runners[rank];
    assert(runner !== undefined, `a machine of rank ${rank}`);
    acceptEvent(runner, event);
  }
}

/** The end of the window that may start now: no machine can affect another before it. */
export function windowEnd(world: World, limitUs: InstantUs): InstantUs {
  let first = Infinity;
  for (const runner of world.runners) first = Math.min(first, nextEventUs(runner));
  return Math.min(limitUs, first + world.lookaheadUs);
}

/** Runs every event before `untilUs` and stands there. */
export function runUntil(world: World, untilUs: InstantUs, sink: WorldSink = {}, cut?: (from: InstantUs, to: InstantUs) => InstantUs): void {
  while (world.nowUs < untilUs) {
    let endUs = windowEnd(world, untilUs);
    if (cut !== undefined) endUs = Math.max(world.nowUs + 1, Math.min(endUs, cut(world.nowUs, endUs)));
    runOneWindow(world, endUs, sink);
  }
}

export function runOneWindow(world: World, endUs: InstantUs, sink: WorldSink): void {
  if (sink.afterStep !== undefined) return runEventByEvent(world, endUs, sink);
  const outputs: Output[] = [];
  for (const runner of world.runners) {
    if (nextEventUs(runner) >= endUs) continue;
    const output = newOutput();
    runWindow(runner, endUs, output);
    world.stepCount += output.stepCount;
    outputs.push(output);
    for (const change of output.deviceChanges) sink.deviceChanged?.(runner.environment.spec.rank, change);
  }
  for (const output of outputs) deliverPackets(world, output.packets, { endUs, sink });
  if (sink.trace !== undefined) for (const record of mergeTraces(outputs)) sink.trace(record);
  world.nowUs = endUs;
}

/** The same in the one total order (time, rank, step), with a look at the world after each event. */
function runEventByEvent(world: World, endUs: InstantUs, sink: WorldSink): void {
  for (;;) {
    const runner = earliestRunner(world);
    if (runner === null || nextEventUs(runner) >= endUs) break;
    const output = newOutput();
    runEvent(runner, output);
    world.stepCount += 1;
    for (const change of output.deviceChanges) sink.deviceChanged?.(runner.environment.spec.rank, change);
    deliverPackets(world, output.packets, { endUs: runner.lastUs, sink });
    for (const record of output.traces) sink.trace?.(record);
    world.nowUs = runner.lastUs;
    sink.afterStep?.(runner);
  }
  world.nowUs = endUs;
}

/** The machine with the earliest event; of several at one instant the one of least rank. */
export function earliestRunner(world: World): Runner | null {
  let earliest: Runner | null = null;
  for (const runner of world.runners) if (earliest === null || nextEventUs(runner) < nextEventUs(earliest)) earliest = runner;
  return earliest;
}

function deliverPackets(world: World, packets: readonly Packet[], window: { endUs: InstantUs; sink: WorldSink }): void {
  for (const packet of packets) {
    assert(packet.arrivesUs >= window.endUs, 'no packet to arrive within the window it was sent in');
    const receiver = world.runners[packet.to];
    assert(receiver !== undefined, 'a machine that the packet is for');
    acceptPacket(receiver, packet);
  }
  if (packets.length > 0) window.sink.packets?.(packets);
}

/** Traces of several machines in the order (time, rank, step). */
export function mergeTraces(outputs: readonly Output[]): TraceRecord[] {
  const withTraces = outputs.filter((output) => output.traces.length > 0);
  const only = withTraces[0];
  if (only === undefined) return [];
  if (withTraces.length === 1) return only.traces;
  const records: TraceRecord[] = [];
  for (const output of withTraces) for (const record of output.traces) records.push(record);
  return records.sort((a, b) => a.id.atUs - b.id.atUs || a.id.machine - b.id.machine || a.id.step - b.id.step);
}

/** The run's trace hash: machines' lanes combined by rank. 16 hex digits. */
export function traceHash(world: World): string {
  return combinedHash(world.runners.map((runner) => runner.state.lanes));
}

export function checkpointWorld(world: World): WorldCheckpoint {
  return {
    atUs: world.nowUs,
    surroundings: world.surroundings,
    runners: world.runners.map(checkpointRunner),
    commands: world.commands.slice(),
    lookaheadUs: world.lookaheadUs,
    stepCount: world.stepCount,
  };
}

/** A world that goes on from a checkpoint of the same scenario and seed. */
export function restoreWorld(world: World, checkpoint: WorldCheckpoint): World {
  const { surroundings } = checkpoint;
  const options = { seed: world.seed, epochMs: world.scenario.cluster.epochMs, surroundings, folds: world.folds, codecs: world.codecs };
  return {
    scenario: world.scenario,
    seed: world.seed,
    folds: world.folds,
    codecs: world.codecs,
    profile: world.profile,
    runners: checkpoint.runners.map((runner) => restoreRunner(options, runner)),
    surroundings,
    nowUs: checkpoint.atUs,
    lookaheadUs: checkpoint.lookaheadUs,
    commands: checkpoint.commands.slice(),
    stepCount: checkpoint.stepCount,
  };
}
