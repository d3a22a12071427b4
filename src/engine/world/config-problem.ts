import { BROKER_CONFIG_DEFAULTS } from '../broker/broker-config.ts';
import { duplicateLogDir, resolveLogDirs } from '../broker/logs/log-dirs.ts';
import { MAX_INT } from '../kernel/units.ts';
import { atLeast, between, invalidValue, oneOf, parseConfigValue, printConfigValue, type ConfigType, type Validator } from '../log/config-def.ts';
import type { ConfigTexts } from '../log/log-config.ts';
import { TOPIC_CONFIGS } from '../log/topic-configs.ts';

/** What a program refuses to start with. */
export type ConfiguredProgram = 'broker' | 'producer' | 'consumer';

interface ConfigDef {
  readonly type: ConfigType;
  readonly validator: Validator | null;
}

type ConfigTable = Readonly<Record<string, ConfigDef>>;

const def = (type: ConfigType, validator: Validator | null = null): ConfigDef => ({ type, validator });
const notNegative = (type: 'INT' | 'LONG'): ConfigDef => def(type, atLeast(0));

/** KafkaConfig of 3.9: types and validators of the configs that have an effect here. */
const BROKER: ConfigTable = {
  'replica.lag.time.max.ms': def('LONG'),
  'replica.fetch.wait.max.ms': def('INT'),
  'replica.fetch.min.bytes': def('INT'),
  'replica.fetch.max.bytes': notNegative('INT'),
  'replica.fetch.response.max.bytes': notNegative('INT'),
  'replica.fetch.backoff.ms': notNegative('INT'),
  'replica.socket.timeout.ms': def('INT'),
  'replica.high.watermark.checkpoint.interval.ms': def('LONG'),
  'log.flush.offset.checkpoint.interval.ms': notNegative('INT'),
  'log.flush.start.offset.checkpoint.interval.ms': notNegative('INT'),
  'log.flush.scheduler.interval.ms': def('LONG'),
  'log.retention.check.interval.ms': def('LONG', atLeast(1)),
  'log.initial.task.delay.ms': notNegative('LONG'),
  'fetch.max.bytes': def('INT', atLeast(1024)),
  'controller.socket.timeout.ms': def('INT'),
  'request.timeout.ms': def('INT'),
  'controlled.shutdown.enable': def('BOOLEAN'),
  'controlled.shutdown.max.retries': def('INT'),
  'controlled.shutdown.retry.backoff.ms': def('LONG'),
  'zookeeper.session.timeout.ms': def('INT'),
  'zookeeper.connection.timeout.ms': def('INT'),
  'auto.create.topics.enable': def('BOOLEAN'),
  'num.partitions': def('INT', atLeast(1)),
  'default.replication.factor': def('INT'),
  'log.dir': def('STRING'),
  'log.dirs': def('STRING'),
  ...Object.fromEntries(
    TOPIC_CONFIGS.flatMap((topic) =>
      topic.synonyms.map((synonym) => [synonym.name, def(topic.type, topic.name === 'cleanup.policy' ? null : topic.validator)]),
    ),
  ),
};

/** CommonClientConfigs. */
const CLIENT: ConfigTable = {
  'request.timeout.ms': notNegative('INT'),
  'metadata.max.age.ms': notNegative('LONG'),
  'retry.backoff.ms': notNegative('LONG'),
  'retry.backoff.max.ms': notNegative('LONG'),
  'reconnect.backoff.ms': notNegative('LONG'),
  'reconnect.backoff.max.ms': notNegative('LONG'),
  'socket.connection.setup.timeout.ms': def('LONG'),
};

