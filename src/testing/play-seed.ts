import { mapGet } from '../engine/kernel/persistent-map.ts';
import { breachesOf, lossesOf } from '../engine/invariants/checker.ts';
import type { TraceRecord } from '../engine/machine/contract.ts';
import { batchesBetween } from '../engine/log/read.ts';
import { storedCrc } from '../engine/protocol/record-batch.ts';
import { give, hashOf, newPlayer, playUntil, type Player, type PlayerOptions } from '../host/in-process/player.ts';
import { committedTree, topicsOf } from '../projection/truth.ts';
import { diceOf, healing, nextTrouble, TROUBLE_STARTS_MS, troubledScenario } from './fault-generator.ts';

const ROUNDS = 14;
const HEAL_MS = 120_000;
const LAST_LINES = 25;

export interface SeedReport {
  readonly seed: number;
  readonly hash: string;
  readonly problems: readonly string[];
  readonly losses: number;
  readonly lastLines: readonly string[];
}

/** Plays one seed: set-up, trouble, healing; then says everything that is not as it must be. */
export function playSeed(seed: number, options: Pick<PlayerOptions, 'cut' | 'sink'> = {}): SeedReport {
  const lines: string[] = [];
  const onTrace = (record: TraceRecord): void => {
    lines.push(`${(record.id.atUs / 1e6).toFixed(3)} ${record.host} ${JSON.stringify(record.event)}`);
    if (lines.length > 4 * LAST_LINES) lines.splice(0, lines.length - LAST_LINES);
  };
  const player = newPlayer(troubledScenario(seed), { ...options, onTrace });
  const dice = diceOf(seed);
  let atMs = TROUBLE_STARTS_MS;
  playUntil(player, atMs);
  for (let round = 0; round < ROUNDS; round++) {
    const command = nextTrouble(player.world, dice);
    if (command !== null) give(player, command);
    atMs += 200 + dice.below(5000);
    playUntil(player, atMs);
  }
  for (const command of healing(player.world)) give(player, command);
  playUntil(player, atMs + HEAL_MS);
  const problems = [...breachesOf(player.checker).map((breach) => `${breach.invariant}: ${breach.detail}`), ...unhealed(player)];
  return { seed, hash: hashOf(player), problems, losses: lossesOf(player.checker).length, lastLines: lines.slice(-LAST_LINES) };
}

/** After healing everybody leads, is in sync, and holds the same records. */
function unhealed(player: Player): string[] {
  const { partitions } = topicsOf(committedTree(player.world));
  if (partitions.length !== 3) return [`expected 3 partitions, ZooKeeper has ${partitions.length}`];
  return partitions.flatMap((part) => {
    if (part.leader === null || part.leader < 0) return [`${part.key} has no leader after healing`];
    if (part.isr.length !== 3) return [`${part.key} has ISR ${part.isr.join(' ')} after healing`];
    const logs = part.replicas.map((id) => crcsBelowHighWatermark(player, id, part.key));
    const shortest = Math.min(...logs.map((log) => log.length));
    if (shortest === 0) return [`${part.key} holds no committed record after healing`];
    const differs = logs.some((log) => log.slice(0, shortest).join() !== logs[0]?.slice(0, shortest).join());
    return differs ? [`the replicas of ${part.key} differ after healing`] : [];
  });
}

function crcsBelowHighWatermark(player: Player, brokerId: number, key: string): number[] {
  const runner = player.world.runners.find((one) => one.environment.spec.host === `b${brokerId}`);
  const process = runner?.state.process.state;
  const partition = process?.kind === 'kafka' && process.state.broker !== null ? mapGet(process.state.broker.partitions, key) : undefined;
  if (partition === undefined) return [];
  return batchesBetween(partition.log, partition.log.logStartOffset, partition.log.highWatermark).map(storedCrc);
}

