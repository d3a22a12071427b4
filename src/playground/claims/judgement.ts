import type { Both } from './both.ts';

/** Whether a claim holds. */
export interface Judgement {
  readonly holds: boolean;
  /** What was found, as short as it can be said; it is of interest when the claim does not hold. */
  readonly found: Both;
}
