import type { Scope } from '../kernel/scope.ts';
import type { SystemEffect, SystemInput } from '../kernel/system.ts';
import type { BrokerEpoch, BrokerId, HostName } from '../kernel/units.ts';
import type { ApiName, ResponseBodies } from '../protocol/generated/apis.ts';
import type { RequestFrame, WireMessage } from '../protocol/wire.ts';
import type { ZkCall, ZkTold } from '../zookeeper-client/contract.ts';
import type { BrokerTrace } from './trace.ts';

/**
 * The broker part of a kafka-server process: replicas, purgatory, fetchers, metadata cache. The process accepts connections and
 * hands over one request of a connection at a time; it hears `respond`, `finish` or `closeRequest` with the same id exactly once.
 * Tags of its ZooKeeper calls start with `broker`; owners of its timers and connections are listed in `owners.ts`.
 */
export type BrokerInput =
  | BrokerRequest
  /** The broker has registered (again); the epoch is the czxid of `/brokers/ids/N`. */
  | { readonly type: 'registered'; readonly brokerEpoch: BrokerEpoch }
  /** Controlled shutdown begins: from now on no fetcher is started (ReplicaManager.isShuttingDown). */
  | { readonly type: 'shutdownStarted' }
  /** Stop for good: fetchers and timers go, files are written, `.kafka_cleanshutdown` last. */
  | { readonly type: 'shutdown' }
  | ZkTold
  | SystemInput<WireMessage, never>;

export interface BrokerRequest {
  readonly type: 'request';
  /** Unique among the requests under way. */
  readonly requestId: number;
  readonly frame: RequestFrame;
}

export type BrokerEffect =
  | SystemEffect<WireMessage, BrokerTrace>
  | ZkCall
  | { readonly [Api in ApiName]: { readonly type: 'respond'; readonly requestId: number; readonly api: Api; readonly body: ResponseBodies[Api] } }[ApiName]
  /** Done without an answer: Produce with acks=0. */
  | { readonly type: 'finish'; readonly requestId: number }
  /** Produce with acks=0 that failed: the only way to tell the producer is to close its connection. */
  | { readonly type: 'closeRequest'; readonly requestId: number }
  /** After `shutdown`: all files are on the device. */
  | { readonly type: 'shutdownComplete' };

export type BrokerScope = Scope<BrokerEffect>;

/** Who this broker is. */
export interface BrokerIdentity {
  readonly brokerId: BrokerId;
  readonly rack: string | null;
  readonly host: HostName;
  readonly port: number;
  /** 22 characters of base64. */
  readonly clusterId: string;
}
