import { breachesOf, lossesOf, type Checker } from '../engine/invariants/checker.ts';
import { cleanedBelow } from '../engine/invariants/cleaned-below.ts';
import { isRewritten } from '../engine/invariants/lost-tails.ts';
import type { ShadowBatch } from '../engine/invariants/shadow-logs.ts';
import { mapGet } from '../engine/kernel/persistent-map.ts';
import { batchesBetween } from '../engine/log/read.ts';
import type { TraceRecord } from '../engine/machine/contract.ts';
import { baseOffset, lastOffset, partitionLeaderEpoch, storedCrc } from '../engine/protocol/record-batch.ts';
import type { Command } from '../engine/world/command.ts';
import { give, hashOf, newPlayer, playUntil, type Player, type PlayerOptions } from '../host/in-process/player.ts';
import { recordsOfReplica } from '../projection/facts.ts';
import { committedTree, topicsOf } from '../projection/truth.ts';
import { diceOf, healing, nextTrouble, TROUBLE_STARTS_MS, troubledScenario } from './fault-generator.ts';

const ROUNDS = 14;
const SHUTDOWN_MS = 40_000;
const HEAL_MS = 90_000;
/** At the end every partition must have been written and read this lately. */
const LATELY_US = 20_000_000;
const LAST_LINES = 25;

export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly commands: readonly Command[];
  /** What is not as it must be: broken invariants, then what healing did not bring back. */
  readonly problems: readonly string[];
  /** Losses that faults explain, by kind. */
  readonly losses: readonly string[];
  /** Partitions whose replicas may differ, because a leader wrote one epoch twice. */
  readonly rewritten: readonly string[];
  readonly lastLines: readonly string[];
}

export interface SeedOptions extends Pick<PlayerOptions, 'cut' | 'sink' | 'onTrace'> {
  readonly lineCount?: number;
}

/** Plays one seed: set-up, trouble, healing; then says everything that is not as it must be. */
export function playSeed(seed: number, options: SeedOptions = {}): SeedReport {
  const { lineCount = LAST_LINES, ...playing } = options;
  const lines: string[] = [];
  const last = { written: new Map<string, number>(), read: new Map<string, number>() };
  const onTrace = (record: TraceRecord): void => {
    noteProgress(last, record);
    options.onTrace?.(record);
    lines.push(`${(record.id.atUs / 1e6).toFixed(3)} ${record.host} ${JSON.stringify(record.event)}`);
    if (lines.length > 4 * lineCount) lines.splice(0, lines.length - lineCount);
  };
  const player = newPlayer(troubledScenario(seed), { ...playing, onTrace });
  const commands = trouble(player, seed);
  const problems = [...breachesOf(player.checker).map((breach) => `${breach.invariant}: ${breach.detail}`), ...unhealed(player, last)];
  return {
    seed,
    hash: hashOf(player),
    commands,
    problems,
    losses: lossesOf(player.checker).map((loss) => loss.kind),
    rewritten: [...player.checker.ghosts.lostTails.rewritten.keys()],
    lastLines: lines.slice(-lineCount),
  };
}

/** The whole run of a seed on a new player; gives the commands that it took. */
function trouble(player: Player, seed: number): Command[] {
  const dice = diceOf(seed);
  const commands: Command[] = [];
  let atMs = TROUBLE_STARTS_MS;
  playUntil(player, atMs);
  for (let round = 0; round < ROUNDS; round++) {
    const command = nextTrouble(player.world, dice);
    if (command !== null && give(player, command) === null) commands.push(command);
    atMs += 200 + dice.below(5000);
    playUntil(player, atMs);
  }
  // Who was on the way down when everything healed is started once it is down; who has to stop for its disk's sake is on the way down.
  for (let pass = 0, stops = true; pass < 2 || stops; pass++) {
    if (pass > 0) playUntil(player, (atMs += SHUTDOWN_MS));
    const cures = healing(player.world);
    for (const command of cures) give(player, command);
    stops = cures.some((command) => command.type === 'stopProcess');
  }
  playUntil(player, atMs + HEAL_MS);
  return commands;
}

interface Progress {
  readonly written: Map<string, number>;
  readonly read: Map<string, number>;
}

function noteProgress(last: Progress, { event, id }: TraceRecord): void {
  if (event.type === 'RecordsAcknowledged' && event.acks === -1) last.written.set(`${event.topic}-${event.partition}`, id.atUs);
  if (event.type === 'RecordsConsumed') last.read.set(`${event.topic}-${event.partition}`, id.atUs);
}

