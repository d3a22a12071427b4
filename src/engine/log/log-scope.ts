import type { StepContext } from '../kernel/machine-contract.ts';
import type { DiskEffect } from '../kernel/system.ts';

/**
 * What the functions of a log need of the step they run in. Any `Scope<Effect>` whose effects include the disk's fits,
 * so that a broker hands over its own scope and the effects of log and broker stay in one order.
 */
export interface LogScope {
  readonly context: Pick<StepContext, 'nowMs' | 'draw' | 'allocate' | 'codecs'>;
  readonly effects: { push(effect: DiskEffect): unknown };
}

/** Owner of every flush of this folder; `diskDone` comes back to it. */
export const LOG_OWNER = 'log';

/** The operation of a flush that nobody waits for. */
export const UNAWAITED_OPERATION = 0;
