import { checkpointWorld, type WorldCheckpoint } from '../src/engine/world/world.ts';
import { playOn, warm } from './engine-speed.ts';
import { shown, type Line } from './measure.ts';

const MINUTES = 30;
const CHECKPOINT_EVERY_SECONDS = 10;

/** The heap after half an hour of the run in classroom timing, with a checkpoint each ten virtual seconds kept. */
export function measureMemory(say: (text: string) => void): Line[] {
  const player = warm({ timing: 'classroom', warmUpSeconds: 30 }, { unchecked: true });
  const kept: WorldCheckpoint[] = [];
  const before = heapMegabytes();
  const alone: number[] = [];
  for (let seconds = 0; seconds < MINUTES * 60; seconds += CHECKPOINT_EVERY_SECONDS) {
    playOn(player, CHECKPOINT_EVERY_SECONDS);
    kept.push(checkpointWorld(player.world));
    if (seconds % 300 === 0) alone.push(heapMegabytes() - before);
  }
  const all = heapMegabytes() - before;
  const { length } = kept;
  kept.length = 0;
  const withoutCheckpoints = heapMegabytes() - before;
  say(`memory: ${length} checkpoints; grown by ${alone.map(shown).join(', ')} MB each 5 virtual minutes`);
  return [
    { name: `classroom: heap grown in ${MINUTES} virtual minutes, no checkpoint kept`, value: withoutCheckpoints, unit: 'MB' },
    { name: `classroom: the same, a checkpoint each ${CHECKPOINT_EVERY_SECONDS} virtual seconds kept`, value: all, unit: 'MB', limit: { below: 256 } },
  ];
}

/** Arena bytes live outside the heap, in array buffers. */
function heapMegabytes(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}
