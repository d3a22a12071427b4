import { LinkProblem } from './shared-run.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let encoded = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const word = (a << 16) | (b << 8) | c;
    const charCount = Math.min(3, bytes.length - i) + 1;
    for (let k = 0; k < charCount; k++) encoded += ALPHABET.charAt((word >> (18 - 6 * k)) & 63);
  }
  return encoded;
}

/** The bytes of `encoded`; only the one spelling of them is accepted. `start` is its position in the link. Throws `LinkProblem`. */
export function fromBase64Url(encoded: string, start: number): Uint8Array {
  if (encoded.length % 4 === 1) throw new LinkProblem(start + encoded.length, 'the link has been cut off');
  const bytes = new Uint8Array(Math.floor((encoded.length * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < encoded.length; i++) {
    const value = ALPHABET.indexOf(encoded.charAt(i));
    if (value < 0) throw new LinkProblem(start + i, `${JSON.stringify(encoded.charAt(i))} cannot stand in a compressed link`);
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    bytes[at++] = (bits >> bitCount) & 0xff;
  }
  if ((bits & ((1 << bitCount) - 1)) !== 0) throw new LinkProblem(start + encoded.length - 1, 'the last character is damaged');
  return bytes;
}