/** After healing everybody leads, is in sync, holds the same records and every promised one; writing and reading go on. */
function unhealed(player: Player, last: Progress): string[] {
  const { partitions } = topicsOf(committedTree(player.world));
  if (partitions.length !== 3) return [`expected 3 partitions, ZooKeeper has ${partitions.length}`];
  const since = player.world.nowUs - LATELY_US;
  return partitions.flatMap((part) => {
    if (part.leader === null || part.leader < 0) return [`${part.key} has no leader after healing`];
    const problems: string[] = [];
    // A follower whose log is longer than what its leader wrote anew in the same epoch fails for good: Kafka needs an operator there.
    if (!player.checker.ghosts.lostTails.rewritten.has(part.key)) {
      if (part.isr.length !== 3) problems.push(`${part.key} has ISR ${part.isr.join(' ')} after healing`);
      if ((last.written.get(part.key) ?? 0) < since) problems.push(`${part.key} is not written any more after healing`);
      if ((last.read.get(part.key) ?? 0) < since) problems.push(`${part.key} is not read any more after healing`);
    }
    const logs = part.isr.map((id) => batchesOf(player, id, part.key));
    return [
      ...problems,
      ...differing(player.checker, part.key, logs),
      ...lackingPromised(player.checker, part.key, batchesOf(player, part.leader, part.key)),
      ...differentlyCleaned(player, part.key, part.isr),
    ];
  });
}

/** Replicas in sync must agree as far as all of them have it committed, but for what was written twice in one epoch. */
function differing(checker: Checker, key: string, logs: readonly (readonly ShadowBatch[])[]): string[] {
  if (logs[0]?.length === 0) return [`${key} holds no committed record after healing`];
  const from = cleanedBelow(checker.ghosts, key);
  const [first = [], ...others] = logs.map((log) => log.filter((batch) => batch.baseOffset >= from && !isRewritten(checker.ghosts.lostTails, key, batch)));
  const differs = others.some((log) => {
    const byOffset = new Map(log.map((batch) => [batch.baseOffset, batch]));
    const end = log.at(-1)?.endOffset ?? 0;
    return first.some((batch) => batch.endOffset <= end && byOffset.get(batch.baseOffset)?.crc !== batch.crc);
  });
  return differs ? [`the replicas of ${key} differ after healing`] : [];
}

/** By the bytes in the leader's log, not by what the trace told. */
function lackingPromised(checker: Checker, key: string, leader: readonly ShadowBatch[]): string[] {
  const held = new Map(leader.map((batch) => [batch.baseOffset, batch.crc]));
  const from = cleanedBelow(checker.ghosts, key);
  const missing = (checker.ghosts.acknowledged.get(key) ?? []).find(
    (batch) => batch.baseOffset >= from && held.get(batch.baseOffset) !== batch.crc && !isRewritten(checker.ghosts.lostTails, key, batch),
  );
  return missing === undefined ? [] : [`the leader of ${key} lacks the acknowledged record at offset ${missing.baseOffset} after healing`];
}

/** However far each replica's cleaner has come: of every key they must hold the same newest record that is committed. */
function differentlyCleaned(player: Player, key: string, isr: readonly number[]): string[] {
  const { ghosts } = player.checker;
  if (cleanedBelow(ghosts, key) === 0 || ghosts.lostTails.rewritten.has(key)) return [];
  const ends = isr.map((id) => batchesOf(player, id, key).at(-1)?.endOffset ?? 0);
  const end = Math.min(...ends);
  const newest = isr.map((id) => {
    const byKey = new Map<string, string>();
    for (const record of recordsOfReplica(player.world, id, key) ?? [])
      if (record.offset < end) byKey.set(record.key ?? '', `${record.offset} ${record.value ?? ''}`);
    return JSON.stringify([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return newest.every((one) => one === newest[0]) ? [] : [`the replicas of ${key} hold other newest records after healing: ${newest.join(' | ')}`];
}

/** The committed batches in a broker's own log. */
function batchesOf(player: Player, brokerId: number, key: string): ShadowBatch[] {
  const runner = player.world.runners.find((one) => one.environment.spec.host === `b${brokerId}`);
  const process = runner?.state.process.state;
  const partition = process?.kind === 'kafka' && process.state.broker !== null ? mapGet(process.state.broker.partitions, key) : undefined;
  if (partition === undefined) return [];
  return batchesBetween(partition.log, partition.log.logStartOffset, partition.log.highWatermark).map((slice) => ({
    baseOffset: baseOffset(slice),
    endOffset: lastOffset(slice) + 1,
    leaderEpoch: partitionLeaderEpoch(slice),
    crc: storedCrc(slice),
  }));
}
