import { readFileSync, statSync } from 'node:fs';
import type { Codecs } from '../../engine/protocol/compression.ts';
import { UsageProblem, type ExitStatus, type Io } from '../output.ts';
import { dumpLog } from './dump-batches.ts';
import { dumpIndex, dumpTimeIndex } from './dump-indexes.ts';
import type { DumpOptions } from './dump-options.ts';
import { dumpProducerSnapshot, dumpTxnIndex } from './dump-producers.ts';
import { indexFile, OFFSET_ENTRY_BYTES, TIME_ENTRY_BYTES, type IndexFile } from './index-file.ts';
import { JavaProblem } from './java-problem.ts';
import { logFile, type LogFile } from './log-file.ts';
import { DumpReport, fileName, startOffsetOf } from './report.ts';

const MOST_FILE_BYTES = 100 * 1024 * 1024;

/**
 * Prints files of a partition's folder as Kafka's DumpLogSegments does. 0 when nothing was found wrong; 1 when an index disagrees with its
 * log, a snapshot is corrupt, a file is none of Kafka's, or where Kafka's tool would end with an exception.
 */
export function runDumpLog(options: DumpOptions, io: Io, codecs: Codecs): ExitStatus {
  for (const path of options.files) checkFile(path);
  const report = new DumpReport(io);
  let isSound = true;
  try {
    for (const path of options.files) {
      report.out(`Dumping ${path}`);
      isSound = dumpFile(path, { options, report, codecs }) && isSound;
    }
  } catch (error) {
    if (!(error instanceof JavaProblem)) throw error;
    report.err(error.line);
    return 1;
  }
  return report.printErrors() || !isSound ? 1 : 0;
}

interface Dump {
  readonly options: DumpOptions;
  readonly report: DumpReport;
  readonly codecs: Codecs;
}

function dumpFile(path: string, dump: Dump): boolean {
  const name = fileName(path);
  switch (name.slice(Math.max(0, name.lastIndexOf('.')))) {
    case '.log':
      dumpLog(readLog(path), dump.options, dump);
      return true;
    case '.index':
      dumpIndex(readIndex(path, OFFSET_ENTRY_BYTES), readLog(sibling(path, '.log')), dump);
      return true;
    case '.timeindex': {
      const files = { log: readLog(sibling(path, '.log')), index: readIndex(sibling(path, '.index'), OFFSET_ENTRY_BYTES) };
      dumpTimeIndex(readIndex(path, TIME_ENTRY_BYTES), files, dump);
      return true;
    }
    case '.snapshot':
      return dumpProducerSnapshot(read(path), dump.report);
    case '.txnindex':
      dumpTxnIndex(path, read(path), dump.report);
      return true;
    default:
      dump.report.err(`Ignoring unknown file ${path}`);
      return false;
  }
}

/** The file of the same segment with another ending. */
function sibling(path: string, suffix: string): string {
  const folder = path.slice(0, path.length - fileName(path).length);
  const other = `${folder}${fileName(path).split('.')[0] ?? ''}${suffix}`;
  checkFile(other);
  return other;
}

function readLog(path: string): LogFile {
  return logFile(path, read(path));
}

function readIndex(path: string, entryBytes: number): IndexFile {
  return indexFile({ path, bytes: read(path), baseOffset: startOffsetOf(path) }, entryBytes);
}

function checkFile(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageProblem(`${path}: there is no such file`);
  if (!stats.isFile()) throw new UsageProblem(`${path}: this is no file`);
  if (stats.size > MOST_FILE_BYTES) throw new UsageProblem(`${path}: the file has ${stats.size} bytes; files over 100 MB are not read`);
}

function read(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageProblem(`${path}: it cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
