/**
 * Names for numbers and strings that must not be mixed. They are flavours: a plain number may become an `Offset`,
 * an `Offset` may not become a `LeaderEpoch`. Units stand last in names (`fetchWaitMs`, `segmentBytes`).
 */
declare const flavour: unique symbol;
export type Flavour<Base, Name extends string> = Base & { readonly [flavour]?: Name };

/** Virtual time since the start of the run, integer microseconds. */
export type InstantUs = Flavour<number, 'InstantUs'>;
/** Epoch milliseconds as Kafka sees them (scenario's epoch of virtual zero + floor of virtual time). */
export type EpochMs = Flavour<number, 'EpochMs'>;
/** Position of a record in a partition, 0-based, below 2^53. Ends are exclusive. */
export type Offset = Flavour<number, 'Offset'>;
export type LeaderEpoch = Flavour<number, 'LeaderEpoch'>;
export type PartitionEpoch = Flavour<number, 'PartitionEpoch'>;
export type ControllerEpoch = Flavour<number, 'ControllerEpoch'>;
/** czxid of the broker's `/brokers/ids/N`. */
export type BrokerEpoch = Flavour<number, 'BrokerEpoch'>;
export type BrokerId = Flavour<number, 'BrokerId'>;
export type PartitionId = Flavour<number, 'PartitionId'>;
/** ZooKeeper transaction id: epoch * 2^32 + counter. */
export type Zxid = Flavour<number, 'Zxid'>;
/** Dense rank of a machine in its world, in order of creation; also the tie-breaker in the order of events. */
export type MachineRank = Flavour<number, 'MachineRank'>;
/** Host name of a machine: `b1`, `zk2`, `producer-1`. */
export type HostName = Flavour<string, 'HostName'>;
/** One end of a connection, as the process that holds it knows it; unique within a process. */
export type ConnectionId = Flavour<number, 'ConnectionId'>;
/** A UUID as 32 lower-case hex digits. */
export type Uuid = Flavour<string, 'Uuid'>;

/** Kafka's Long.MAX_VALUE as a default ("never"). Encoders write 0x7fffffffffffffff for it. */
export const MAX_LONG = 9223372036854775807;
export const MAX_INT = 2147483647;
export const NO_EPOCH = -1;

export const US_PER_MS = 1000;

/** Milliseconds to integer microseconds. */
export function msToUs(milliseconds: number): number {
  return Math.floor(milliseconds * US_PER_MS);
}
