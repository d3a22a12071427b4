import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageFile } from './message-file.ts';
import { parseVersions, type MessageSchema } from './schema.ts';

/**
 * Writes `protocol/generated/` from the table of message fields: one file a message, `apis.ts` with the APIs the engine speaks,
 * `all-messages.ts` with everything (tests and tools). Run before anything is compiled.
 */
const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, '../generated');
const table = join(here, '../../../testing/goldens/messages.json');

/** What processes of this engine send each other; the rest of the table stays out of the page. */
const ENGINE_APIS = [
  'Produce',
  'Fetch',
  'ListOffsets',
  'Metadata',
  'LeaderAndIsr',
  'StopReplica',
  'UpdateMetadata',
  'ControlledShutdown',
  'OffsetCommit',
  'OffsetFetch',
  'FindCoordinator',
  'JoinGroup',
  'Heartbeat',
  'LeaveGroup',
  'SyncGroup',
  'DescribeGroups',
  'ListGroups',
  'ApiVersions',
  'CreateTopics',
  'DeleteTopics',
  'DeleteRecords',
  'InitProducerId',
  'OffsetForLeaderEpoch',
  'AddPartitionsToTxn',
  'AddOffsetsToTxn',
  'EndTxn',
  'WriteTxnMarkers',
  'TxnOffsetCommit',
  'DescribeConfigs',
  'IncrementalAlterConfigs',
  'CreatePartitions',
  'ElectLeaders',
  'AlterPartitionReassignments',
  'ListPartitionReassignments',
  'AlterPartition',
  'DescribeCluster',
  'AllocateProducerIds',
];

function fileName(message: string): string {
  return message.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

function main(): void {
  const messages = JSON.parse(readFileSync(table, 'utf8')) as MessageSchema[];
  const files = new Map(messages.map((message) => [`${fileName(message.name)}.ts`, messageFile(message)]));
  files.set('apis.ts', apisFile(messages)).set('all-messages.ts', allMessagesFile(messages));
  mkdirSync(target, { recursive: true });
  for (const stale of readdirSync(target).filter((name) => !files.has(name))) rmSync(join(target, stale), { recursive: true });
  for (const [name, text] of files) writeIfChanged(join(target, name), text);
  process.stdout.write(`protocol: ${messages.length} messages\n`);
}

/** Leaves an equal file alone, so that a build that watches it, or reads it just now, is not disturbed. */
function writeIfChanged(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

function apisFile(messages: readonly MessageSchema[]): string {
  const lines: string[] = ["import type { MessageCodec } from '../codec.ts';"];
  for (const api of ENGINE_APIS) {
    for (const side of ['Request', 'Response']) {
      const name = `${api}${side}`;
      lines.push(`import { ${codecName(name)}, type ${name} } from './${fileName(name)}.ts';`);
    }
  }
  const keyOf = (api: string): number => messages.find((message) => message.name === `${api}Request`)?.apiKey ?? -1;
  const latest = (api: string): number => parseVersions(messages.find((message) => message.name === `${api}Request`)?.validVersions).high;
  lines.push('', `export type ApiName = ${ENGINE_APIS.map((api) => `'${api}'`).join(' | ')};`, '');
  lines.push('export interface RequestBodies {', ...ENGINE_APIS.map((api) => `  ${api}: ${api}Request;`), '}', '');
  lines.push('export interface ResponseBodies {', ...ENGINE_APIS.map((api) => `  ${api}: ${api}Response;`), '}', '');
  lines.push('export const API_KEYS: Readonly<Record<ApiName, number>> = {', ...ENGINE_APIS.map((api) => `  ${api}: ${keyOf(api)},`), '};', '');
  lines.push(
    '/** The newest version of each API in Kafka 3.9. */',
    'export const LATEST_VERSIONS: Readonly<Record<ApiName, number>> = {',
    ...ENGINE_APIS.map((api) => `  ${api}: ${latest(api)},`),
    '};',
    '',
  );
  lines.push(
    'export const REQUEST_CODECS: { readonly [Api in ApiName]: MessageCodec<RequestBodies[Api]> } = {',
    ...ENGINE_APIS.map((api) => `  ${api}: ${codecName(`${api}Request`)},`),
    '};',
    '',
  );
  lines.push(
    'export const RESPONSE_CODECS: { readonly [Api in ApiName]: MessageCodec<ResponseBodies[Api]> } = {',
    ...ENGINE_APIS.map((api) => `  ${api}: ${codecName(`${api}Response`)},`),
    '};',
    '',
  );
  return lines.join('\n');
}

function allMessagesFile(messages: readonly MessageSchema[]): string {
  const lines = ["import type { MessageCodec } from '../codec.ts';"];
  for (const message of messages) lines.push(`import { ${codecName(message.name)}, ${lowerFirst(message.name)} } from './${fileName(message.name)}.ts';`);
  lines.push('', 'interface Entry<T> {', '  readonly codec: MessageCodec<T>;', '  readonly create: (fields?: Partial<T>) => T;', '}', '');
  lines.push('function entry<T>(codec: MessageCodec<T>, create: (fields?: Partial<T>) => T): Entry<T> {', '  return { codec, create };', '}', '');
  lines.push('/** Every message of the table, by name. */', 'export const ALL_MESSAGES = {');
  for (const message of messages) lines.push(`  ${message.name}: entry(${codecName(message.name)}, ${lowerFirst(message.name)}),`);
  lines.push('};', '');
  return lines.join('\n');
}

function codecName(message: string): string {
  return `${lowerFirst(message)}Codec`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

main();
