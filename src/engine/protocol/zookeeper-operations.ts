import { concatBytes, utf8Encode } from '../kernel/bytes.ts';
import { unreachable } from '../kernel/assert.ts';
import { DecodeError, readInt32, readInt8, writeInt32, writeInt8, type Reader, type Writer } from './codec.ts';
import { BOOLEAN, INT, LONG, record, SESSION, skipped, TEXT, vector, word, type Jute } from './jute.ts';
import { ZK_ERROR_CODES, type ForwardedOperation, type WireErrorName, type WireOperation, type WireResult, type WireStat } from './zookeeper-types.ts';

/** What clients ask and are answered, in jute. */
export const ERROR: Jute<WireErrorName> = word(ZK_ERROR_CODES);

/** ZooDefs.Ids.OPEN_ACL_UNSAFE: one entry, all permissions, `world` and `anyone`. `Simplified:` there are no other access lists. */
export const OPEN_ACL = skipped(
  concatBytes([new Uint8Array([0, 0, 0, 1, 0, 0, 0, 31, 0, 0, 0, 5]), utf8Encode('world'), new Uint8Array([0, 0, 0, 6]), utf8Encode('anyone')]),
);

/** ZooDefs.OpCode. A create is create2, which answers with the znode's Stat too; getChildren is getChildren2. */
const OP_CODES: { readonly [Op in ForwardedOperation['op']]: number } = {
  create: 15,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  sync: 9,
  getChildren: 12,
  check: 13,
  multi: 14,
  setWatches: 101,
  createSession: -10,
  closeSession: -11,
};
const OP = word(OP_CODES);
const EPHEMERAL_FLAG = 1;
const SEQUENTIAL_FLAG = 2;

type Create = Extract<WireOperation, { op: 'create' }>;
export type AtVersion = { readonly path: string; readonly version: number };

export const AT_VERSION = record<AtVersion>({ path: TEXT, version: INT });
export const SET_DATA = record<AtVersion & { readonly data: string }>({ path: TEXT, data: TEXT, version: INT });
const READ = record<{ readonly path: string; readonly watch: boolean }>({ path: TEXT, watch: BOOLEAN });
export const PATH = record<{ readonly path: string }>({ path: TEXT });
export const TIMEOUT = record<{ readonly timeoutMs: number }>({ timeoutMs: INT });
const SET_WATCHES = record<Omit<Extract<WireOperation, { op: 'setWatches' }>, 'op'>>({
  relativeZxid: LONG,
  data: vector(TEXT),
  exists: vector(TEXT),
  children: vector(TEXT),
});

const CREATE: Jute<Create> = {
  size: (create) => TEXT.size(create.path) + TEXT.size(create.data) + OPEN_ACL.size(undefined) + 4,
  write(writer, create) {
    TEXT.write(writer, create.path);
    TEXT.write(writer, create.data);
    OPEN_ACL.write(writer, undefined);
    writeInt32(writer, (create.ephemeral ? EPHEMERAL_FLAG : 0) | (create.sequential ? SEQUENTIAL_FLAG : 0));
  },
  read(reader) {
    const path = TEXT.read(reader);
    const data = TEXT.read(reader);
    OPEN_ACL.read(reader);
    const flags = readInt32(reader);
    return { op: 'create', path, data, ephemeral: (flags & EPHEMERAL_FLAG) !== 0, sequential: (flags & SEQUENTIAL_FLAG) !== 0 };
  },
};

/** Between the operations of a multi, and once more after the last. */
interface MultiHeader {
  readonly type: number;
  readonly done: boolean;
  readonly err: number;
}
const MULTI_HEADER = record<MultiHeader>({ type: INT, done: BOOLEAN, err: INT });
export const MULTI_HEADER_BYTES = 9;
const MULTI_END: MultiHeader = { type: -1, done: true, err: -1 };

