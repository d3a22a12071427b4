import { concatBytes } from '../kernel/bytes.ts';
import { DecodeError } from './codec.ts';
import { API_KEYS, LATEST_VERSIONS, REQUEST_CODECS, RESPONSE_CODECS, type ApiName, type RequestBodies, type ResponseBodies } from './generated/apis.ts';
import { requestHeader, requestHeaderCodec } from './generated/request-header.ts';
import { responseHeader, responseHeaderCodec } from './generated/response-header.ts';
import type { RequestFrame, RequestFrameOf, ResponseFrame, ResponseFrameOf } from './wire.ts';

export { LATEST_VERSIONS };

const LENGTH_PREFIX_BYTES = 4;

function requestHeaderVersion(api: ApiName, version: number): number {
  return version >= REQUEST_CODECS[api].flexibleFrom ? 2 : 1;
}

/** ApiVersions answers with header version 0 always, so that a client of any version can read it. */
function responseHeaderVersion(api: ApiName, version: number): number {
  return api !== 'ApiVersions' && version >= RESPONSE_CODECS[api].flexibleFrom ? 1 : 0;
}

export interface RequestParts<Api extends ApiName> {
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly clientId: string;
  readonly body: RequestBodies[Api];
}

/** A request as it travels, with its encoded size. */
export function makeRequest<Api extends ApiName>(parts: RequestParts<Api>): RequestFrameOf<Api> {
  const header = requestHeader({ requestApiKey: API_KEYS[parts.api], requestApiVersion: parts.version, correlationId: parts.correlationId, clientId: parts.clientId });
  const headerBytes = requestHeaderCodec.size(header, requestHeaderVersion(parts.api, parts.version));
  const sizeBytes = LENGTH_PREFIX_BYTES + headerBytes + REQUEST_CODECS[parts.api].size(parts.body, parts.version);
  return { kind: 'request', ...parts, sizeBytes };
}

/** The answer to `request`, with its encoded size. */
export function makeResponse<Api extends ApiName>(request: { readonly api: Api; readonly version: number; readonly correlationId: number }, body: ResponseBodies[Api]): ResponseFrameOf<Api> {
  const { api, version, correlationId } = request;
  const headerBytes = responseHeaderVersion(api, version) === 1 ? 5 : 4;
  const sizeBytes = LENGTH_PREFIX_BYTES + headerBytes + RESPONSE_CODECS[api].size(body, version);
  return { kind: 'response', api, version, correlationId, body, sizeBytes };
}

/** Encodes with the int32 length in front. */
export function encodeFrame(frame: RequestFrame | ResponseFrame): Uint8Array {
  const [header, body] = frame.kind === 'request' ? encodeRequestParts(frame) : encodeResponseParts(frame);
  const prefix = new Uint8Array(LENGTH_PREFIX_BYTES);
  new DataView(prefix.buffer).setInt32(0, header.length + body.length);
  return concatBytes([prefix, header, body]);
}

function encodeRequestParts<Api extends ApiName>(frame: RequestParts<Api>): [Uint8Array, Uint8Array] {
  const header = requestHeader({ requestApiKey: API_KEYS[frame.api], requestApiVersion: frame.version, correlationId: frame.correlationId, clientId: frame.clientId });
  return [requestHeaderCodec.encode(header, requestHeaderVersion(frame.api, frame.version)), REQUEST_CODECS[frame.api].encode(frame.body, frame.version)];
}

function encodeResponseParts<Api extends ApiName>(frame: { api: Api; version: number; correlationId: number; body: ResponseBodies[Api] }): [Uint8Array, Uint8Array] {
  const header = responseHeaderCodec.encode(responseHeader({ correlationId: frame.correlationId }), responseHeaderVersion(frame.api, frame.version));
  return [header, RESPONSE_CODECS[frame.api].encode(frame.body, frame.version)];
}

/** What one must know to read a frame: a response does not say what it answers. */
export interface FrameFacts {
  readonly kind: 'request' | 'response';
  readonly api: ApiName;
  readonly version: number;
}

/** Decodes what `encodeFrame` wrote. Throws `DecodeError`. */
export function decodeFrame(bytes: Uint8Array, facts: FrameFacts): RequestFrame | ResponseFrame {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getInt32(0);
  if (length !== bytes.length - LENGTH_PREFIX_BYTES) throw new DecodeError(`a frame of ${length} bytes, got ${bytes.length - LENGTH_PREFIX_BYTES}`);
  const content = bytes.subarray(LENGTH_PREFIX_BYTES);
  return facts.kind === 'request' ? decodeRequest(content, facts, bytes.length) : decodeResponse(content, facts, bytes.length);
}

function decodeRequest(content: Uint8Array, facts: FrameFacts, sizeBytes: number): RequestFrame {
  const { api, version } = facts;
  const headerVersion = requestHeaderVersion(api, version);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const clientIdBytes = Math.max(0, view.getInt16(8));
  const headerBytes = 10 + clientIdBytes + (headerVersion === 2 ? 1 : 0);
  const header = requestHeaderCodec.decode(content.subarray(0, headerBytes), headerVersion);
  const body = REQUEST_CODECS[api].decode(content.subarray(headerBytes), version);
  // The codec of `api` gives the body of `api`; a mapped union cannot say so without naming each API.
  return { kind: 'request', api, version, correlationId: header.correlationId, clientId: header.clientId ?? '', body, sizeBytes } as RequestFrame;
}

function decodeResponse(content: Uint8Array, facts: FrameFacts, sizeBytes: number): ResponseFrame {
  const { api, version } = facts;
  const headerVersion = responseHeaderVersion(api, version);
  const headerBytes = headerVersion === 1 ? 5 : 4;
  const header = responseHeaderCodec.decode(content.subarray(0, headerBytes), headerVersion);
  const body = RESPONSE_CODECS[api].decode(content.subarray(headerBytes), version);
  return { kind: 'response', api, version, correlationId: header.correlationId, body, sizeBytes } as ResponseFrame;
}
