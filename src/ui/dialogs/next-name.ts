/** The first of `prefix1`, `prefix2`, ... that nobody has. */
export function nextName(prefix: string, taken: readonly string[]): string {
  let n = 1;
  while (taken.includes(`${prefix}${n}`)) n++;
  return `${prefix}${n}`;
}
