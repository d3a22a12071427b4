import type { Command, ConsumerSpec, ProducerSpec } from '../../engine/world/command.ts';
import { flag, integer, list, nullable, object, oneOf, optional, real, record, tagged, text, type Parsed, type Parser } from './schema.ts';

/** Limits that keep a page alive; what Kafka itself refuses (an odd topic name, too many replicas) is left to Kafka. */
export const LIMITS = {
  nameChars: 300,
  textChars: 20_000,
  configEntries: 200,
  partitions: 5000,
  replicas: 50,
  brokerId: 1000,
  recordsPerSecond: 10_000,
  valueBytes: 1_048_576,
  latencyMs: 60_000,
  pages: 1_000_000,
} as const;

/** A day of virtual time. */
const MOST_MS = 86_400_000;
export const instantMs = real({ least: 0, most: MOST_MS });
export const machineName = text({ least: 1, most: 60 });
const topicName = text({ most: LIMITS.nameChars });
const partition = integer({ least: -1, most: 1_000_000 });
export const configs = record(text({ most: LIMITS.textChars }), LIMITS.configEntries);
export const assignment = record(list(integer({ least: 0, most: LIMITS.brokerId }), LIMITS.replicas), LIMITS.partitions);
export const partitionCount = integer({ least: -1, most: LIMITS.partitions });
export const replicationFactor = integer({ least: -1, most: LIMITS.replicas });

export const producerSpec: Parser<ProducerSpec> = object({
  configs,
  topic: topicName,
  recordsPerSecond: real({ least: 0, most: LIMITS.recordsPerSecond }),
  keyCount: integer({ least: 0, most: 1_000_000 }),
  valueBytes: integer({ least: 0, most: LIMITS.valueBytes }),
  recordCount: optional(integer({ least: 0, most: 1_000_000_000 })),
});

export const consumerSpec: Parser<ConsumerSpec> = object({
  configs,
  topic: topicName,
  partitions: optional(list(partition, LIMITS.partitions)),
});

function onMachine<const Type extends string>(type: Type): Parser<{ readonly type: Type; readonly machine: string }> {
  return object({ type: oneOf(type), machine: machineName });
}

const link = { from: machineName, to: machineName } as const;
const logDir = text({ least: 1, most: 60 });
const percent = real({ least: 0, most: 100 });

/** One parser a command; links use the same table to read commands written out in words. */
export const COMMAND_PARSERS = {
  siteReload: object({ type: oneOf('siteReload'), flushSequences: record(integer({ least: 0, most: Number.MAX_SAFE_INTEGER }), 200) }),
  stopProcess: onMachine('stopProcess'),
  killProcess: onMachine('killProcess'),
  pauseProcess: onMachine('pauseProcess'),
  resumeProcess: onMachine('resumeProcess'),
  powerOff: object({ type: oneOf('powerOff'), machine: machineName, tornPages: optional(flag) }),
  start: onMachine('start'),
  fillDisk: object({ type: oneOf('fillDisk'), machine: machineName, freeBytes: optional(integer({ least: 0, most: Number.MAX_SAFE_INTEGER })) }),
  freeDisk: onMachine('freeDisk'),
  failDisk: object({ type: oneOf('failDisk'), machine: machineName, dir: optional(logDir) }),
  healDisk: object({ type: oneOf('healDisk'), machine: machineName, dir: optional(logDir) }),
  corruptPage: object({
    type: oneOf('corruptPage'),
    machine: machineName,
    path: text({ least: 1, most: LIMITS.nameChars }),
    page: integer({ least: 0, most: LIMITS.pages }),
    byte: optional(integer({ least: 0, most: 4095 })),
  }),
  slowDisk: object({ type: oneOf('slowDisk'), machine: machineName, factor: integer({ least: 1, most: 1000 }) }),
  cutLink: object({ type: oneOf('cutLink'), ...link, oneWay: optional(flag) }),
  healLink: object({ type: oneOf('healLink'), ...link, oneWay: optional(flag) }),
  slowLink: object({
    type: oneOf('slowLink'),
    ...link,
    latencyMs: real({ least: 0.001, most: LIMITS.latencyMs }),
    jitterMs: optional(real({ least: 0, most: LIMITS.latencyMs })),
    lossPercent: optional(percent),
    bytesPerSecond: optional(integer({ least: 1, most: Number.MAX_SAFE_INTEGER })),
  }),
  addBroker: object({ type: oneOf('addBroker'), brokerId: integer({ least: 0, most: LIMITS.brokerId }), rack: optional(text({ least: 1, most: 60 })) }),
  addProducer: object({ type: oneOf('addProducer'), name: machineName, config: producerSpec }),
  addConsumer: object({ type: oneOf('addConsumer'), name: machineName, config: consumerSpec }),
  createTopic: object({
    type: oneOf('createTopic'),
    topic: topicName,
    partitionCount: optional(partitionCount),
    replicationFactor: optional(replicationFactor),
    assignment: optional(assignment),
    configs: optional(configs),
  }),
  createPartitions: object({ type: oneOf('createPartitions'), topic: topicName, totalCount: integer({ least: -1, most: LIMITS.partitions }) }),
  alterConfig: object({
    type: oneOf('alterConfig'),
    topic: topicName,
    set: optional(configs),
    remove: optional(list(text({ most: LIMITS.nameChars }), LIMITS.configEntries)),
  }),
  deleteRecords: object({ type: oneOf('deleteRecords'), topic: topicName, partition, beforeOffset: integer({ least: -1, most: Number.MAX_SAFE_INTEGER }) }),
  deleteTopic: object({ type: oneOf('deleteTopic'), topic: topicName }),
  alterPartitionReassignments: object({
    type: oneOf('alterPartitionReassignments'),
    topic: topicName,
    partition,
    replicas: nullable(list(integer({ least: 0, most: LIMITS.brokerId }), LIMITS.replicas)),
  }),
  listPartitionReassignments: object({ type: oneOf('listPartitionReassignments') }),
  describeTopics: object({ type: oneOf('describeTopics'), topics: list(topicName, LIMITS.partitions) }),
  electLeaders: object({ type: oneOf('electLeaders'), electionType: oneOf('PREFERRED', 'UNCLEAN'), topic: topicName, partition }),
  produce: object({
    type: oneOf('produce'),
    client: machineName,
    topic: topicName,
    partition: nullable(partition),
    key: nullable(text({ most: LIMITS.textChars })),
    value: nullable(text({ most: LIMITS.textChars })),
  }),
} satisfies { readonly [Type in Command['type']]: Parser<Extract<Command, { type: Type }>> };

/** A command from outside: an unknown one, a wrong type, an unknown or missing field are refused with path and reason. */
export const commandParser: Parser<Command> = tagged('a command', COMMAND_PARSERS);

export function parseCommand(value: unknown): Parsed<Command> {
  return commandParser(value, '');
}
