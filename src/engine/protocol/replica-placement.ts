import { compareTexts } from '../kernel/order.ts';
import { assert } from '../kernel/assert.ts';

export interface BrokerPlace {
  readonly id: number;
  readonly rack?: string;
}

export interface PlacementRequest {
  readonly brokers: readonly BrokerPlace[];
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Index of the first broker; the shift starts at the same number when `startShift` is absent. */
  readonly startIndex: number;
  readonly startShift?: number;
  readonly startPartitionId: number;
}

/**
 * ZooKeeper mode's replica assignment (AdminUtils.assignReplicasToBrokers). Keys are partition ids; the first replica is the
 * preferred leader. Racks are used when every broker has one.
 */
export function placeReplicas(request: PlacementRequest): ReadonlyMap<number, readonly number[]> {
  const { brokers, replicationFactor } = request;
  assert(replicationFactor >= 1 && replicationFactor <= brokers.length, 'a replication factor from 1 to the number of brokers');
  const withRacks = brokers.every((broker) => broker.rack !== undefined);
  const order = withRacks ? interleaveRacks(brokers) : brokers.slice().sort((a, b) => a.id - b.id);
  const rackCount = withRacks ? new Set(brokers.map((broker) => broker.rack)).size : 1;
  const assignment = new Map<number, readonly number[]>();
  let shift = request.startShift ?? request.startIndex;
  for (let i = 0; i < request.partitionCount; i++) {
    const partition = request.startPartitionId + i;
    if (partition > 0 && partition % order.length === 0) shift += 1;
    const first = (partition + request.startIndex) % order.length;
    assignment.set(
      partition,
      withRacks ? rackReplicas(order, { first, shift, rackCount, replicationFactor }) : plainReplicas(order, { first, shift, rackCount, replicationFactor }),
    );
  }
  return assignment;
}

interface Place {
  readonly first: number;
  readonly shift: number;
  readonly rackCount: number;
  readonly replicationFactor: number;
}

function plainReplicas(order: readonly BrokerPlace[], place: Place): number[] {
  const replicas = [idAt(order, place.first)];
  for (let j = 0; j < place.replicationFactor - 1; j++) replicas.push(idAt(order, replicaIndex(order.length, place, j)));
  return replicas;
}

/** The place of replica j after the first; `j` counts on over skipped brokers. */
function replicaIndex(brokerCount: number, place: Place, j: number): number {
  return (place.first + 1 + ((place.shift * place.rackCount + j) % (brokerCount - 1))) % brokerCount;
}

function rackReplicas(order: readonly BrokerPlace[], place: Place): number[] {
  const leader = order[place.first] as BrokerPlace;
  const replicas = [leader.id];
  const racks = new Set([leader.rack]);
  let k = 0;
  while (replicas.length < place.replicationFactor) {
    const broker = order[replicaIndex(order.length, place, k)] as BrokerPlace;
    k += 1;
    const rackTaken = racks.has(broker.rack) && racks.size < place.rackCount;
    if (rackTaken || replicas.includes(broker.id)) continue;
    replicas.push(broker.id);
    racks.add(broker.rack);
  }
  return replicas;
}

function idAt(order: readonly BrokerPlace[], index: number): number {
  return (order[index] as BrokerPlace).id;
}

/** Brokers rack by rack in turn: racks sorted by name, brokers by id (AdminUtils.getRackAlternatedBrokerList). */
function interleaveRacks(brokers: readonly BrokerPlace[]): BrokerPlace[] {
  const racks = [...new Set(brokers.map((broker) => broker.rack ?? ''))].sort(compareTexts);
  const queues = racks.map((rack) => brokers.filter((broker) => broker.rack === rack).sort((a, b) => a.id - b.id));
  const order: BrokerPlace[] = [];
  for (let round = 0; order.length < brokers.length; round++) {
    for (const queue of queues) {
      const broker = queue[round];
      if (broker !== undefined) order.push(broker);
    }
  }
  return order;
}
