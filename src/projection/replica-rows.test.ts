import { expect, test } from 'vitest';
import { newPlayer, playUntil } from '../host/in-process/player.ts';
import { oneDiskOfTwo } from '../playground/scenarios/one-disk-of-two.ts';
import { firstLook } from '../playground/scenarios/first-look.ts';
import { projectView } from './project.ts';

const KILLED_MS = 30_000;

test('[R6] what is on the disk of a broker stays in view while it starts, before a controller tells it what it holds', () => {
  const player = newPlayer({
    ...firstLook,
    commands: [
      { atMs: KILLED_MS, command: { type: 'killProcess', machine: 'b1' } },
      { atMs: KILLED_MS + 1000, command: { type: 'start', machine: 'b1' } },
    ],
  });
  playUntil(player, KILLED_MS);
  const replicaOf = () => {
    const view = projectView({ world: player.world, ghosts: player.checker.ghosts, events: [] });
    const broker = view.brokers.find((row) => row.brokerId === 1);
    return { broker, replica: broker?.replicas.find((row) => row.key === 'orders-0') };
  };
  const kept = replicaOf().replica?.logEndOffset ?? 0;
  expect(kept).toBeGreaterThan(0);
  const seen = new Set<string | undefined>();
  for (let ms = KILLED_MS + 500; ms < KILLED_MS + 20_000; ms += 250) {
    playUntil(player, ms);
    const { broker, replica } = replicaOf();
    seen.add(broker?.process);
    expect(replica?.logEndOffset).toBeGreaterThanOrEqual(kept);
  }
  expect([...seen]).toEqual(['killed', 'starting', 'running']);
});

test('[R6] replicas of a log dir that failed stay in view, as failed; those of a stopped broker are found in every log dir', () => {
  const player = newPlayer(oneDiskOfTwo);
  const rolesAt = (atMs: number): unknown => {
    playUntil(player, atMs);
    const view = projectView({ world: player.world, ghosts: player.checker.ghosts, events: [] });
    const replicas = view.brokers.find((row) => row.brokerId === 1)?.replicas ?? [];
    expect(replicas.map((row) => row.key)).toEqual(view.partitions.flatMap(({ key }) => (replicas.some((row) => row.key === key) ? [key] : [])));
    return replicas.map((row) => `${row.key} ${row.role}${row.logEndOffset > 0 ? '' : ', empty'}`).toSorted();
  };
  expect(rolesAt(35_000)).toEqual(['orders-0 leader', 'orders-1 failed', 'orders-2 follower', 'orders-3 failed']);
  expect(rolesAt(58_900)).toEqual(['later-0 none, empty', 'orders-0 none', 'orders-1 none', 'orders-2 none', 'orders-3 none']);
});
