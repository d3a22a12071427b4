/**
 * The inner loop of CRC-32C as a WebAssembly function, for long runs of bytes: sixteen a round by sixteen table look-ups, in half the time
 * that the same loop takes in JavaScript, which checks the bounds of every one. The module is a few hundred bytes, assembled here from
 * named instructions; it is compiled at once, as every platform allows for one this small, and gives the same number everywhere.
 */

/** What this file uses of the platform's WebAssembly, which ECMAScript's own library does not declare. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
};

/** Encodings of WebAssembly's binary format, by the names of its text format. */
const I32 = 0x7f;
const I64 = 0x7e;
const LOOP = [0x03, 0x40];
const BR_IF = [0x0d, 0];
const END = 0x0b;
const I32_LT_U = 0x49;
const I32_ADD = 0x6a;
const I32_AND = 0x71;
const I32_XOR = 0x73;
const I64_XOR = 0x85;
const I64_SHL = 0x86;
const I64_SHR_U = 0x88;
const I32_WRAP_I64 = 0xa7;
const I64_EXTEND_I32_U = 0xad;
const localGet = (local: number): number[] => [0x20, local];
const localSet = (local: number): number[] => [0x21, local];
const i32Const = (value: number): number[] => [0x41, ...signed(value)];
const i64Const = (value: number): number[] => [0x42, ...signed(value)];
const i32Load = (offset: number): number[] => [0x28, 2, ...unsigned(offset)];
const i64Load = (offset: number): number[] => [0x29, 0, ...unsigned(offset)];

function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)];
}

const TABLES = 16;
const TABLE_BYTES = 1024;
/** Bytes to be summed stand behind the tables. */
const DATA_AT = TABLES * TABLE_BYTES;
const MEMORY_PAGES = 4;
const DATA_BYTES = 65536 * MEMORY_PAGES - DATA_AT;
const ROUND_BYTES = 16;

const CRC = 0;
const AT = 1;
const TO = 2;
const FIRST = 3;
const SECOND = 4;
const REST = 5;

/** What byte `byte` of a word of eight does `table` bytes further on: an entry of four bytes in that table. */
function lookUp(word: number, byte: number, table: number): number[] {
  const scaled = byte === 0 ? [...localGet(word), ...i64Const(2), I64_SHL] : [...localGet(word), ...i64Const(8 * byte - 2), I64_SHR_U];
  return [...scaled, I32_WRAP_I64, ...i32Const(255 * 4), I32_AND, ...i32Load(table * TABLE_BYTES)];
}

function lookUps(word: number, tableOfFirst: number): number[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].flatMap((byte) => [...lookUp(word, byte, tableOfFirst - byte), ...(byte === 0 ? [] : [I32_XOR])]);
}

/** `(crc, at, to) -> crc` over whole rounds. The second word does not depend on the round before, so it comes first. */
function assemble(): Uint8Array {
  const body = [
    LOOP,
    // rest = what the second eight bytes do
    localGet(AT),
    i64Load(8),
    localSet(SECOND),
    lookUps(SECOND, 7),
    localSet(REST),
    // crc = what the first eight do, the sum so far among them, and the rest
    localGet(AT),
    i64Load(0),
    localGet(CRC),
    [I64_EXTEND_I32_U, I64_XOR],
    localSet(FIRST),
    lookUps(FIRST, 15),
    localGet(REST),
    [I32_XOR],
    localSet(CRC),
    // at += 16; again while at < to
    localGet(AT),
    i32Const(ROUND_BYTES),
    [I32_ADD],
    localSet(AT),
    localGet(AT),
    localGet(TO),
    [I32_LT_U],
    BR_IF,
    [END],
    localGet(CRC),
    [END],
  ].flat();
  const locals = [2, 2, I64, 1, I32];
  const code = [...locals, ...body];
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  const name = (text: string): number[] => [text.length, ...Array.from(text, (char) => char.charCodeAt(0))];
  const magicAndVersion = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const types = section(1, [1, 0x60, 3, I32, I32, I32, 1, I32]);
  const functions = section(3, [1, 0]);
  const memories = section(5, [1, 0, MEMORY_PAGES]);
  const exported = section(7, [2, ...name('memory'), 2, 0, ...name('sum'), 0, 0]);
  const codes = section(10, [1, ...unsigned(code.length), ...code]);
  return Uint8Array.from([magicAndVersion, types, functions, memories, exported, codes].flat());
}

/** The loop with its memory; `tables` are the sixteen of `crc32c.ts`, 256 entries each. */
export function crcOfRounds(tables: Int32Array): (start: number, bytes: Uint8Array, from: number, to: number) => number {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble()));
  const { buffer } = exports['memory'] as { readonly buffer: ArrayBuffer };
  const sum = exports['sum'] as (crc: number, at: number, to: number) => number;
  new Int32Array(buffer).set(tables);
  const memory = new Uint8Array(buffer);
  return (start, bytes, from, to) => {
    let crc = start;
    for (let at = from; at < to; at += DATA_BYTES) {
      const end = Math.min(to, at + DATA_BYTES);
      memory.set(bytes.subarray(at, end), DATA_AT);
      crc = sum(crc, DATA_AT, DATA_AT + end - at);
    }
    return crc;
  };
}
