import { utf8Encode } from '../../engine/kernel/bytes.ts';
import { DecodeError, newReader, newWriter, readUnsignedVarint, sizeOfUnsignedVarint, writeUnsignedVarint } from '../../engine/protocol/codec.ts';
import { crc32c } from '../../engine/protocol/crc32c.ts';
import { murmur2, partitionForKey } from '../../engine/protocol/murmur2.ts';
import { placeReplicas, type BrokerPlace } from '../../engine/protocol/replica-placement.ts';
import { readVarint, readVarlong, sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from '../../engine/protocol/varint.ts';
import { BadInput, checkPlace, firstDifference, type Checker, type Report } from './checker.ts';
import { arrayField, asRow, fromHex, integerField, rowsOf, textField, type Row } from './json.ts';

export const partitionerChecker: Checker = {
  knows: (path) => path === 'vectors/partitioner.json',
  check: (file, report) => {
    for (const [i, value] of rowsOf(file).entries()) checkPlace(report, `[${i}]`, () => checkKey(asRow(value)));
  },
};

function checkKey(row: Row): string | null {
  const key = utf8Encode(textField(row, 'key'));
  return firstDifference([
    ['murmur2', integerField(row, 'murmur2'), murmur2(key)],
    ['partitionFor3_6_12', arrayField(row, 'partitionFor3_6_12'), [3, 6, 12].map((count) => partitionForKey(key, count))],
    ['crc32c', integerField(row, 'crc32c'), crc32c(key)],
  ]);
}

export const varintsChecker: Checker = {
  knows: (path) => path === 'vectors/varints.json',
  check: (file, report) => {
    for (const [i, value] of rowsOf(file).entries()) checkPlace(report, `[${i}]`, () => checkVarint(asRow(value), report));
  },
};

function checkVarint(row: Row, report: Report): string | null {
  const text = textField(row, 'value');
  if (!/^-?\d+$/.test(text)) throw new BadInput('value is not an integer');
  const value = Number(text);
  const varlong = fromHex(textField(row, 'varlong'), 'varlong');
  if (!Number.isSafeInteger(value)) return checkBeyond(text, varlong, report);
  const differences = [
    checkEncoding('varlong', varlong, {
      size: sizeOfVarlong(value),
      write: (bytes) => writeVarlong(bytes, 0, value),
      read: (bytes) => readVarlong({ bytes, at: 0 }),
      value,
    }),
  ];
  if (row['varint'] !== undefined) {
    differences.push(
      checkEncoding('varint', fromHex(textField(row, 'varint'), 'varint'), {
        size: sizeOfVarint(value),
        write: (bytes) => writeVarint(bytes, 0, value),
        read: (bytes) => readVarint({ bytes, at: 0 }),
        value,
      }),
    );
  }
  if (row['unsignedVarint'] !== undefined) {
    differences.push(
      checkEncoding('unsignedVarint', fromHex(textField(row, 'unsignedVarint'), 'unsignedVarint'), {
        size: sizeOfUnsignedVarint(value),
        write: (bytes) => writeUnsigned(bytes, value),
        read: (bytes) => readUnsignedVarint(newReader(bytes)),
        value,
      }),
    );
  }
  return differences.find((difference) => difference !== null) ?? null;
}

function writeUnsigned(bytes: Uint8Array, value: number): number {
  const writer = newWriter(bytes.length);
  writeUnsignedVarint(writer, value);
  bytes.set(writer.bytes);
  return writer.at;
}

interface Encoding {
  readonly size: number;
  readonly write: (bytes: Uint8Array) => number;
  readonly read: (bytes: Uint8Array) => number;
  readonly value: number;
}

function checkEncoding(name: string, expected: Uint8Array, encoding: Encoding): string | null {
  const bytes = new Uint8Array(encoding.size);
  const end = encoding.write(bytes);
  return firstDifference([
    [name, expected, bytes],
    [`end of ${name}`, bytes.length, end],
    [`${name} read`, encoding.value, encoding.read(expected)],
  ]);
}

/** The engine's numbers end at 2^53: what lies beyond must be refused, not rounded. */
function checkBeyond(text: string, varlong: Uint8Array, report: Report): string | null {
  try {
    return `${text} lies beyond 2^53 and was read as ${readVarlong({ bytes: varlong, at: 0 })}`;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    report.note(`${text} lies beyond 2^53: checked that it is refused`);
    return null;
  }
}

export const replicaPlacementChecker: Checker = {
  knows: (path) => path === 'vectors/replica-placement.json',
  check: (file, report) => {
    for (const [i, value] of rowsOf(file).entries()) checkPlace(report, `[${i}]`, () => checkPlacement(asRow(value)));
  },
};

function checkPlacement(row: Row): string | null {
  const brokers = arrayField(row, 'brokers').map(brokerPlace);
  if (new Set(brokers.map((broker) => broker.id)).size !== brokers.length) throw new BadInput('a broker stands twice');
  const partitionCount = integerField(row, 'partitions');
  const startIndex = integerField(row, 'fixedStartIndex');
  const startPartitionId = integerField(row, 'startPartitionId');
  if (startIndex < 0 || startPartitionId < 0) throw new BadInput('a negative start');
  const expected = asRow(row['assignment']);
  if (Object.keys(expected).length !== partitionCount)
    throw new BadInput(`${partitionCount} partitions, but ${Object.keys(expected).length} in the assignment`);
  const placed = placeReplicas({ brokers, partitionCount, replicationFactor: integerField(row, 'replicationFactor'), startIndex, startPartitionId });
  return firstDifference([...placed].map(([partition, replicas]) => [`partition ${partition}`, expected[String(partition)], replicas] as const));
}

function brokerPlace(value: unknown): BrokerPlace {
  const row = asRow(value);
  const id = integerField(row, 'id');
  return row['rack'] === undefined ? { id } : { id, rack: textField(row, 'rack') };
}
