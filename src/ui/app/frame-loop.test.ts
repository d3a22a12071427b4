import { describe, expect, test } from 'vitest';
import { createFrameLoop, type FrameLoop } from './frame-loop.ts';

function harness(): { loop: FrameLoop; state: { playing: boolean; nowUs: number }; pending: () => number; frame: () => void } {
  const queue: (() => void)[] = [];
  const state = { playing: false, nowUs: 0 };
  const loop = createFrameLoop({
    nowUs: () => state.nowUs,
    playing: () => state.playing,
    request: (callback) => queue.push(callback),
    cancel: () => queue.splice(0),
  });
  return { loop, state, pending: () => queue.length, frame: () => queue.shift()?.() };
}

describe('the frame loop', () => {
  test('[R1] paused, it draws once after a change and then rests', () => {
    const { loop, state, pending, frame } = harness();
    const drawn: number[] = [];
    loop.add((nowUs) => drawn.push(nowUs));
    frame();
    expect(pending()).toBe(0);
    state.nowUs = 7;
    loop.wake();
    loop.wake();
    expect(pending()).toBe(1);
    frame();
    expect(drawn).toEqual([0, 7]);
    expect(pending()).toBe(0);
  });

  test('[R1] playing, it goes on by itself; stopped, it does not', () => {
    const { loop, state, pending, frame } = harness();
    state.playing = true;
    loop.add(() => undefined);
    frame();
    expect(pending()).toBe(1);
    loop.stop();
    expect(pending()).toBe(0);
  });

  test('[R1] without work there are no frames', () => {
    const { loop, pending, frame } = harness();
    const remove = loop.add(() => undefined);
    frame();
    remove();
    loop.wake();
    expect(pending()).toBe(0);
  });
});
