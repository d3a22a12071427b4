import type { Language } from '../projection/narration/sentence.ts';

/** Where a command writes: results, and what is wrong with the way it was called. */
export interface Io {
  out(line: string): void;
  err(line: string): void;
  /** Whether lines go to a terminal, which control characters could steer. */
  readonly isTerminal?: boolean;
}

/** 0: all is well. 1: it ran, and something does not hold. 2: it could not be run as it was asked for. */
export type ExitStatus = 0 | 1 | 2;

/** What a command line or a file has wrong; its message is one plain sentence. */
export class UsageProblem extends Error {}

/** Texts of scenarios are only ever text: control characters, which could steer a terminal, are shown as a box. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{FFFD}');
}

/** `12.345 s`, so that points stand below one another. */
export function instant(atUs: number): string {
  return `${(atUs / 1_000_000).toFixed(3).padStart(9)} s`;
}

export function inLanguage<T>(language: Language, words: Readonly<Record<Language, T>>): T {
  return words[language];
}
