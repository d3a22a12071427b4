import type { Language } from '../../projection/narration/sentence.ts';

/** The same said in both languages. */
export type Both = Readonly<Record<Language, string>>;

export function both(en: string, ko: string): Both {
  return { en, ko };
}

/** Ids, values and names need no translation. */
export function same(text: string): Both {
  return { en: text, ko: text };
}
