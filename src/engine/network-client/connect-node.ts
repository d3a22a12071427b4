import { changed } from '../kernel/mutable.ts';
import { mapSet } from '../kernel/persistent-map.ts';
import { msToUs, type InstantUs } from '../kernel/units.ts';
import type { NodeAddress } from './contract.ts';
import { copyClient, nodeOf, type NetworkClientState, type NetworkScope, type NodeState } from './network-client.ts';

const TIMER = 'network';

/**
 * Begins to connect without queueing a request, unless the node is connected, connecting or in its back-off (NetworkClient.ready).
 * Producers and consumers keep what they would send until `nodeReady`, as the leader may have changed by then.
 */
export function connectNode(client: NetworkClientState, address: NodeAddress, scope: NetworkScope): NetworkClientState {
  const known = nodeOf(client, address.nodeId);
  const { nowUs } = scope.context;
  if (known !== undefined && (known.status !== 'disconnected' || known.deadlineUs > nowUs)) return client;
  const { config } = client;
  const connection = scope.context.nextConnection();
  const deadlineUs = nowUs + msToUs(config.connectionSetupTimeoutMs);
  const node: NodeState = {
    address,
    status: 'connecting',
    connection,
    deadlineUs,
    failures: known?.failures ?? 0,
    waiting: known?.waiting ?? [],
    inFlight: [],
  };
  scope.effects.push({ type: 'connect', owner: config.owner, connection, host: address.host, port: address.port });
  const next: NetworkClientState = changed(copyClient(client), {
    nodes: mapSet(client.nodes, String(address.nodeId), node),
    connections: mapSet(client.connections, String(connection), address.nodeId),
  });
  if (next.timerUs !== null && next.timerUs <= deadlineUs) return next;
  scope.effects.push({ type: 'setTimer', owner: config.owner, name: TIMER, atUs: deadlineUs });
  return changed(copyClient(next), { timerUs: deadlineUs });
}

/** True if a request queued now would go out at once (NetworkClient.canSendRequest). */
export function canSend(client: NetworkClientState, nodeId: number): boolean {
  const node = nodeOf(client, nodeId);
  return node !== undefined && node.status === 'ready' && node.waiting.length + node.inFlight.length < client.config.maxInFlightPerConnection;
}

/** When a disconnected node may be tried again; 0 for one that is not held back by a back-off. */
export function backoffEndUs(client: NetworkClientState, nodeId: number): InstantUs {
  const node = nodeOf(client, nodeId);
  return node !== undefined && node.status === 'disconnected' ? node.deadlineUs : 0;
}
