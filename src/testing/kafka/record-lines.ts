import { readFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { batchBytesAt } from '../../engine/log/recovery.ts';
import { isControlBatch, readRecords } from '../../engine/protocol/record-batch.ts';
import { codecs } from '../../host/codecs/loaded-codecs.ts';

/** Every data record of these logs by the engine's own decoder, in the words of KafkaClient.java. */
export function recordLines(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const file = new Uint8Array(readFileSync(path));
    const lines: string[] = [];
    let position = 0;
    for (let batch = batchBytesAt(file, 0); batch !== null; batch = batchBytesAt(file, position)) {
      position += batch.length;
      if (isControlBatch(batch)) continue;
      const read = readRecords(batch, codecs);
      if (!read.ok) throw new Error(`${path}: a batch cannot be read: ${read.detail}`);
      for (const { offset, timestamp, key, value, headers } of read.records) {
        const told = headers.map((header) => `${hex(Buffer.from(header.key, 'utf8'))}=${hex(header.value)}`).join(',');
        lines.push(`${basename(dirname(path))} ${offset} ${timestamp} ${hex(key)} ${hex(value)} [${told}]`);
      }
    }
    return lines;
  });
}

function hex(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : `x${Buffer.from(bytes).toString('hex')}`;
}