/** An operation with its code, as behind a request's xid. */
export const OPERATION: Jute<ForwardedOperation> = {
  size: (operation) => 4 + operationBytes(operation),
  write(writer, operation) {
    OP.write(writer, operation.op);
    writeOperation(writer, operation);
  },
  read(reader) {
    return readOperation(reader, OP.read(reader));
  },
};

function operationBytes(operation: ForwardedOperation): number {
  switch (operation.op) {
    case 'create':
      return CREATE.size(operation);
    case 'setData':
      return SET_DATA.size(operation);
    case 'delete':
    case 'check':
      return AT_VERSION.size(operation);
    case 'getData':
    case 'exists':
    case 'getChildren':
      return READ.size(operation);
    case 'sync':
      return PATH.size(operation);
    case 'multi':
      return operation.operations.reduce((sum, inner) => sum + MULTI_HEADER_BYTES + operationBytes(inner), MULTI_HEADER_BYTES);
    case 'setWatches':
      return SET_WATCHES.size(operation);
    case 'createSession':
      return TIMEOUT.size(operation);
    case 'closeSession':
      return 0;
    default:
      return unreachable(operation);
  }
}

function writeOperation(writer: Writer, operation: ForwardedOperation): void {
  switch (operation.op) {
    case 'create':
      return CREATE.write(writer, operation);
    case 'setData':
      return SET_DATA.write(writer, operation);
    case 'delete':
    case 'check':
      return AT_VERSION.write(writer, operation);
    case 'getData':
    case 'exists':
    case 'getChildren':
      return READ.write(writer, operation);
    case 'sync':
      return PATH.write(writer, operation);
    case 'multi':
      for (const inner of operation.operations) {
        MULTI_HEADER.write(writer, { type: OP_CODES[inner.op], done: false, err: -1 });
        writeOperation(writer, inner);
      }
      return MULTI_HEADER.write(writer, MULTI_END);
    case 'setWatches':
      return SET_WATCHES.write(writer, operation);
    case 'createSession':
      return TIMEOUT.write(writer, operation);
    case 'closeSession':
      return;
    default:
      return unreachable(operation);
  }
}

function readOperation(reader: Reader, op: ForwardedOperation['op']): ForwardedOperation {
  switch (op) {
    case 'create':
      return CREATE.read(reader);
    case 'setData':
      return { op, ...SET_DATA.read(reader) };
    case 'delete':
    case 'check':
      return { op, ...AT_VERSION.read(reader) };
    case 'getData':
    case 'exists':
    case 'getChildren':
      return { op, ...READ.read(reader) };
    case 'sync':
      return { op, ...PATH.read(reader) };
    case 'multi':
      return { op, operations: readMulti(reader) };
    case 'setWatches':
      return { op, ...SET_WATCHES.read(reader) };
    case 'createSession':
      return { op, ...TIMEOUT.read(reader) };
    case 'closeSession':
      return { op };
    default:
      return unreachable(op);
  }
}

const MULTI_OPS = ['create', 'delete', 'setData', 'check'] as const;

function readMulti(reader: Reader): WireOperation[] {
  const operations: WireOperation[] = [];
  for (;;) {
    const header = MULTI_HEADER.read(reader);
    if (header.done) return operations;
    const op = MULTI_OPS.find((name) => OP_CODES[name] === header.type);
    if (op === undefined) throw new DecodeError(`an operation of a multi before byte ${reader.at}, got ${header.type}`);
    operations.push(readOperation(reader, op) as WireOperation);
  }
}

const NO_OWNER = '0000000000000000';

/** A long that is 0 for nobody. */
export const OWNER: Jute<string | null> = {
  size: () => 8,
  write: (writer, owner) => SESSION.write(writer, owner ?? NO_OWNER),
  read(reader) {
    const owner = SESSION.read(reader);
    return owner === NO_OWNER ? null : owner;
  },
};

