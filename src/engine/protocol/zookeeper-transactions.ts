import { assert, unreachable } from '../kernel/assert.ts';
import { DecodeError, decodeWhole, encodeWhole, readBool, readInt32, writeBool, writeInt32, type Reader, type Writer } from './codec.ts';
import { INT, LONG, record, SESSION, TEXT, ZNODE_DATA, vector, word, type Jute } from './jute.ts';
import { AT_VERSION, ERROR, OPEN_ACL, PATH, SET_DATA, TIMEOUT } from './zookeeper-operations.ts';
import { ZK_ERROR_CODES, type TransactionBody, type WireErrorName, type ZabTransaction } from './zookeeper-types.ts';

/** Types of transactions in TxnHeader; a create keeps the code of the first protocol. */
const TRANSACTION_TYPES = { error: -1, create: 1, delete: 2, setData: 5, createSession: -10, closeSession: -11, check: 13, multi: 14 } as const;
const TRANSACTION_TYPE = word(TRANSACTION_TYPES);
type TransactionType = keyof typeof TRANSACTION_TYPES;

const HEADER = record<{ readonly sessionId: string; readonly xid: number; readonly zxid: number; readonly timeMs: number; readonly type: TransactionType }>({
  sessionId: SESSION,
  xid: INT,
  zxid: LONG,
  timeMs: LONG,
  type: TRANSACTION_TYPE,
});
const HEADER_BYTES = 32;
const CLOSE_SESSION = record<{ readonly paths: readonly string[] }>({ paths: vector(TEXT) });
/** A part of a multi: its type, its bytes with their length. */
const PART_HEADER_BYTES = 8;

/** A transaction as it stands in the log and in a PROPOSAL. */
export const TRANSACTION: Jute<ZabTransaction> = {
  size: (transaction) => HEADER_BYTES + bodyBytes(transaction.body),
  write(writer, transaction) {
    HEADER.write(writer, { ...transaction, type: typeOf(transaction.body) });
    writeBody(writer, transaction.body);
  },
  read(reader) {
    const { type, sessionId, xid, zxid, timeMs } = HEADER.read(reader);
    return { zxid, timeMs, sessionId, xid, body: readBody(reader, type) };
  },
};

export function encodeTransaction(transaction: ZabTransaction): Uint8Array {
  return encodeWhole(TRANSACTION.size(transaction), (writer) => TRANSACTION.write(writer, transaction));
}

export function decodeTransaction(bytes: Uint8Array): ZabTransaction {
  return decodeWhole(bytes, (reader) => TRANSACTION.read(reader));
}

function typeOf(body: TransactionBody): TransactionType {
  return body.type === 'failedMulti' ? 'multi' : body.type;
}

function bodyBytes(body: TransactionBody): number {
  switch (body.type) {
    case 'create':
      return TEXT.size(body.path) + ZNODE_DATA.size(body.data) + OPEN_ACL.size(undefined) + 1 + 4;
    case 'delete':
      return PATH.size(body);
    case 'setData':
      return SET_DATA.size(body);
    case 'check':
      return AT_VERSION.size(body);
    case 'createSession':
      return TIMEOUT.size(body);
    case 'closeSession':
      return CLOSE_SESSION.size(body);
    case 'error':
      return 4;
    case 'multi':
      return body.bodies.reduce((sum, inner) => sum + PART_HEADER_BYTES + bodyBytes(inner), 4);
    case 'failedMulti':
      return 4 + body.operationCount * (PART_HEADER_BYTES + 4);
    default:
      return unreachable(body);
  }
}

function writeBody(writer: Writer, body: TransactionBody): void {
  switch (body.type) {
    case 'create':
      TEXT.write(writer, body.path);
      ZNODE_DATA.write(writer, body.data);
      OPEN_ACL.write(writer, undefined);
      writeBool(writer, body.ephemeral);
      return writeInt32(writer, body.parentCVersion);
    case 'delete':
      return PATH.write(writer, body);
    case 'setData':
      return SET_DATA.write(writer, body);
    case 'check':
      return AT_VERSION.write(writer, body);
    case 'createSession':
      return TIMEOUT.write(writer, body);
    case 'closeSession':
      return CLOSE_SESSION.write(writer, body);
    case 'error':
      return ERROR.write(writer, body.error);
    case 'multi':
      writeInt32(writer, body.bodies.length);
      for (const inner of body.bodies) {
        TRANSACTION_TYPE.write(writer, typeOf(inner));
        writeInt32(writer, bodyBytes(inner));
        writeBody(writer, inner);
      }
      return;
    case 'failedMulti':
      return writeFailedMulti(writer, body);
    default:
      return unreachable(body);
  }
}

const OK = 0;

/** Each operation of a multi that was refused gets an error: none before the one that failed, RUNTIMEINCONSISTENCY after it. */
function writeFailedMulti(writer: Writer, body: Extract<TransactionBody, { type: 'failedMulti' }>): void {
  assert(body.failedIndex < body.operationCount, `operation ${body.failedIndex} to be one of ${body.operationCount}`);
  writeInt32(writer, body.operationCount);
  for (let i = 0; i < body.operationCount; i++) {
    TRANSACTION_TYPE.write(writer, 'error');
    writeInt32(writer, 4);
    writeInt32(writer, i < body.failedIndex ? OK : ZK_ERROR_CODES[i === body.failedIndex ? body.error : 'RUNTIMEINCONSISTENCY']);
  }
}

function readBody(reader: Reader, type: TransactionType): TransactionBody {
  switch (type) {
    case 'create': {
      const [path, data] = [TEXT.read(reader), ZNODE_DATA.read(reader)];
      OPEN_ACL.read(reader);
      return { type, path, data, ephemeral: readBool(reader), parentCVersion: readInt32(reader) };
    }
    case 'delete':
      return { type, ...PATH.read(reader) };
    case 'setData':
      return { type, ...SET_DATA.read(reader) };
    case 'check':
      return { type, ...AT_VERSION.read(reader) };
    case 'createSession':
      return { type, ...TIMEOUT.read(reader) };
    case 'closeSession':
      return { type, ...CLOSE_SESSION.read(reader) };
    case 'error':
      return { type, error: ERROR.read(reader) };
    case 'multi':
      return readMultiBody(reader);
    default:
      return unreachable(type);
  }
}

function readMultiBody(reader: Reader): TransactionBody {
  const bodies: TransactionBody[] = [];
  const errors: number[] = [];
  const count = readInt32(reader);
  for (let i = 0; i < count; i++) {
    const type = TRANSACTION_TYPE.read(reader);
    readInt32(reader);
    if (type === 'error') errors.push(readInt32(reader));
    else bodies.push(readBody(reader, type));
  }
  if (errors.length === 0) return { type: 'multi', bodies };
  const failedIndex = errors.findIndex((code) => code !== OK);
  const name = (Object.keys(ZK_ERROR_CODES) as WireErrorName[]).find((error) => ZK_ERROR_CODES[error] === errors[failedIndex]);
  if (bodies.length > 0 || name === undefined) throw new DecodeError(`a multi that failed as a whole before byte ${reader.at}`);
  return { type: 'failedMulti', error: name, failedIndex, operationCount: errors.length };
}
