/** Draws once a frame with the instant that the picture shows. */
export type FrameWork = (nowUs: number) => void;

/**
 * The one animation loop of the page. It runs while the run plays, once after each change, and not at all otherwise; a hidden
 * tab gets no frames from the browser.
 */
export interface FrameLoop {
  /** Adds work; the answer takes it away again. */
  add(work: FrameWork): () => void;
  /** Something changed: draw in the next frame. */
  wake(): void;
  stop(): void;
}

export interface FrameLoopOptions {
  nowUs(): number;
  playing(): boolean;
  request(callback: () => void): number;
  cancel(handle: number): void;
}

export function createFrameLoop(options: FrameLoopOptions): FrameLoop {
  const works = new Set<FrameWork>();
  let handle: number | null = null;
  const frame = (): void => {
    handle = null;
    const nowUs = options.nowUs();
    for (const work of works) work(nowUs);
    if (options.playing()) wake();
  };
  const wake = (): void => {
    if (handle === null && works.size > 0) handle = options.request(frame);
  };
  return {
    add: (work) => {
      works.add(work);
      wake();
      return () => works.delete(work);
    },
    wake,
    stop: () => {
      if (handle !== null) options.cancel(handle);
      handle = null;
      works.clear();
    },
  };
}
