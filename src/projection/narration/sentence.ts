/** What a part of a sentence is about; the page colours it, a terminal may leave that out. Gold is for leaders alone. */
export type Tone = 'plain' | 'strong' | 'leader' | 'isr' | 'out' | 'stale' | 'control' | 'water';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One sentence, or a few, as spans in reading order. */
export type Sentence = readonly Span[];

export type Language = 'en' | 'ko';

export type Piece = string | number | Span;

export function span(tone: Tone, text: string | number): Span {
  return { text: String(text), tone };
}

/** A tagged template that keeps the tones of its pieces and joins plain text. */
export function say(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Sentence {
  return joinPlain(strings.flatMap((text, i) => [plain(text), ...(i < pieces.length ? [toSpan(pieces[i] ?? '')] : [])]));
}

export function toSpan(piece: Piece): Span {
  return typeof piece === 'object' ? piece : plain(String(piece));
}

function plain(text: string): Span {
  return { text, tone: 'plain' };
}

/** Drops empty spans and melts neighbours of one tone. */
export function joinPlain(spans: readonly Span[]): Sentence {
  const joined: Span[] = [];
  for (const next of spans) {
    const last = joined[joined.length - 1];
    if (next.text === '') continue;
    if (last !== undefined && last.tone === next.tone) joined[joined.length - 1] = { text: last.text + next.text, tone: last.tone };
    else joined.push(next);
  }
  return joined;
}

/** Without tones, for a terminal and for screen readers. */
export function plainText(sentence: Sentence): string {
  return sentence.map((part) => part.text).join('');
}
