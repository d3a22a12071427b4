import { errorCode } from '../../protocol/errors.ts';
import { apiVersionsResponse, type ApiVersionsResponseApiVersion } from '../../protocol/generated/api-versions-response.ts';
import { API_KEYS, LATEST_VERSIONS, REQUEST_CODECS, type ApiName } from '../../protocol/generated/apis.ts';
import { describeClusterResponse } from '../../protocol/generated/describe-cluster-response.ts';
import { findCoordinatorResponse, findCoordinatorResponseCoordinator } from '../../protocol/generated/find-coordinator-response.ts';
import type { RequestFrameOf } from '../../protocol/wire.ts';
import type { BrokerState } from '../broker-state.ts';
import type { BrokerScope } from '../contract.ts';

/** What a broker of this program serves, by API key. */
const SERVED: readonly ApiName[] = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'LeaderAndIsr',
  'StopReplica',
  'UpdateMetadata',
  'ControlledShutdown',
  'FindCoordinator',
  'ApiVersions',
  'CreateTopics',
  'InitProducerId',
  'OffsetForLeaderEpoch',
  'CreatePartitions',
  'ElectLeaders',
  'IncrementalAlterConfigs',
  'AlterPartitionReassignments',
  'AlterPartition',
  'DescribeCluster',
  'AllocateProducerIds',
];
const API_VERSIONS: readonly ApiVersionsResponseApiVersion[] = SERVED.map((api) => ({
  apiKey: API_KEYS[api],
  minVersion: REQUEST_CODECS[api].validVersions[0],
  maxVersion: LATEST_VERSIONS[api],
}));
const FIRST_VERSION_WITH_MANY_KEYS = 4;

/** ApiVersions: every API that this broker answers, with its versions. */
export function onApiVersions(state: BrokerState, requestId: number, scope: BrokerScope): BrokerState {
  scope.effects.push({ type: 'respond', requestId, api: 'ApiVersions', body: apiVersionsResponse({ apiKeys: API_VERSIONS }) });
  return state;
}

/** FindCoordinator. `Simplified:` there are no coordinators, so everybody is told to try again later. */
export function onFindCoordinator(state: BrokerState, requestId: number, frame: RequestFrameOf<'FindCoordinator'>, scope: BrokerScope): BrokerState {
  const error = { errorCode: errorCode('COORDINATOR_NOT_AVAILABLE'), errorMessage: 'The coordinator is not available.', nodeId: -1, host: '', port: -1 };
  const many = frame.version >= FIRST_VERSION_WITH_MANY_KEYS;
  const coordinators = frame.body.coordinatorKeys.map((key) => findCoordinatorResponseCoordinator({ key, ...error }));
  scope.effects.push({
    type: 'respond',
    requestId,
    api: 'FindCoordinator',
    body: many ? findCoordinatorResponse({ coordinators }) : findCoordinatorResponse(error),
  });
  return state;
}

/** DescribeCluster: brokers and controller as the metadata cache has them. */
export function onDescribeCluster(state: BrokerState, requestId: number, scope: BrokerScope): BrokerState {
  const { metadata, identity } = state;
  const brokers = metadata.brokers.map((broker) => ({ brokerId: broker.brokerId, host: broker.host, port: broker.port, rack: broker.rack }));
  scope.effects.push({
    type: 'respond',
    requestId,
    api: 'DescribeCluster',
    body: describeClusterResponse({ clusterId: identity.clusterId, controllerId: metadata.controllerId, brokers }),
  });
  return state;
}
