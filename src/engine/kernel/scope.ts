import type { StepContext } from './machine-contract.ts';

/**
 * What the functions inside one step share: the context and the list that effects are appended to.
 * Parts take (state, ..., scope) and return their next state; order of `effects` is the order of execution.
 */
export interface Scope<Effect> {
  readonly context: StepContext;
  readonly effects: Effect[];
}
