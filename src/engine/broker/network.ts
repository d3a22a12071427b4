import type { Scope } from '../kernel/scope.ts';
import type { NetworkEffect } from '../network-client/contract.ts';
import type { BrokerScope } from './contract.ts';

/** This step's scope as a network client sees it: the client only adds effects, all of which a broker has too. */
export function networkScope(scope: BrokerScope): Scope<NetworkEffect> {
  return scope as Scope<NetworkEffect>;
}