/** `Simplified:` access lists have no version here; the int is always 0. */
export const NO_ACL_VERSION = skipped(new Uint8Array(4));
export const STAT_BYTES = 68;

const STAT: Jute<WireStat> = {
  size: () => STAT_BYTES,
  write(writer, stat) {
    for (const long of [stat.czxid, stat.mzxid, stat.ctimeMs, stat.mtimeMs]) LONG.write(writer, long);
    writeInt32(writer, stat.version);
    writeInt32(writer, stat.cversion);
    NO_ACL_VERSION.write(writer, undefined);
    OWNER.write(writer, stat.ephemeralOwner);
    writeInt32(writer, stat.dataLength);
    writeInt32(writer, stat.numChildren);
    LONG.write(writer, stat.pzxid);
  },
  read(reader) {
    const [czxid, mzxid, ctimeMs, mtimeMs] = [LONG.read(reader), LONG.read(reader), LONG.read(reader), LONG.read(reader)];
    const [version, cversion] = [readInt32(reader), readInt32(reader)];
    NO_ACL_VERSION.read(reader);
    const ephemeralOwner = OWNER.read(reader);
    const [dataLength, numChildren] = [readInt32(reader), readInt32(reader)];
    return { czxid, mzxid, pzxid: LONG.read(reader), ctimeMs, mtimeMs, version, cversion, ephemeralOwner, dataLength, numChildren };
  },
};

/** A result's fields in order. Which are there stands in a byte before them: a real client knows it from what it asked. */
const RESULT_FIELDS: { readonly [Name in keyof Required<WireResult>]: Jute<NonNullable<WireResult[Name]>> } = {
  error: ERROR,
  failedIndex: INT,
  path: TEXT,
  data: TEXT,
  children: vector(TEXT),
  stat: STAT,
  results: { size: (results) => RESULTS.size(results), write: (writer, results) => RESULTS.write(writer, results), read: (reader) => RESULTS.read(reader) },
};
const RESULT_NAMES = Object.keys(RESULT_FIELDS) as (keyof WireResult)[];

export const RESULT: Jute<WireResult> = {
  size: (result) => RESULT_NAMES.reduce((sum, name) => sum + fieldBytes(result, name), 1),
  write(writer, result) {
    writeInt8(
      writer,
      RESULT_NAMES.reduce((bits, name, i) => bits | (isThere(result, name) ? 1 << i : 0), 0),
    );
    for (const name of RESULT_NAMES) if (isThere(result, name)) (RESULT_FIELDS[name] as Jute<unknown>).write(writer, result[name]);
  },
  read(reader) {
    const bits = readInt8(reader);
    const fields: Record<string, unknown> = { error: null };
    for (const [i, name] of RESULT_NAMES.entries()) if ((bits & (1 << i)) !== 0) fields[name] = RESULT_FIELDS[name].read(reader);
    return fields as unknown as WireResult;
  },
};
const RESULTS: Jute<readonly WireResult[]> = vector(RESULT);

function isThere(result: WireResult, name: keyof WireResult): boolean {
  return result[name] !== undefined && result[name] !== null;
}

function fieldBytes(result: WireResult, name: keyof WireResult): number {
  return isThere(result, name) ? (RESULT_FIELDS[name] as Jute<unknown>).size(result[name]) : 0;
}

/** Bytes of a result in ZooKeeper's own response record, behind the reply's header. */
export function responseBytes(result: WireResult): number {
  if (result.error !== null) return result.failedIndex === undefined ? 0 : (result.failedIndex + 1) * (MULTI_HEADER_BYTES + 4) + MULTI_HEADER_BYTES;
  if (result.results !== undefined) return result.results.reduce((sum, inner) => sum + MULTI_HEADER_BYTES + responseBytes(inner), MULTI_HEADER_BYTES);
  return fieldBytes(result, 'path') + fieldBytes(result, 'data') + fieldBytes(result, 'children') + fieldBytes(result, 'stat');
}
