import { MAX_INT } from '../../kernel/units.ts';
import type { NetworkClientConfig } from '../../network-client/contract.ts';
import type { MetadataConfig } from './metadata.ts';
import type { HostName } from '../../kernel/units.ts';

/** Kafka's client defaults by config name (CommonClientConfigs, ProducerConfig, ConsumerConfig of 3.9). */
export const CLIENT_DEFAULTS = {
  'request.timeout.ms': '30000',
  'metadata.max.age.ms': '300000',
  'retry.backoff.ms': '100',
  'retry.backoff.max.ms': '1000',
  'reconnect.backoff.ms': '50',
  'reconnect.backoff.max.ms': '1000',
  'socket.connection.setup.timeout.ms': '10000',
  'max.in.flight.requests.per.connection': '5',
} as const;

export const PRODUCER_DEFAULTS = {
  ...CLIENT_DEFAULTS,
  acks: 'all',
  'batch.size': '16384',
  'linger.ms': '0',
  'buffer.memory': '33554432',
  'max.block.ms': '60000',
  'max.request.size': '1048576',
  'delivery.timeout.ms': '120000',
  retries: String(MAX_INT),
  'enable.idempotence': 'true',
  'compression.type': 'none',
} as const;

export const CONSUMER_DEFAULTS = {
  ...CLIENT_DEFAULTS,
  'fetch.min.bytes': '1',
  'fetch.max.wait.ms': '500',
  'fetch.max.bytes': '52428800',
  'max.partition.fetch.bytes': '1048576',
  'auto.offset.reset': 'latest',
  'max.poll.records': '500',
  'isolation.level': 'read_uncommitted',
  'client.rack': '',
} as const;

export type Configs = Readonly<Record<string, string>>;

/** The value in force: what is set, else Kafka's default. */
export function configNumber(configs: Configs, defaults: Configs, name: string): number {
  return Number(configs[name] ?? defaults[name]);
}

export function configText(configs: Configs, defaults: Configs, name: string): string {
  return configs[name] ?? defaults[name] ?? '';
}

/** The network settings of a client; producers alone send several requests at a time to a node. */
export function networkConfig(
  configs: Configs,
  client: { readonly owner: string; readonly clientId: string; readonly maxInFlight?: number },
): NetworkClientConfig {
  const value = (name: string): number => configNumber(configs, CLIENT_DEFAULTS, name);
  return {
    owner: client.owner,
    clientId: client.clientId,
    requestTimeoutMs: value('request.timeout.ms'),
    reconnectBackoffMs: value('reconnect.backoff.ms'),
    reconnectBackoffMaxMs: value('reconnect.backoff.max.ms'),
    connectionSetupTimeoutMs: value('socket.connection.setup.timeout.ms'),
    maxInFlightPerConnection: client.maxInFlight ?? value('max.in.flight.requests.per.connection'),
    discoverApiVersions: true,
  };
}

export function metadataConfig(configs: Configs, bootstrap: readonly { readonly host: HostName; readonly port: number }[]): MetadataConfig {
  const value = (name: string): number => configNumber(configs, CLIENT_DEFAULTS, name);
  return {
    bootstrap,
    maxAgeMs: value('metadata.max.age.ms'),
    retryBackoffMs: value('retry.backoff.ms'),
    retryBackoffMaxMs: value('retry.backoff.max.ms'),
    allowAutoTopicCreation: false,
  };
}
