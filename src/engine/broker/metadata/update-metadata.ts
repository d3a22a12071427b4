import { changed } from '../../kernel/mutable.ts';
import { copyBroker } from '../broker-state.ts';
import { errorCode, type ErrorName } from '../../protocol/errors.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';
import { isStaleBrokerEpoch } from '../replication/control-epochs.ts';
import { updateMetadata } from './metadata-cache.ts';

/** UpdateMetadata (ReplicaManager.maybeUpdateMetadataCache): refused from an older controller or for an earlier registration. */
export function onUpdateMetadata(state: BrokerState, requestId: number, frame: RequestFrameOf<'UpdateMetadata'>, scope: BrokerScope): BrokerState {
  const { body } = frame;
  const error: ErrorName = isStaleBrokerEpoch(state, body.brokerEpoch)
    ? 'STALE_BROKER_EPOCH'
    : body.controllerEpoch < state.controllerEpoch
      ? 'STALE_CONTROLLER_EPOCH'
      : 'NONE';
  scope.effects.push({ type: 'respond', requestId, api: 'UpdateMetadata', body: { errorCode: errorCode(error) } });
  return error === 'NONE' ? changed(copyBroker(state), { controllerEpoch: body.controllerEpoch, metadata: updateMetadata(state.metadata, body) }) : state;
}
