import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateFrom, ARENA_BYTES, newArena, utf8Decode, utf8Encode, utf8Length } from './bytes.ts';
import { appendToFile, cutFile, deleteFile, emptyTree, listPaths, readFile, renameFile, replaceFile, resizeFile } from './files.ts';
import { arrayFrom, arrayGet, arrayPush, arraySet, arrayToList, arrayTruncate, emptyArray } from './persistent-array.ts';
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet, type PersistentMap } from './persistent-map.ts';
import { below, drawAt, streamKey } from './random.ts';

describe('chance', () => {
  test('[R2] draw n of a stream depends on seed, owner, purpose and n alone', () => {
    const key = streamKey({ seed: 7, owner: 'b1', purpose: 'jitter' });
    const first = [0, 1, 2, 3].map((n) => drawAt(key, n));
    expect([3, 2, 1, 0].map((n) => drawAt(streamKey({ seed: 7, owner: 'b1', purpose: 'jitter' }), n)).reverse()).toEqual(first);
    for (const other of [
      { seed: 8, owner: 'b1', purpose: 'jitter' },
      { seed: 7, owner: 'b2', purpose: 'jitter' },
      { seed: 7, owner: 'b1', purpose: 'loss' },
    ]) {
      expect(drawAt(streamKey(other), 0)).not.toBe(first[0]);
    }
  });

  test('[R2] draws are spread evenly over 16 buckets', () => {
    const key = streamKey({ seed: 1, owner: 'zk1', purpose: 'spread' });
    const buckets = Array.from({ length: 16 }, () => 0);
    for (let n = 0; n < 16_000; n++) {
      const bucket = below(drawAt(key, n), 16);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const count of buckets) expect(count).toBeGreaterThan(850);
    for (const count of buckets) expect(count).toBeLessThan(1150);
  });
});

describe('persistent collections', () => {
  test('[R3] an array behaves like a list and never changes an earlier version', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.integer()), { maxLength: 120 }), (operations) => {
        let array = emptyArray<number>();
        let model: number[] = [];
        const versions: { array: typeof array; model: number[] }[] = [];
        for (const [at, value] of operations) {
          if (at >= model.length) {
            array = arrayPush(array, value);
            model = [...model, value];
          } else if (value % 7 === 0) {
            array = arrayTruncate(array, at);
            model = model.slice(0, at);
          } else {
            array = arraySet(array, at, value);
            model = model.with(at, value);
          }
          versions.push({ array, model });
        }
        for (const version of versions) {
          expect(arrayToList(version.array)).toEqual(version.model);
          expect(arrayGet(version.array, version.model.length)).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
    expect(arrayToList(arrayFrom([1, 2, 3]))).toEqual([1, 2, 3]);
  });

  test('[R3] an array of thousands is as good as a short one: pushed, made at once, changed and cut', () => {
    const numbers = Array.from({ length: 5000 }, (_, i) => i);
    let pushed = emptyArray<number>();
    for (const n of numbers) pushed = arrayPush(pushed, n);
    expect(arrayToList(pushed)).toEqual(numbers);
    expect(arrayFrom(numbers)).toEqual(pushed);
    for (const at of [0, 15, 16, 255, 256, 4095, 4096, 4999]) {
      const changed = arraySet(pushed, at, -1);
      expect(arrayGet(changed, at)).toBe(-1);
      expect(arrayGet(pushed, at)).toBe(at);
      const cut = arrayTruncate(pushed, at);
      expect(arrayToList(cut)).toEqual(numbers.slice(0, at));
      expect(arrayToList(arrayPush(cut, -2))).toEqual([...numbers.slice(0, at), -2]);
    }
  });

  test('[R3] a map behaves like a dictionary, in order of its keys, and never changes an earlier version', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean()), { maxLength: 150 }), (operations) => {
        let map: PersistentMap<number> = emptyMap();
        let model = new Map<string, number>();
        const versions: [PersistentMap<number>, Map<string, number>][] = [];
        for (const [key, value, remove] of operations) {
          model = new Map(model);
          if (remove) model.delete(key);
          else model.set(key, value);
          map = remove ? mapDelete(map, key) : mapSet(map, key, value);
          versions.push([map, model]);
        }
        for (const [version, expected] of versions) {
          expect(version.size).toBe(expected.size);
          expect(mapEntries(version)).toEqual([...expected.entries()].sort((a, b) => (a[0] < b[0] ? -1 : 1)));
          for (const [key, value] of expected) expect(mapGet(version, key)).toBe(value);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('bytes', () => {
  test('[R4] an arena hands out zeroed regions that never overlap, and moves to a fresh buffer when full', () => {
    const arena = newArena();
    const regions = [allocateFrom(arena, 100), allocateFrom(arena, 200), allocateFrom(arena, ARENA_BYTES), allocateFrom(arena, 16_000)];
    regions.forEach((region, i) => region.fill(i + 1));
    regions.forEach((region, i) => expect(region.every((byte) => byte === i + 1)).toBe(true));
    expect(allocateFrom(arena, 16_384).length).toBe(16_384);
    for (let i = 0; i < 10; i++) expect(allocateFrom(arena, 16_000).every((byte) => byte === 0)).toBe(true);
  });

  test('[R8] UTF-8 agrees with the platform on any text and any bytes of valid text', () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        expect(utf8Encode(text)).toEqual(encoder.encode(text));
        expect(utf8Length(text)).toBe(encoder.encode(text).length);
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
    );
    expect(utf8Decode(Uint8Array.of(0xff, 0x41, 0xe2, 0x82))).toBe('\ufffdA\ufffd\ufffd');
    expect(utf8Encode('\ud800')).toEqual(encoder.encode('\ufffd'));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => typeof utf8Decode(bytes) === 'string'));
  });
});

describe('files', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

  test('[R6] appends go to the end of the data, also in a preallocated file', () => {
    let tree = resizeFile(emptyTree(), 'orders-0/0.index', 100);
    tree = appendToFile(tree, 'orders-0/0.index', bytes(1, 2));
    tree = appendToFile(tree, 'orders-0/0.index', bytes(3));
    expect(readFile(tree, 'orders-0/0.index')).toEqual(bytes(1, 2, 3));
    expect(mapGet(tree, 'orders-0/0.index')?.sizeBytes).toBe(100);
    const trimmed = resizeFile(tree, 'orders-0/0.index', 3);
    expect(readFile(resizeFile(trimmed, 'orders-0/0.index', 2), 'orders-0/0.index')).toEqual(bytes(1, 2));
  });

  test('[R6] rename, replace and delete; earlier trees stay as they were', () => {
    const before = appendToFile(emptyTree(), 'a.tmp', bytes(1));
    const after = renameFile(before, 'a.tmp', 'a');
    expect(listPaths(before)).toEqual(['a.tmp']);
    expect(listPaths(after)).toEqual(['a']);
    expect(readFile(replaceFile(after, 'a', bytes(9)), 'a')).toEqual(bytes(9));
    expect(readFile(deleteFile(after, 'a'), 'a')).toBeNull();
    expect(readFile(after, 'missing')).toBeNull();
  });

  test('[R6] cutting a file keeps a prefix across extents', () => {
    let tree = appendToFile(emptyTree(), 'f', bytes(1, 2, 3));
    tree = appendToFile(tree, 'f', bytes(4, 5));
    const file = mapGet(tree, 'f');
    expect(file && cutFile(file, 4).dataEnd).toBe(4);
    expect(readFile(resizeFile(tree, 'f', 4), 'f')).toEqual(bytes(1, 2, 3, 4));
  });
});
