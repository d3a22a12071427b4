/**
 * A value that its one owner still changes, before anybody else sees it. Copies of hot state are written out field by field
 * (`copyX`) and then changed: engines differ widely in what a spread with changes costs, and in none is it as cheap.
 */
export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
