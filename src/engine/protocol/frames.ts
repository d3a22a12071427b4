import { concatBytes } from '../kernel/bytes.ts';
import { DecodeError, newReader, readInt16, readInt32, readNullableString, readTags, type Reader } from './codec.ts';
import { API_KEYS, LATEST_VERSIONS, REQUEST_CODECS, RESPONSE_CODECS, type ApiName, type RequestBodies, type ResponseBodies } from './generated/apis.ts';
import { requestHeader, requestHeaderCodec, type RequestHeader } from './generated/request-header.ts';
import { responseHeader, responseHeaderCodec } from './generated/response-header.ts';
import type { RequestFrame, RequestFrameOf, ResponseFrame, ResponseFrameOf } from './wire.ts';

export { LATEST_VERSIONS };

const LENGTH_PREFIX_BYTES = 4;

/** The first version of ControlledShutdown comes without a client id. */
function requestHeaderVersion(api: ApiName, version: number): number {
  if (api === 'ControlledShutdown' && version === 0) return 0;
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
  const { api, version, correlationId, clientId, body } = parts;
  const headerBytes = requestHeaderCodec.size(headerOf(parts), requestHeaderVersion(api, version));
  const sizeBytes = LENGTH_PREFIX_BYTES + headerBytes + REQUEST_CODECS[api].size(body, version);
  return { kind: 'request', api, version, correlationId, clientId, body, sizeBytes };
}

function headerOf(parts: Omit<RequestParts<ApiName>, 'body'>): RequestHeader {
  return requestHeader({ requestApiKey: API_KEYS[parts.api], requestApiVersion: parts.version, correlationId: parts.correlationId, clientId: parts.clientId });
}

/** The answer to `request`, with its encoded size. */
export function makeResponse<Api extends ApiName>(
  request: { readonly api: Api; readonly version: number; readonly correlationId: number },
  body: ResponseBodies[Api],
): ResponseFrameOf<Api> {
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
  return [
    requestHeaderCodec.encode(headerOf(frame), requestHeaderVersion(frame.api, frame.version)),
    REQUEST_CODECS[frame.api].encode(frame.body, frame.version),
  ];
}

function encodeResponseParts<Api extends ApiName>(frame: {
  api: Api;
  version: number;
  correlationId: number;
  body: ResponseBodies[Api];
}): [Uint8Array, Uint8Array] {
  const header = responseHeaderCodec.encode(responseHeader({ correlationId: frame.correlationId }), responseHeaderVersion(frame.api, frame.version));
  return [header, RESPONSE_CODECS[frame.api].encode(frame.body, frame.version)];
}

/** What one must know to read a frame: a response does not say what it answers. */
export interface FrameFacts {
  readonly kind: 'request' | 'response';
  readonly api: ApiName;
  readonly version: number;
}

/** Decodes what `encodeFrame` wrote. Throws `DecodeError`, also when a request is of another API or version than `facts` say. */
export function decodeFrame(bytes: Uint8Array, facts: FrameFacts): RequestFrame | ResponseFrame {
  const reader = newReader(bytes);
  const length = readInt32(reader);
  if (length !== bytes.length - LENGTH_PREFIX_BYTES) throw new DecodeError(`a frame of ${length} bytes, got ${bytes.length - LENGTH_PREFIX_BYTES}`);
  return facts.kind === 'request' ? decodeRequest(reader, facts) : decodeResponse(reader, facts);
}

function decodeRequest(reader: Reader, facts: FrameFacts): RequestFrame {
  const { api, version } = facts;
  const from = reader.at;
  const headerVersion = requestHeaderVersion(api, version);
  const [apiKey, apiVersion] = [readInt16(reader), readInt16(reader)];
  if (apiKey !== API_KEYS[api] || apiVersion !== version)
    throw new DecodeError(`API key ${apiKey} version ${apiVersion} where ${api} version ${version} was expected`);
  readInt32(reader);
  if (headerVersion >= 1) readNullableString(reader, false);
  if (headerVersion >= 2) readTags(reader, () => undefined);
  const header = requestHeaderCodec.decode(reader.bytes.subarray(from, reader.at), headerVersion);
  const body = REQUEST_CODECS[api].decode(reader.bytes.subarray(reader.at), version);
  // The codec of `api` gives the body of `api`; a mapped union cannot say so without naming each API.
  return {
    kind: 'request',
    api,
    version,
    correlationId: header.correlationId,
    clientId: header.clientId ?? '',
    body,
    sizeBytes: reader.bytes.length,
  } as RequestFrame;
}

function decodeResponse(reader: Reader, facts: FrameFacts): ResponseFrame {
  const { api, version } = facts;
  const correlationId = readInt32(reader);
  if (responseHeaderVersion(api, version) === 1) readTags(reader, () => undefined);
  const body = RESPONSE_CODECS[api].decode(reader.bytes.subarray(reader.at), version);
  return { kind: 'response', api, version, correlationId, body, sizeBytes: reader.bytes.length } as ResponseFrame;
}
