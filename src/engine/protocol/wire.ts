import type { ApiName, RequestBodies, ResponseBodies } from './generated/apis.ts';
import type { ZooKeeperMessage } from './zookeeper-messages.ts';

/** A Kafka request on a connection. `sizeBytes` is the encoded size with its int32 prefix and header. */
export type RequestFrame = { [Api in ApiName]: RequestFrameOf<Api> }[ApiName];
export interface RequestFrameOf<Api extends ApiName> {
  readonly kind: 'request';
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly body: RequestBodies[Api];
  readonly sizeBytes: number;
}

/** A Kafka response; answers come in request order on one connection. */
export type ResponseFrame = { [Api in ApiName]: ResponseFrameOf<Api> }[ApiName];
export interface ResponseFrameOf<Api extends ApiName> {
  readonly kind: 'response';
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly body: ResponseBodies[Api];
  readonly sizeBytes: number;
}

/** Everything that travels between processes. */
export type WireMessage = RequestFrame | ResponseFrame | ZooKeeperMessage;
