import { utf8Decode, utf8Length, writeUtf8 } from '../kernel/bytes.ts';
import { DecodeError, readBool, readBytes, readInt32, readInt64, writeBool, writeBytes, writeInt32, writeInt64, type Reader, type Writer } from './codec.ts';

/** Jute, ZooKeeper's record format: big-endian, int32 lengths, fields in order, nothing between them. */
export interface Jute<T> {
  /** Encoded bytes of a value. */
  size(value: T): number;
  write(writer: Writer, value: T): void;
  /** Throws `DecodeError` where the bytes are no such value. */
  read(reader: Reader): T;
}

export const INT: Jute<number> = { size: () => 4, write: writeInt32, read: readInt32 };
export const LONG: Jute<number> = { size: () => 8, write: writeInt64, read: readInt64 };
export const BOOLEAN: Jute<boolean> = { size: () => 1, write: writeBool, read: readBool };

/** `ustring`, and `buffer` where its bytes are UTF-8. */
export const TEXT: Jute<string> = {
  size: (text) => 4 + utf8Length(text),
  write(writer, text) {
    const lengthAt = writer.at;
    writer.at = writeUtf8(writer.bytes, lengthAt + 4, text);
    writer.view.setInt32(lengthAt, writer.at - lengthAt - 4);
  },
  read: (reader) => utf8Decode(readBytes(reader, false)),
};

/** Data of a znode. Kafka gives its folders none, which is null (-1) and no buffer of 0 bytes: a broker takes that for bad JSON. */
export const ZNODE_DATA: Jute<string> = {
  size: (text) => TEXT.size(text),
  write(writer, text) {
    if (text === '') writeInt32(writer, -1);
    else TEXT.write(writer, text);
  },
  read(reader) {
    if (readInt32(reader) === -1) return '';
    reader.at -= 4;
    return TEXT.read(reader);
  },
};

export const BUFFER: Jute<Uint8Array> = {
  size: (bytes) => 4 + bytes.length,
  write: (writer, bytes) => writeBytes(writer, bytes, false),
  read: (reader) => readBytes(reader, false),
};

/** A session id: a long, 16 hex digits with us, as its server id fills the top byte. */
export const SESSION: Jute<string> = {
  size: () => 8,
  write(writer, sessionId) {
    writer.view.setUint32(writer.at, parseInt(sessionId.slice(0, 8), 16));
    writer.view.setUint32(writer.at + 4, parseInt(sessionId.slice(8), 16));
    writer.at += 8;
  },
  read(reader) {
    const high = readInt32(reader) >>> 0;
    const low = readInt32(reader) >>> 0;
    return hex8(high) + hex8(low);
  },
};

function hex8(value: number): string {
  return value.toString(16).padStart(8, '0');
}

export function vector<T>(item: Jute<T>): Jute<readonly T[]> {
  return {
    size: (items) => items.reduce((sum, one) => sum + item.size(one), 4),
    write(writer, items) {
      writeInt32(writer, items.length);
      for (const one of items) item.write(writer, one);
    },
    read(reader) {
      const count = readInt32(reader);
      if (count < 0 || count > reader.bytes.length - reader.at)
        throw new DecodeError(`a vector of ${count} items with ${reader.bytes.length - reader.at} bytes left`);
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(item.read(reader));
      return items;
    },
  };
}

/** A record: its fields in the order in which they are written here. */
export function record<T extends object>(fields: { readonly [Name in keyof T]-?: Jute<T[Name]> }): Jute<T> {
  const names = Object.keys(fields) as (keyof T)[];
  return {
    size: (value) => names.reduce((sum, name) => sum + fields[name].size(value[name]), 0),
    write(writer, value) {
      for (const name of names) fields[name].write(writer, value[name]);
    },
    read(reader) {
      const value: Partial<T> = {};
      for (const name of names) value[name] = fields[name].read(reader);
      return value as T;
    },
  };
}

/** One of a few words, as the number beside it. */
export function word<Word extends string>(numbers: { readonly [Name in Word]: number }): Jute<Word> {
  const words = Object.keys(numbers) as Word[];
  return {
    size: () => 4,
    write: (writer, value) => writeInt32(writer, numbers[value]),
    read(reader) {
      const number = readInt32(reader);
      const found = words.find((name) => numbers[name] === number);
      if (found === undefined) throw new DecodeError(`one of ${words.join(', ')} before byte ${reader.at}, got ${number}`);
      return found;
    },
  };
}

/** The same value each time: ours are read and thrown away (access lists, of which there is one). */
export function skipped(bytes: Uint8Array): Jute<undefined> {
  return {
    size: () => bytes.length,
    write(writer) {
      writer.bytes.set(bytes, writer.at);
      writer.at += bytes.length;
    },
    read(reader) {
      for (const expected of bytes) {
        if (reader.bytes[reader.at] !== expected) throw new DecodeError(`the constant byte ${expected} at ${reader.at}`);
        reader.at += 1;
      }
      return undefined;
    },
  };
}
