import { arrayGet } from '../kernel/persistent-array.ts';
import { unreachable } from '../kernel/assert.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import type { MachineRank } from '../kernel/units.ts';
import type { LinkSettings, MachineCommand, MachineEvent, ProcessStatus } from '../machine/contract.ts';
import { defaultLink } from '../machine/network.ts';
import type { Runner } from '../machine/runner.ts';
import type { Command, LinkCommand, ProcessCommand } from './command.ts';
import { ADMIN_HOST } from './cluster.ts';
import { checkDiskCommand, diskCommandOf } from './disk-commands.ts';
import { configProblem } from './config-problem.ts';
import { commandSequence, runnerOf, type IssuedCommand, type World } from './world-state.ts';

/** Why a command makes no sense at this moment, in a plain sentence; null when it does. */
export function checkCommand(world: World, command: Command): string | null {
  switch (command.type) {
    case 'siteReload':
      return null;
    case 'stopProcess':
    case 'killProcess':
    case 'pauseProcess':
    case 'resumeProcess':
    case 'powerOff':
    case 'start':
      return checkProcessCommand(world, command);
    case 'fillDisk':
    case 'freeDisk':
    case 'failDisk':
    case 'healDisk':
    case 'corruptPage':
    case 'slowDisk':
      return checkDiskCommand(world, command);
    case 'cutLink':
    case 'healLink':
    case 'slowLink':
      return checkLinkCommand(world, command);
    case 'addBroker':
      return runnerOf(world, `b${command.brokerId}`) === undefined ? checkBrokerId(command.brokerId) : `Broker ${command.brokerId} exists already.`;
    case 'addProducer':
    case 'addConsumer':
      if (runnerOf(world, command.name) !== undefined) return `A machine named ${command.name} exists already.`;
      return configProblem(command.type === 'addProducer' ? 'producer' : 'consumer', command.config.configs)?.reason ?? null;
    case 'produce':
      return runnerOf(world, command.client)?.environment.spec.process.kind === 'producer' ? null : `There is no producer named ${command.client}.`;
    case 'createTopic':
    case 'createPartitions':
    case 'alterConfig':
    case 'deleteRecords':
    case 'describeTopics':
    case 'electLeaders':
    case 'deleteTopic':
    case 'alterPartitionReassignments':
    case 'listPartitionReassignments':
      return null;
    default:
      return unreachable(command);
  }
}

function checkBrokerId(brokerId: number): string | null {
  return Number.isInteger(brokerId) && brokerId >= 0 && brokerId <= 1000
    ? null
    : `A broker id is an integer from 0 to 1000 (reserved.broker.max.id), got ${brokerId}.`;
}

function checkProcessCommand(world: World, command: ProcessCommand): string | null {
  const runner = runnerOf(world, command.machine);
  if (runner === undefined) return `There is no machine named ${command.machine}.`;
  const { status } = runner.state.process;
  const says = `${command.machine} ${describeStatus(runner, status)}`;
  switch (command.type) {
    case 'stopProcess':
      return status === 'running' || status === 'starting' ? null : `${says}: nothing to stop.`;
    case 'killProcess':
      return status === 'running' || status === 'starting' || status === 'paused' ? null : `${says}: nothing to kill.`;
    case 'pauseProcess':
      return status === 'running' ? null : `${says}: only a running process can be paused.`;
    case 'resumeProcess':
      return status === 'paused' ? null : `${says}: only a paused process can be resumed.`;
    case 'powerOff':
      return runner.state.power === 'on' ? null : `${command.machine} is switched off already.`;
    case 'start':
      return status === 'off' || status === 'exited' || status === 'killed' ? null : `${says} already.`;
    default:
      return unreachable(command);
  }
}

function describeStatus(runner: Runner, status: ProcessStatus): string {
  if (runner.state.power === 'off') return 'is switched off';
  switch (status) {
    case 'off':
      return 'has not been started';
    case 'starting':
      return 'is starting';
    case 'running':
      return 'is running';
    case 'paused':
      return 'is paused';
    case 'exited':
      return 'has stopped';
    case 'killed':
      return 'was killed';
    default:
      return unreachable(status);
  }
}

function checkLinkCommand(world: World, command: LinkCommand): string | null {
  const from = runnerOf(world, command.from);
  const to = runnerOf(world, command.to);
  if (from === undefined) return `There is no machine named ${command.from}.`;
  if (to === undefined) return `There is no machine named ${command.to}.`;
  if (from === to) return `${command.from} has no link to itself.`;
  if (command.type === 'slowLink') return command.latencyMs > 0 ? null : 'A link has a latency above zero.';
  const oneWay = command.oneWay === true;
  const cutNow = isCut(from, to) && (oneWay || isCut(to, from));
  const healedNow = !isCut(from, to) && (oneWay || !isCut(to, from));
  if (command.type === 'cutLink' && cutNow) return `The link between ${command.from} and ${command.to} is cut already.`;
  if (command.type === 'healLink' && healedNow) return `The link between ${command.from} and ${command.to} is whole.`;
  return null;
}

