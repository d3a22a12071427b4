import { resolve } from 'node:path';
import { crc32c } from '../../engine/protocol/crc32c.ts';
import { JavaProblem } from './java-problem.ts';
import { decrementSequence } from './log-file.ts';
import type { DumpReport } from './report.ts';

const ABORTED_TXN_BYTES = 34;
const SNAPSHOT_HEADER_BYTES = 10;
const PRODUCER_BYTES = 46;
const VERSION_AT = 0;
const CRC_AT = 2;
const COUNT_AT = 6;

/** DumpLogSegments.dumpTxnIndex. */
export function dumpTxnIndex(path: string, bytes: Uint8Array, report: DumpReport): void {
  const view = viewOf(bytes);
  const lines: string[] = [];
  for (let at = 0; at + ABORTED_TXN_BYTES <= bytes.length; at += ABORTED_TXN_BYTES) {
    const version = view.getInt8(at);
    if (version > 0) {
      const message = `Unexpected aborted transaction version ${version} in transaction index ${resolve(path)}, current version is 0`;
      throw new JavaProblem('org.apache.kafka.common.KafkaException', message);
    }
    lines.push(
      `version: ${version} producerId: ${view.getBigInt64(at + 2)} firstOffset: ${view.getBigInt64(at + 10)}` +
        ` lastOffset: ${view.getBigInt64(at + 18)} lastStableOffset: ${view.getBigInt64(at + 26)}`,
    );
  }
  for (const line of lines) report.out(line);
}

/** DumpLogSegments.dumpProducerIdSnapshot. False for a snapshot that Kafka calls corrupt. */
export function dumpProducerSnapshot(bytes: Uint8Array, report: DumpReport): boolean {
  const problem = snapshotProblem(bytes);
  if (problem !== null) {
    report.err(problem);
    return false;
  }
  const view = viewOf(bytes);
  for (let i = 0; i < view.getInt32(COUNT_AT); i++) report.out(producerLine(view, SNAPSHOT_HEADER_BYTES + i * PRODUCER_BYTES));
  return true;
}

function producerLine(view: DataView, at: number): string {
  const lastSequence = view.getInt32(at + 10);
  const lastOffset = view.getBigInt64(at + 14);
  const offsetDelta = view.getInt32(at + 22);
  const timestamp = view.getBigInt64(at + 26);
  const txnFirstOffset = view.getBigInt64(at + 38);
  const producer =
    `producerId: ${view.getBigInt64(at)} producerEpoch: ${view.getInt16(at + 8)} coordinatorEpoch: ${view.getInt32(at + 34)}` +
    ` currentTxnFirstOffset: ${txnFirstOffset >= 0n ? `OptionalLong[${txnFirstOffset}]` : 'OptionalLong.empty'} lastTimestamp: ${timestamp} `;
  if (lastOffset < 0n) return producer;
  return (
    `${producer}firstSequence: ${decrementSequence(lastSequence, offsetDelta)} lastSequence: ${lastSequence}` +
    ` lastOffset: ${lastOffset} offsetDelta: ${offsetDelta} timestamp: ${timestamp}`
  );
}

/** What ProducerStateManager.readSnapshot says of a snapshot that it refuses, or null. */
function snapshotProblem(bytes: Uint8Array): string | null {
  const schema = schemaProblem(bytes);
  if (schema !== null) return `Snapshot failed schema validation: ${schema}`;
  const view = viewOf(bytes);
  const version = view.getInt16(VERSION_AT);
  if (version !== 1) return `Snapshot contained an unknown file version ${version}`;
  const stored = view.getUint32(CRC_AT);
  const computed = crc32c(bytes, COUNT_AT);
  return stored === computed ? null : `Snapshot is corrupt (CRC is no longer valid). Stored crc: ${stored}. Computed crc: ${computed}`;
}

const ENTRY_FIELDS: readonly (readonly [string, number])[] = [
  ['producer_id', 8],
  ['epoch', 10],
  ['last_sequence', 14],
  ['last_offset', 22],
  ['offset_delta', 26],
  ['timestamp', 34],
  ['coordinator_epoch', 38],
  ['current_txn_first_offset', 46],
];

/** As Kafka's Schema tells of bytes that end too soon. */
function schemaProblem(bytes: Uint8Array): string | null {
  if (bytes.length < CRC_AT) return underflow('version');
  if (bytes.length < COUNT_AT) return underflow('crc');
  if (bytes.length < SNAPSHOT_HEADER_BYTES) return underflow('producer_entries');
  const count = viewOf(bytes).getInt32(COUNT_AT);
  const left = bytes.length - SNAPSHOT_HEADER_BYTES;
  if (count < 0) return `Error reading field 'producer_entries': Array size ${count} cannot be negative`;
  if (count > left) return `Error reading field 'producer_entries': Error reading array of size ${count}, only ${left} bytes available`;
  if (count * PRODUCER_BYTES <= left) return null;
  const field = ENTRY_FIELDS.find(([, end]) => left % PRODUCER_BYTES < end)?.[0] ?? 'producer_id';
  return `Error reading field 'producer_entries': ${underflow(field)}`;
}

function underflow(field: string): string {
  return `Error reading field '${field}': java.nio.BufferUnderflowException`;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
