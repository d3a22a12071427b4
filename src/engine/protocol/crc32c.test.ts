import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from './crc32c.ts';

/** Bit by bit, as the definition has it. */
function byDefinition(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

describe('CRC-32C', () => {
  test('[R4] the check value of the catalogue', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  });

  test('[R4] any bytes, at any place of a buffer, as the definition has them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), fc.nat(9), fc.nat(40), (content, offset, skipped) => {
        const buffer = new Uint8Array(offset + content.length + 5);
        buffer.set(content, offset);
        const view = buffer.subarray(offset, offset + content.length);
        const from = Math.min(skipped, view.length);
        expect(crc32c(view, from)).toBe(byDefinition(view.subarray(from)));
      }),
      { numRuns: 400 },
    );
  });

  test('[R4] more bytes than the loop takes at once', () => {
    const bytes = Uint8Array.from({ length: 600_011 }, (_, i) => (i * 31 + (i >> 8)) & 255);
    expect(crc32c(bytes)).toBe(byDefinition(bytes));
    expect(crc32c(bytes, 7, 500_000)).toBe(byDefinition(bytes.subarray(7, 500_000)));
  });
});
