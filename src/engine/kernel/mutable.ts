/**
 * A value that its one owner still changes, before anybody else sees it. Copies of hot state are written out field by field
 * (`copyX`) and then changed: engines differ widely in what a spread with changes costs, and in none is it as cheap.
 */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A fresh copy with some of its fields changed. Where a value is copied at every step its copies must all be made in one place:
 * an engine keeps a hidden class for each place that spreads an object, and code that meets many of them is slow for good.
 */
export function changed<T extends object>(copy: T, fields: Partial<T>): T {
  return Object.assign(copy, fields);
}
