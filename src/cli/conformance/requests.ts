import { decodeFrame, encodeFrame, makeRequest } from '../../engine/protocol/frames.ts';
import { API_KEYS, type ApiName } from '../../engine/protocol/generated/apis.ts';
import type { MessageSchema } from '../../engine/protocol/generate/schema.ts';
import { BadInput, checkPlace, firstDifference, type Checker, type GoldenFile } from './checker.ts';
import { asRow, hexField, integerField, parseJson, rowsOf, textField, type Row } from './json.ts';
import { kafkaText } from './kafka-text.ts';

const LENGTH_PREFIX_BYTES = 4;

/** Recorded requests: header, fields as Kafka prints them, and the same bytes again. */
export const requestsChecker: Checker = {
  knows: (path) => path === 'vectors/requests.json',
  check: (file, report) => {
    const schemas = schemasOf(file);
    if (schemas === null) report.note('messages.json is not there or not readable, so the fields were not compared with their texts');
    for (const [i, value] of rowsOf(file).entries()) checkPlace(report, `[${i}]`, () => checkRequest(asRow(value), schemas));
  },
};

function schemasOf(file: GoldenFile): readonly MessageSchema[] | null {
  const bytes = file.other('messages.json');
  if (bytes === null) return null;
  try {
    const value = parseJson(bytes);
    return Array.isArray(value) ? (value as readonly MessageSchema[]) : null;
  } catch (error) {
    // The checker of messages.json tells what is wrong with it.
    if (error instanceof BadInput) return null;
    throw error;
  }
}

function checkRequest(row: Row, schemas: readonly MessageSchema[] | null): string | null {
  const name = textField(row, 'api');
  const api = (Object.keys(API_KEYS) as ApiName[]).find((known) => known === name);
  if (api === undefined) throw new BadInput(`no API ${name} is spoken here`);
  const content = hexField(row, 'hex');
  const bytes = new Uint8Array(LENGTH_PREFIX_BYTES + content.length);
  new DataView(bytes.buffer).setInt32(0, content.length);
  bytes.set(content, LENGTH_PREFIX_BYTES);
  const frame = decodeFrame(bytes, { kind: 'request', api, version: integerField(row, 'version') });
  if (frame.kind !== 'request') return 'it was not read as a request';
  const schema = schemas?.find((one) => asRow(one)['name'] === `${api}Request`);
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  return firstDifference([
    ['apiKey', integerField(row, 'apiKey'), view.getInt16(0)],
    ['apiKey of the name', integerField(row, 'apiKey'), API_KEYS[api]],
    ['version', integerField(row, 'version'), view.getInt16(2)],
    ['correlationId', integerField(row, 'correlationId'), frame.correlationId],
    ['clientId', textField(row, 'clientId'), frame.clientId],
    ...(schema === undefined ? [] : [['fields', textField(row, 'text'), kafkaText(schema, frame.body)] as const]),
    ['encoded', bytes, encodeFrame(frame)],
    ['size before encoding', bytes.length, makeRequest(frame).sizeBytes],
  ]);
}
