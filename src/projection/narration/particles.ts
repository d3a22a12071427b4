import { joinPlain, toSpan, type Piece, type Sentence, type Span } from './sentence.ts';

/** How the last syllable of a word ends when it is read aloud in Korean. */
export type FinalSound = 'vowel' | 'rieul' | 'consonant';

const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
const FINALS_PER_SYLLABLE = 28;
const RIEUL = 8;

/** Read as 킬로바이트 and so on. */
const UNIT_WORDS = /^[KMG]iB$/;

/** 영 일 이 삼 사 오 육 칠 팔 구 */
const DIGIT_SOUNDS: readonly FinalSound[] = ['consonant', 'rieul', 'vowel', 'consonant', 'vowel', 'vowel', 'consonant', 'rieul', 'rieul', 'vowel'];

/**
 * Written forms of a particle, as templates spell them after a piece: `${name}(이)가`. First the form after a consonant,
 * then after a vowel.
 */
const PARTICLES: readonly { readonly written: string; readonly consonant: string; readonly vowel: string; readonly rieulAsVowel: boolean }[] = [
  { written: '(이)가', consonant: '이', vowel: '가', rieulAsVowel: false },
  { written: '(은)는', consonant: '은', vowel: '는', rieulAsVowel: false },
  { written: '(을)를', consonant: '을', vowel: '를', rieulAsVowel: false },
  { written: '(과)와', consonant: '과', vowel: '와', rieulAsVowel: false },
  { written: '(으)로', consonant: '으로', vowel: '로', rieulAsVowel: true },
  { written: '(이)라', consonant: '이라', vowel: '라', rieulAsVowel: false },
  { written: '(이)고', consonant: '이고', vowel: '고', rieulAsVowel: false },
];

/** The final sound of Hangul, numbers, acronyms read letter by letter, and (by rule of thumb) English words. */
export function finalSound(word: string): FinalSound {
  const spoken = word.replace(/[^\p{L}\p{N}]+$/u, '');
  const last = spoken.codePointAt(spoken.length - 1);
  if (last === undefined) return 'vowel';
  if (last >= HANGUL_FIRST && last <= HANGUL_LAST) return hangulFinal(last);
  const digits = /\d+$/.exec(spoken)?.[0];
  if (digits !== undefined) return numberFinal(digits);
  const letters = /[A-Za-z]+$/.exec(spoken)?.[0];
  if (letters === undefined || UNIT_WORDS.test(letters)) return 'vowel';
  return letters === letters.toUpperCase() ? letterFinal(letters.slice(-1)) : englishFinal(letters.toLowerCase());
}

function hangulFinal(code: number): FinalSound {
  const final = (code - HANGUL_FIRST) % FINALS_PER_SYLLABLE;
  if (final === 0) return 'vowel';
  return final === RIEUL ? 'rieul' : 'consonant';
}

/** 십, 백, 천, 만 and 억 end in a consonant, 조 does not; else the last digit is heard. */
function numberFinal(digits: string): FinalSound {
  const zeros = /0*$/.exec(digits)?.[0].length ?? 0;
  if (zeros === digits.length) return 'consonant';
  if (zeros >= 12 && zeros < 16) return 'vowel';
  if (zeros > 0) return 'consonant';
  return DIGIT_SOUNDS[Number(digits.slice(-1))] ?? 'vowel';
}

/** 엘 and 알, 엠 and 엔; the other letters' names end in a vowel. */
function letterFinal(letter: string): FinalSound {
  if (letter === 'L' || letter === 'R') return 'rieul';
  return letter === 'M' || letter === 'N' ? 'consonant' : 'vowel';
}

function englishFinal(word: string): FinalSound {
  if (/(l|le|[^aeiou]ile)$/.test(word)) return 'rieul';
  if (/(m|n|ng|me|ne)$/.test(word)) return 'consonant';
  return /(^|[^aeiou])[aeiou](b|ck|c|k|p|t)$/.test(word) ? 'consonant' : 'vowel';
}

/** `word` with the particle that follows it; `written` is one of the forms that templates use, such as `(은)는`. */
export function withParticle(word: string, written: string): string {
  return word + particleAfter(word, written);
}

function particleAfter(word: string, written: string): string {
  const particle = PARTICLES.find((candidate) => candidate.written === written);
  if (particle === undefined) return written;
  const sound = finalSound(word);
  return sound === 'vowel' || (sound === 'rieul' && particle.rieulAsVowel) ? particle.vowel : particle.consonant;
}

/** `say` for Korean: a literal that begins with `(이)가` and its like takes the form that fits the piece before it. */
export function malhae(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Sentence {
  const spans: Span[] = [];
  strings.forEach((literal, i) => {
    const before = spans[spans.length - 1];
    spans.push({ text: i === 0 || before === undefined ? literal : fitted(before.text, literal), tone: 'plain' });
    const piece = pieces[i];
    if (piece !== undefined) spans.push(toSpan(piece));
  });
  return joinPlain(spans);
}

function fitted(before: string, literal: string): string {
  const particle = PARTICLES.find((candidate) => literal.startsWith(candidate.written));
  return particle === undefined ? literal : particleAfter(before, particle.written) + literal.slice(particle.written.length);
}
