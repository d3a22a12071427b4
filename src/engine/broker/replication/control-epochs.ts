import type { BrokerEpoch } from '../../kernel/units.ts';
import type { BrokerState } from '../broker-state.ts';

/**
 * A control request meant for an earlier registration of this broker. A later epoch than the known one is fine: the controller may
 * hear of a registration before the broker itself (ZkBrokerEpochManager).
 */
export function isStaleBrokerEpoch(state: BrokerState, brokerEpoch: BrokerEpoch): boolean {
  return brokerEpoch !== -1 && brokerEpoch < state.brokerEpoch;
}
