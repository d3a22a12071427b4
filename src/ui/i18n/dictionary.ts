import type { Language } from '../../projection/narration/sentence.ts';
import { en, type Dictionary } from './en.ts';
import { ko } from './ko.ts';

const DICTIONARIES: Readonly<Record<Language, Dictionary>> = { en, ko };

export function dictionaryOf(language: Language): Dictionary {
  return DICTIONARIES[language];
}

const SECOND_US = 1_000_000;
const MINUTE_S = 60;

/** How long ago, in a few letters: `4.1 s`, `12 s`, `3 min`. */
export function agoText(words: Dictionary, elapsedUs: number): string {
  const seconds = Math.max(0, elapsedUs) / SECOND_US;
  if (seconds < 10) return words.ago.seconds(seconds.toFixed(1));
  if (seconds < 2 * MINUTE_S) return words.ago.seconds(String(Math.floor(seconds)));
  return words.ago.minutes(String(Math.floor(seconds / MINUTE_S)));
}
