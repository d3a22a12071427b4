/** org.apache.kafka.common.internals.Topic: which names a topic may have. */
const LONGEST_NAME = 249;
const LEGAL = /^[a-zA-Z0-9._-]+$/;

/** Why a name is not a topic's, in Kafka's words; null when it may be. */
export function topicNameProblem(name: string): string | null {
  const prefix = 'Topic name is invalid: ';
  if (name === '') return `${prefix}the empty string is not allowed`;
  if (name === '.' || name === '..') return `${prefix}'${name}' is not allowed`;
  if (name.length > LONGEST_NAME) return `${prefix}the length of '${name}' is longer than the max allowed length ${LONGEST_NAME}`;
  if (!LEGAL.test(name)) return `${prefix}'${name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'`;
  return null;
}

/** Metric names map '.' to '_': two topics that only differ there would collide. */
export function collides(a: string, b: string): boolean {
  return a.replace(/\./g, '_') === b.replace(/\./g, '_');
}
