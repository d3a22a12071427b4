import type { Codecs } from '../../engine/protocol/compression.ts';
import { MAX_INT, type DumpOptions } from './dump-options.ts';
import { invalidRecord, JavaProblem } from './java-problem.ts';
import {
  batchAt,
  codecOf,
  hasDeleteHorizon,
  incrementSequence,
  isControlBatch,
  isLogAppendTime,
  isTransactional,
  isValid,
  type BatchHeader,
  type LogFile,
} from './log-file.ts';
import { recordsOf, textOf, type DumpRecord } from './read-records.ts';
import { fileName, startOffsetOf, type DumpReport } from './report.ts';

/** DumpLogSegments.dumpLog: each batch on a line, and with deep iteration each record on one. */
export function dumpLog(log: LogFile, options: DumpOptions, to: { readonly report: DumpReport; readonly codecs: Codecs }): void {
  const { report } = to;
  report.out(`Log starting offset: ${startOffsetOf(log.path)}`);
  const end = Math.min(log.bytes.length, options.maxBytes);
  let validBytes = 0;
  let lastOffset = -1n;
  for (let batch = batchAt(log, 0, end); batch !== null; batch = batchAt(log, validBytes, end)) {
    report.out(batchLine(log, batch));
    if (options.deepIteration) {
      for (const record of recordsOf(log, batch, to.codecs)) {
        if (lastOffset !== -1n && record.offset !== lastOffset + 1n) report.nonConsecutive(log.path, lastOffset, record.offset);
        lastOffset = record.offset;
        report.out(recordLine(batch, record, options));
      }
    }
    validBytes += batch.sizeBytes;
  }
  const trailingBytes = end - validBytes;
  if (trailingBytes > 0 && options.maxBytes === MAX_INT) report.out(`Found ${trailingBytes} invalid bytes at the end of ${fileName(log.path)}`);
}

function batchLine(log: LogFile, batch: BatchHeader): string {
  const lastSequence = batch.baseSequence === -1 ? -1 : incrementSequence(batch.baseSequence, batch.lastOffsetDelta);
  return (
    `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.count} baseSequence: ${batch.baseSequence} lastSequence: ${lastSequence}` +
    ` producerId: ${batch.producerId} producerEpoch: ${batch.producerEpoch} partitionLeaderEpoch: ${batch.partitionLeaderEpoch}` +
    ` isTransactional: ${isTransactional(batch)} isControl: ${isControlBatch(batch)}` +
    ` deleteHorizonMs: ${hasDeleteHorizon(batch) ? `OptionalLong[${batch.baseTimestamp}]` : 'OptionalLong.empty'}` +
    ` position: ${batch.position} ${timestampType(batch)}: ${batch.maxTimestamp} size: ${batch.sizeBytes} magic: ${batch.magic}` +
    ` compresscodec: ${codecOf(batch)} crc: ${batch.crc} isvalid: ${isValid(log, batch)}`
  );
}

function timestampType(batch: BatchHeader): string {
  return isLogAppendTime(batch) ? 'LogAppendTime' : 'CreateTime';
}

function recordLine(batch: BatchHeader, record: DumpRecord, options: DumpOptions): string {
  let prefix = '| ';
  let line = '';
  if (!options.skipRecordMetadata) {
    line =
      `${prefix}offset: ${record.offset} ${timestampType(batch)}: ${record.timestamp} keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1}` +
      ` sequence: ${record.sequence} headerKeys: [${record.headerKeys.join(',')}]`;
    prefix = ' ';
    if (isControlBatch(batch)) line += controlText(record);
  }
  if (!options.printDataLog || isControlBatch(batch)) return line;
  if (record.key !== null) line += `${prefix}key: ${textOf(record.key)}`;
  if (record.value !== null) line += ` payload: ${textOf(record.value)}`;
  return line;
}

const CONTROL_TYPES = ['ABORT', 'COMMIT', 'LEADER_CHANGE', 'SNAPSHOT_HEADER', 'SNAPSHOT_FOOTER', 'KRAFT_VERSION', 'KRAFT_VOTERS'];

/** ControlRecordType.parseTypeId and EndTransactionMarker.deserialize. */
function controlText({ key, value }: DumpRecord): string {
  if (key === null) throw new JavaProblem('java.lang.NullPointerException', null);
  if (key.length < 4) throw invalidRecord(`Invalid value size found for end control record key. Must have at least 4 bytes, but found only ${key.length}`);
  const keyView = new DataView(key.buffer, key.byteOffset, key.length);
  if (keyView.getInt16(0) < 0) throw invalidRecord(`Invalid version found for control record: ${keyView.getInt16(0)}. May indicate data corruption`);
  const typeId = keyView.getInt16(2);
  const type = CONTROL_TYPES[typeId] ?? 'UNKNOWN';
  if (type !== 'ABORT' && type !== 'COMMIT') return ` controlType: ${type}(${typeId})`;
  if (value === null || value.length < 6)
    throw invalidRecord(`Invalid value size found for end transaction marker. Must have at least 6 bytes, but found only ${value?.length ?? 0}`);
  return ` endTxnMarker: ${type} coordinatorEpoch: ${new DataView(value.buffer, value.byteOffset, value.length).getInt32(2)}`;
}