/** ProducerConfig. */
const PRODUCER: ConfigTable = {
  ...CLIENT,
  acks: def('STRING', oneOf(['all', '-1', '0', '1'])),
  'batch.size': notNegative('INT'),
  'linger.ms': notNegative('LONG'),
  'buffer.memory': notNegative('LONG'),
  'max.block.ms': notNegative('LONG'),
  'max.request.size': notNegative('INT'),
  'delivery.timeout.ms': notNegative('INT'),
  retries: def('INT', between(0, MAX_INT)),
  'enable.idempotence': def('BOOLEAN'),
  'max.in.flight.requests.per.connection': def('INT', atLeast(1)),
  'compression.type': def('STRING', oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'])),
  'compression.gzip.level': def('INT', (value) =>
    value === -1 || (Number(value) >= 1 && Number(value) <= 9) ? null : 'Value must be between 1 and 9 or equal to -1',
  ),
  'compression.lz4.level': def('INT', between(1, 17)),
  'compression.zstd.level': def('INT', between(-131_072, 22)),
};

/** ConsumerConfig. */
const CONSUMER: ConfigTable = {
  ...CLIENT,
  'auto.offset.reset': def('STRING', oneOf(['latest', 'earliest', 'none'])),
  'fetch.min.bytes': notNegative('INT'),
  'fetch.max.wait.ms': notNegative('INT'),
  'fetch.max.bytes': notNegative('INT'),
  'max.partition.fetch.bytes': notNegative('INT'),
  'max.poll.records': def('INT', atLeast(1)),
  'isolation.level': def('STRING', oneOf(['read_committed', 'read_uncommitted'])),
};

const TABLES: Readonly<Record<ConfiguredProgram, ConfigTable>> = { broker: BROKER, producer: PRODUCER, consumer: CONSUMER };

/** `Simplified:` what is not there yet is refused instead of taken in silence; `read_uncommitted` is in force. */
const NOT_YET: Readonly<Record<ConfiguredProgram, Readonly<Record<string, (text: string) => boolean>>>> = {
  broker: {},
  producer: { 'transactional.id': () => true },
  consumer: { 'isolation.level': (text) => text === 'read_committed', 'group.id': () => true },
};

/**
 * Why a program would refuse to start with these configs, in the words of Kafka's ConfigException, with the config's name; null when it
 * starts. `base` are configs in force below the given ones. Names that Kafka does not know are taken, as Kafka takes them.
 */
export function configProblem(
  program: ConfiguredProgram,
  given: ConfigTexts,
  base: ConfigTexts = {},
): { readonly name: string; readonly reason: string } | null {
  for (const name of Object.keys(given)) {
    const text = given[name] ?? '';
    const reason =
      valueProblem(TABLES[program][name], name, text) ?? (NOT_YET[program][name]?.(text.trim()) === true ? `${name}=${text} is not supported here yet` : null);
    if (reason !== null) return { name, reason };
  }
  return program === 'broker' ? brokerConflict({ ...BROKER_CONFIG_DEFAULTS, ...base, ...given }) : null;
}

function valueProblem(known: ConfigDef | undefined, name: string, text: string): string | null {
  if (known === undefined) return null;
  const parsed = parseConfigValue(name, known.type, text);
  if (!parsed.ok) return parsed.message;
  const reason = known.validator?.(parsed.value, name) ?? null;
  return reason === null ? null : invalidValue(name, printConfigValue(parsed.value, known.type), reason);
}

/** KafkaConfig.validateValues. */
function brokerConflict(texts: ConfigTexts): { readonly name: string; readonly reason: string } | null {
  const value = (name: string): number => Number(texts[name]);
  const name = 'replica.fetch.wait.max.ms';
  if (value(name) > value('replica.socket.timeout.ms'))
    return { name, reason: 'replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket timeouts' };
  if (value(name) > value('replica.lag.time.max.ms'))
    return { name, reason: 'replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent changes in ISR' };
  const dirs = texts['log.dirs'] ?? texts['log.dir'];
  return dirs === undefined ? null : logDirConflict(dirs);
}

/** A list without a directory, and a directory that stands in it twice (KafkaConfig.validateValues, LogManager.createAndValidateLogDirs). */
function logDirConflict(text: string): { readonly name: string; readonly reason: string } | null {
  const name = 'log.dirs';
  if (text.split(',').every((path) => path.trim() === '')) return { name, reason: 'At least one log directory must be defined via log.dirs or log.dir.' };
  const reason = duplicateLogDir(resolveLogDirs({ [name]: text }));
  return reason === null ? null : { name, reason };
}
