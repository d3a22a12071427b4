import { expect, test } from 'vitest';
import { newPlayer, playUntil } from '../host/in-process/player.ts';
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
