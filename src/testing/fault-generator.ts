import { drawAt, streamKey } from '../engine/kernel/random.ts';
import { isCut } from '../engine/world/commands.ts';
import type { Command } from '../engine/world/command.ts';
import type { Scenario } from '../engine/world/scenario.ts';
import { runnerOf, type World } from '../engine/world/world-state.ts';

/** Trouble by chance: a small cluster, and what happens to it, both functions of the seed. */
export const TROUBLE_STARTS_MS = 22_000;
const ZOOKEEPER = ['zk1', 'zk2', 'zk3'];
const BROKERS = ['b1', 'b2', 'b3'];
const MACHINES = [...ZOOKEEPER, ...BROKERS];

export function troubledScenario(seed: number): Scenario {
  const producer = (acks: string) => ({
    configs: { acks, 'compression.type': codecOf(seed) },
    topic: 'orders',
    recordsPerSecond: 3,
    keyCount: 6,
    valueBytes: 20,
  });
  return {
    format: 1,
    name: `seed-${seed}`,
    title: { en: `Seed ${seed}`, ko: `시드 ${seed}` },
    seed,
    cluster: {
      mode: 'zookeeper',
      zookeeperServers: 3,
      brokers: BROKERS.map((_, i) => ({ brokerId: i + 1 })),
      brokerConfigs: hasTwoDisks(seed) ? { 'log.dirs': LOG_DIRS.join(',') } : {},
      timing: seed % 5 === 0 ? 'kafka' : 'classroom',
      epochMs: 1_700_000_000_000,
      topics: [{ topic: 'orders', partitionCount: 3, replicationFactor: 3, configs: topicConfigs(seed) }],
      producers: [
        { name: 'all', config: producer('all') },
        { name: 'one', config: producer('1') },
      ],
      consumers: [{ name: 'reader', config: { configs: { 'auto.offset.reset': 'earliest' }, topic: 'orders' } }],
    },
    commands: [],
    claims: [],
    untilMs: 200_000,
  };
}

/** Most seeds as production is set up; some with what makes losses possible, which the checker must then name. */
function topicConfigs(seed: number): Record<string, string> {
  const safety = { 'min.insync.replicas': seed % 3 === 0 ? '1' : '2', 'unclean.leader.election.enable': String(seed % 7 === 3) };
  return seed % 6 === 1 ? { ...safety, ...COMPACTED } : safety;
}

/** Segments roll and are cleaned within a run. */
const COMPACTED = { 'cleanup.policy': 'compact', 'segment.bytes': '1500', 'min.cleanable.dirty.ratio': '0.1', 'delete.retention.ms': '5000' };

/** Batches are opened, kept and recoded in the midst of trouble; replicas must agree on them byte for byte. */
function codecOf(seed: number): string {
  return ['none', 'gzip', 'snappy', 'lz4', 'zstd'][(seed >> 1) % 5] ?? 'none';
}

/** Brokers of every fourth seed have two disks, which fail one by one. */
const LOG_DIRS = ['/data-1', '/data-2'];

function hasTwoDisks(seed: number): boolean {
  return seed % 4 === 2;
}

/** Numbers by chance for one seed. */
export interface Dice {
  below(bound: number): number;
}

export function diceOf(seed: number): Dice {
  const key = streamKey({ seed, owner: 'fault-generator', purpose: 'trouble' });
  let n = 0;
  return { below: (bound) => drawAt(key, n++) % bound };
}

/** The next piece of trouble; null when chance chose something that makes no sense now. */
export function nextTrouble(world: World, dice: Dice): Command | null {
  const machine = MACHINES[dice.below(MACHINES.length)] as string;
  const other = MACHINES[dice.below(MACHINES.length)] as string;
  const status = runnerOf(world, machine)?.state.process.status;
  const down = status === 'killed' || status === 'exited' || status === 'off';
  switch (dice.below(10)) {
    case 0:
    case 1:
      return down ? { type: 'start', machine } : { type: 'killProcess', machine };
    case 2:
      return status === 'running' ? { type: 'stopProcess', machine } : null;
    case 3:
      return down ? null : { type: 'powerOff', machine };
    case 4:
    case 5:
      return status === 'running' ? { type: 'pauseProcess', machine } : status === 'paused' ? { type: 'resumeProcess', machine } : { type: 'start', machine };
    case 6:
      return other === machine ? null : { type: 'cutLink', from: machine, to: other, oneWay: dice.below(3) === 0 };
    case 7:
      return healOne(world, dice);
    case 8:
      return other === machine ? null : { type: 'slowLink', from: machine, to: other, latencyMs: 50 + dice.below(900) };
    default:
      return down ? { type: 'start', machine } : hasTwoDisks(world.scenario.seed) && BROKERS.includes(machine) ? breakOrHeal(world, machine, dice) : null;
  }
}

/** One of a broker's disks fails, or works again; the broker looks at it again only after a restart. */
function breakOrHeal(world: World, machine: string, dice: Dice): Command {
  const dir = LOG_DIRS[dice.below(LOG_DIRS.length)] as string;
  return { type: failedDirs(world, machine).includes(dir) ? 'healDisk' : 'failDisk', machine, dir };
}

function failedDirs(world: World, machine: string): readonly string[] {
  return (runnerOf(world, machine)?.state.disk.faults?.failedDirs ?? []).map((folder) => `/${folder}`);
}

/** A broker that runs without one of its log dirs. */
function lacksDir(world: World, machine: string): boolean {
  const process = runnerOf(world, machine)?.state.process.state;
  return process?.kind === 'kafka' && (process.state.broker?.logDirs.offline.length ?? 0) > 0;
}

function healOne(world: World, dice: Dice): Command | null {
  const cut = MACHINES.flatMap((from) => MACHINES.filter((to) => isLinkCut(world, from, to)).map((to) => ({ from, to })));
  const chosen = cut[dice.below(Math.max(1, cut.length))];
  return chosen === undefined ? null : { type: 'healLink', ...chosen };
}

function isLinkCut(world: World, from: string, to: string): boolean {
  const [a, b] = [runnerOf(world, from), runnerOf(world, to)];
  return a !== undefined && b !== undefined && from !== to && isCut(a, b);
}

/** Everything whole and started again. */
export function healing(world: World): Command[] {
  const commands: Command[] = [];
  MACHINES.forEach((from, i) => {
    for (const to of MACHINES.slice(i + 1)) {
      if (isLinkCut(world, from, to) || isLinkCut(world, to, from)) commands.push({ type: 'healLink', from, to });
      commands.push({ type: 'slowLink', from, to, latencyMs: 100 });
    }
  });
  for (const machine of BROKERS) for (const dir of failedDirs(world, machine)) commands.push({ type: 'healDisk', machine, dir });
  for (const machine of MACHINES) {
    const status = runnerOf(world, machine)?.state.process.status;
    if (status === 'paused') commands.push({ type: 'resumeProcess', machine });
    else if (status === 'running' && lacksDir(world, machine)) commands.push({ type: 'stopProcess', machine });
    else if (status !== 'running' && status !== 'starting') commands.push({ type: 'start', machine });
  }
  return commands;
}
