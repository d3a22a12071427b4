import type { Command } from '../../engine/world/command.ts';
import { effectiveTopicConfig } from '../../engine/log/log-config.ts';
import { findTopicConfig } from '../../engine/log/topic-configs.ts';
import type { ConfigView } from '../../projection/view.ts';

/** The topic configs that the form shows, in the order in which one meets them; any other goes into the free lines. */
export const SHOWN_CONFIGS = [
  'segment.bytes',
  'retention.ms',
  'retention.bytes',
  'cleanup.policy',
  'min.cleanable.dirty.ratio',
  'delete.retention.ms',
  'min.insync.replicas',
  'compression.type',
] as const;
export type ShownConfig = (typeof SHOWN_CONFIGS)[number];

/** Values to pick from, where Kafka takes few. */
export const CHOICES: Readonly<Partial<Record<ShownConfig, readonly string[]>>> = {
  'cleanup.policy': ['delete', 'compact', 'compact,delete'],
  'compression.type': ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
};

/** What the form holds, as typed: Kafka judges it, not the form. Empty: no override. */
export type TopicSettings = Readonly<Record<string, string>>;

/** What is in force without an override: the broker's config that stands for it, else Kafka's default. `configs` are those of the view. */
export function valueWithoutOverride(name: ShownConfig, configs: readonly ConfigView[]): string {
  const def = findTopicConfig(name);
  const texts = Object.fromEntries(configs.filter((row) => row.of === 'broker').map((row) => [row.name, row.value]));
  return def === undefined ? '' : effectiveTopicConfig(def, texts, {}).text;
}

/** The overrides that the form's fields have no place for, as lines `name=value`. */
export function otherLines(overrides: TopicSettings): string {
  return Object.entries(overrides)
    .filter(([name]) => !SHOWN_CONFIGS.some((shown) => shown === name))
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

/** Lines `name=value`; a line without `=` is a name without a value, which Kafka refuses by name. */
export function parseLines(lines: string): TopicSettings {
  const settings: Record<string, string> = {};
  for (const line of lines.split('\n')) {
    const [name = '', ...value] = line.trim().split('=');
    if (name !== '') settings[name.trim()] = value.join('=').trim();
  }
  return settings;
}

/** The command that makes `after` of `before`; null when nothing is different. */
export function alterCommand(topic: string, before: TopicSettings, after: TopicSettings): Command | null {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(after)) if (value !== '' && before[name] !== value) set[name] = value;
  for (const [name, value] of Object.entries(parsedWithoutValue(after))) if (before[name] === undefined) set[name] = value;
  const remove = Object.keys(before).filter((name) => (after[name] ?? '') === '');
  if (Object.keys(set).length === 0 && remove.length === 0) return null;
  return { type: 'alterConfig', topic, ...(Object.keys(set).length === 0 ? {} : { set }), ...(remove.length === 0 ? {} : { remove }) };
}

/** Names typed by hand without a value are sent as they are: an empty field of the form is no such name. */
function parsedWithoutValue(settings: TopicSettings): TopicSettings {
  return Object.fromEntries(Object.entries(settings).filter(([name, value]) => value === '' && !SHOWN_CONFIGS.some((shown) => shown === name)));
}
