import { createContext, useContext, useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Playground } from '../../playground/playground.ts';
import type { PlaygroundState } from '../../playground/store/playground-store.ts';
import { dictionaryOf } from '../i18n/dictionary.ts';
import type { Dictionary } from '../i18n/en.ts';
import type { FrameLoop, FrameWork } from './frame-loop.ts';

export interface PageTools {
  readonly playground: Playground;
  readonly frames: FrameLoop;
  /** Since when the run before a reload had been in memory only; null when it was not. */
  readonly memoryOnlySinceUs: InstantUs | null;
}

export const PageContext = createContext<PageTools | null>(null);

export function usePage(): PageTools {
  const tools = useContext(PageContext);
  if (tools === null) throw new Error('expected to be rendered inside the page');
  return tools;
}

/** A part of the state; selectors give something that already is there. */
export function usePlayground<T>(selector: (state: PlaygroundState) => T): T {
  return useStore(usePage().playground.store, selector);
}

export function useWords(): Dictionary {
  return dictionaryOf(usePlayground((state) => state.preferences.language));
}

/** Virtual time in coarse steps, for texts such as "4 s ago"; renders once a step. */
export function useCoarseNow(stepUs: number): number {
  return usePlayground((state) => Math.floor(state.view.nowUs / stepUs) * stepUs);
}

/** Runs in each frame that is drawn; the newest closure is used. */
export function useFrame(work: FrameWork): void {
  const { frames } = usePage();
  const latest = useRef(work);
  useEffect(() => {
    latest.current = work;
    frames.wake();
  });
  useEffect(() => frames.add((nowUs) => latest.current(nowUs)), [frames]);
}
