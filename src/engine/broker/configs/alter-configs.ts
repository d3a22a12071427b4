import { validateTopicConfigs, type ConfigTexts } from '../../log/log-config.ts';
import { findTopicConfig } from '../../log/topic-configs.ts';
import type { ErrorName } from '../../protocol/errors.ts';
import type { IncrementalAlterConfigsRequestAlterConfigsResource } from '../../protocol/generated/incremental-alter-configs-request.ts';

/** ConfigResource.Type and AlterConfigOp.OpType by number. */
export const TOPIC_RESOURCE = 2;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

export type AlterOutcome = { readonly ok: true; readonly overrides: ConfigTexts } | { readonly ok: false; readonly error: ErrorName; readonly message: string };

/**
 * The overrides of a topic after the operations of one resource, validated as Kafka does (ZkAdminManager.incrementalAlterConfigs,
 * ConfigAdminManager.prepareIncrementalConfigs, LogConfig.validate); or its refusal. Nothing is half done.
 */
export function alterTopicOverrides(resource: IncrementalAlterConfigsRequestAlterConfigsResource, before: ConfigTexts): AlterOutcome {
  const names = resource.configs.map((config) => config.name);
  const duplicates = names.filter((name, i) => names.indexOf(name) !== i);
  if (duplicates.length > 0) return refused('INVALID_REQUEST', `Error due to duplicate config keys : ${duplicates.join(',')}`);
  const nulls = resource.configs.filter((config) => config.value === null && config.configOperation !== DELETE);
  if (nulls.length > 0) {
    const texts = nulls.map((config) => `${['SET', 'DELETE', 'APPEND', 'SUBTRACT'][config.configOperation] ?? config.configOperation}:${config.name}`);
    return refused('INVALID_REQUEST', `Null value not supported for : ${texts.join(',')}`);
  }
  let overrides = before;
  for (const config of resource.configs) {
    const applied = applyOperation(overrides, { name: config.name, value: config.value ?? '', operation: config.configOperation });
    if (!applied.ok) return applied;
    ({ overrides } = applied);
  }
  const invalid = validateTopicConfigs(overrides);
  return invalid === null ? { ok: true, overrides } : refused('INVALID_CONFIG', wordsOf(resource, invalid.message));
}

/** A value that does not parse is a ConfigException, which the admin manager wraps; the other refusals go out as they are. */
function wordsOf(resource: IncrementalAlterConfigsRequestAlterConfigsResource, message: string): string {
  return message.startsWith('Invalid value ')
    ? `Invalid config value for resource ConfigResource(type=TOPIC, name='${resource.resourceName}'): ${message}`
    : message;
}

interface Operation {
  readonly name: string;
  readonly value: string;
  readonly operation: number;
}

function applyOperation(overrides: ConfigTexts, { name, value, operation }: Operation): AlterOutcome {
  switch (operation) {
    case SET:
      return { ok: true, overrides: { ...overrides, [name]: value } };
    case DELETE:
      return { ok: true, overrides: Object.fromEntries(Object.entries(overrides).filter(([other]) => other !== name)) };
    case APPEND:
    case SUBTRACT:
      return applyToList(overrides, { name, value, operation });
    default:
      return refused('INVALID_REQUEST', `Unknown operation type ${operation}`);
  }
}

function applyToList(overrides: ConfigTexts, { name, value, operation }: Operation): AlterOutcome {
  const def = findTopicConfig(name);
  if (def === undefined) return refused('INVALID_CONFIG', `Unknown config name: ${name}`);
  const verb = operation === APPEND ? 'append' : 'subtract';
  if (def.type !== 'LIST') return refused('INVALID_CONFIG', `Config value ${verb} is not allowed for config key: ${name}`);
  const present = elementsOf(overrides[name] ?? def.defaultText);
  const named = elementsOf(value);
  const added = named.filter((element) => !present.includes(element));
  const result = operation === APPEND ? [...present, ...added] : present.filter((element) => !named.includes(element));
  return { ok: true, overrides: { ...overrides, [name]: result.join(',') } };
}

function elementsOf(text: string): readonly string[] {
  return text.trim() === '' ? [] : text.split(/\s*,\s*/);
}

function refused(error: ErrorName, message: string): Extract<AlterOutcome, { ok: false }> {
  return { ok: false, error, message };
}
