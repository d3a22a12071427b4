import { compareTexts } from '../../kernel/order.ts';
import { emptyMap, mapGet, mapSet, type PersistentMap } from '../../kernel/persistent-map.ts';
import type { ConfigTexts } from '../../log/log-config.ts';

/** Overrides of each topic as last read from `/config/topics/T`; a topic without that znode has none. */
export type TopicConfigs = PersistentMap<ConfigTexts>;

const NO_OVERRIDES: ConfigTexts = {};
const ROOT = '/config/topics';

export function noTopicConfigs(): TopicConfigs {
  return emptyMap();
}

export function knowsTopicConfig(configs: TopicConfigs, topic: string): boolean {
  return mapGet(configs, topic) !== undefined;
}

export function topicOverrides(configs: TopicConfigs, topic: string): ConfigTexts {
  return mapGet(configs, topic) ?? NO_OVERRIDES;
}

export function withTopicConfig(configs: TopicConfigs, topic: string, overrides: ConfigTexts): TopicConfigs {
  return mapSet(configs, topic, overrides);
}

export function topicConfigPath(topic: string): string {
  return `${ROOT}/${topic}`;
}

/** ConfigEntityZNode.encode, names sorted. */
export function encodeTopicConfig(overrides: ConfigTexts): string {
  const config: Record<string, string> = {};
  for (const name of Object.keys(overrides).sort(compareTexts)) config[name] = overrides[name] ?? '';
  return JSON.stringify({ version: 1, config });
}

/** `{"version":1,"config":{...}}`; anything else counts as no overrides (ConfigEntityZNode.decode). */
export function decodeTopicConfig(data: string): ConfigTexts {
  const parsed = parseObject(data);
  const config = parsed === null ? null : asObject(parsed['config']);
  if (config === null) return NO_OVERRIDES;
  const texts: Record<string, string> = {};
  for (const name of Object.keys(config).sort(compareTexts)) texts[name] = String(config[name]);
  return texts;
}

function parseObject(data: string): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(data));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : null;
}
