import type { Mutable } from '../../kernel/mutable.ts';
import type { PersistentMap } from '../../kernel/persistent-map.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { SystemEffect } from '../../kernel/system.ts';
import type { HostName, InstantUs, LeaderEpoch, Offset } from '../../kernel/units.ts';
import type { NetworkClientState } from '../../network-client/network-client.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { Configs } from '../shared/client-configs.ts';
import type { ClientMetadata } from '../shared/metadata.ts';
import type { ClientTrace } from '../trace.ts';

export interface ConsumerConfig {
  readonly clientId: string;
  readonly bootstrap: readonly { readonly host: HostName; readonly port: number }[];
  readonly configs: Configs;
  readonly topic: string;
  /** Absent: all partitions of the topic (groups come with part 4). */
  readonly partitions?: readonly number[];
}

/** One assigned partition (SubscriptionState.TopicPartitionState). */
export interface ConsumedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Why it is not fetched, or that it may be. */
  readonly status: 'needsOffset' | 'listing' | 'fetching' | 'needsValidation' | 'validating' | 'stopped';
  /** Offset of the next record to hand to the application; null before the first look-up. */
  readonly position: Offset | null;
  /** Epoch of the last record read, -1 when none was. */
  readonly positionEpoch: LeaderEpoch;
  /** Leader epoch the position was last validated against. */
  readonly validatedEpoch: LeaderEpoch;
  readonly highWatermark: Offset;
  readonly logStartOffset: Offset;
  readonly consumed: number;
  readonly notBeforeUs: InstantUs;
}

export interface ConsumerState {
  readonly config: ConsumerConfig;
  readonly settings: ConsumerSettings;
  readonly net: NetworkClientState;
  readonly metadata: ClientMetadata;
  readonly partitions: PersistentMap<ConsumedPartition>;
  /** Nodes with a Fetch under way. */
  readonly fetching: readonly number[];
  readonly nextTag: number;
  /** What a request under way asked for, by tag. */
  readonly asked: PersistentMap<readonly AskedPartition[]>;
}

export interface AskedPartition {
  readonly key: string;
  readonly offset: Offset;
}

export interface ConsumerSettings {
  readonly minBytes: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
  readonly reset: 'earliest' | 'latest' | 'none';
  readonly retryBackoffMs: number;
}

export type ConsumerScope = Scope<SystemEffect<WireMessage, ClientTrace>>;

/** A step's own copy of the state, changed in place until the step ends. */
export function copyConsumer(state: ConsumerState): Mutable<ConsumerState> {
  const { config, settings, net, metadata, partitions, fetching, nextTag, asked } = state;
  return { config, settings, net, metadata, partitions, fetching, nextTag, asked };
}

export function copyConsumed(part: ConsumedPartition): Mutable<ConsumedPartition> {
  const { topic, partition, status, position, positionEpoch, validatedEpoch, highWatermark, logStartOffset, consumed, notBeforeUs } = part;
  return { topic, partition, status, position, positionEpoch, validatedEpoch, highWatermark, logStartOffset, consumed, notBeforeUs };
}

export interface Work {
  readonly state: Mutable<ConsumerState>;
  readonly scope: ConsumerScope;
}