/** True when what `from` sends towards `to` does not arrive. */
export function isCut(from: Runner, to: Runner): boolean {
  const rank = to.environment.spec.rank;
  return arrayGet(from.state.links, rank)?.cut ?? false;
}

export interface MachineEventFor {
  readonly rank: MachineRank;
  readonly event: MachineEvent;
}

/** The inputs that a command means for single machines, at its time. */
export function machineEventsOf(world: World, issued: IssuedCommand): MachineEventFor[] {
  const events: MachineEventFor[] = [];
  const add = (rank: MachineRank, command: MachineCommand): void => {
    const sequence = commandSequence(issued.id, events.length + 1);
    events.push({ rank, event: { atUs: issued.atUs, class: 0, source: -1, sequence, input: { type: 'command', command } } });
  };
  const { command } = issued;
  switch (command.type) {
    case 'siteReload':
      for (const runner of world.runners)
        add(runner.environment.spec.rank, {
          type: 'powerOff',
          torn: false,
          exactDevice: command.flushSequences[runner.environment.spec.host] ?? runner.state.disk.flushSequence,
        });
      for (const runner of world.runners) add(runner.environment.spec.rank, { type: 'start' });
      break;
    case 'stopProcess':
      add(rankOf(world, command.machine), { type: 'terminate' });
      break;
    case 'killProcess':
      add(rankOf(world, command.machine), { type: 'kill' });
      break;
    case 'pauseProcess':
      add(rankOf(world, command.machine), { type: 'pause' });
      break;
    case 'resumeProcess':
      add(rankOf(world, command.machine), { type: 'resume' });
      break;
    case 'powerOff':
      add(rankOf(world, command.machine), { type: 'powerOff', exactDevice: null, torn: command.tornPages === true });
      break;
    case 'fillDisk':
    case 'freeDisk':
    case 'failDisk':
    case 'healDisk':
    case 'corruptPage':
    case 'slowDisk':
      add(rankOf(world, command.machine), diskCommandOf(command));
      break;
    case 'start':
      add(rankOf(world, command.machine), { type: 'start' });
      break;
    case 'cutLink':
    case 'healLink':
      for (const [from, to] of directions(world, command)) add(from, { type: 'setLink', to, cut: command.type === 'cutLink', settings: null });
      break;
    case 'slowLink':
      for (const [from, to] of directions(world, command)) add(from, { type: 'setLink', to, cut: null, settings: linkSettings(world, command, { from, to }) });
      break;
    case 'addBroker':
    case 'addProducer':
    case 'addConsumer':
      break;
    case 'createTopic':
    case 'createPartitions':
    case 'alterConfig':
    case 'deleteRecords':
    case 'describeTopics':
    case 'electLeaders':
    case 'deleteTopic':
    case 'alterPartitionReassignments':
    case 'listPartitionReassignments':
      add(rankOf(world, ADMIN_HOST), { type: 'client', command: { ...command, commandId: issued.id } });
      break;
    case 'produce':
      add(rankOf(world, command.client), { type: 'client', command: { ...command, commandId: issued.id } });
      break;
    default:
      return unreachable(command);
  }
  return events;
}

function rankOf(world: World, host: string): MachineRank {
  return mapGet(world.surroundings.ranks, host) ?? 0;
}

function directions(world: World, command: LinkCommand): [MachineRank, MachineRank][] {
  const from = rankOf(world, command.from);
  const to = rankOf(world, command.to);
  const oneWay = command.type !== 'slowLink' && command.oneWay === true;
  return oneWay
    ? [[from, to]]
    : [
        [from, to],
        [to, from],
      ];
}

function linkSettings(world: World, command: Extract<LinkCommand, { type: 'slowLink' }>, ends: { from: MachineRank; to: MachineRank }): LinkSettings {
  const known = defaultLink(world.surroundings, ends.from, ends.to);
  return {
    latencyUs: Math.max(1, Math.floor(command.latencyMs * 1000)),
    jitterUs: command.jitterMs === undefined ? known.jitterUs : Math.floor(command.jitterMs * 1000),
    lossPerMillion: command.lossPercent === undefined ? known.lossPerMillion : Math.floor(command.lossPercent * 10_000),
    bytesPerSecond: command.bytesPerSecond ?? known.bytesPerSecond,
  };
}
