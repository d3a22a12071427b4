import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../kernel/bytes.ts';
import { emptyTree, fileExists, replaceFile } from '../kernel/files.ts';
import {
  decodeEpochCheckpoint,
  decodeOffsetCheckpoint,
  encodeEpochCheckpoint,
  encodeOffsetCheckpoint,
  readOffsetCheckpoint,
  writeOffsetCheckpoint,
} from './checkpoint-files.ts';
import { filenamePrefix, parseLogDirName } from './file-names.ts';
import { javaDateText } from './java-date.ts';
import {
  encodeMetaProperties,
  hasCleanShutdownFile,
  readMetaProperties,
  takeCleanShutdownFile,
  verifyMetaProperties,
  writeCleanShutdownFile,
} from './meta-properties.ts';
import { encodePartitionMetadata, readPartitionMetadata, uuidFromBase64, uuidToBase64 } from './partition-metadata.ts';
import { fileBytes, newTestDisk, perform } from './test-support.ts';

const PATH = 'replication-offset-checkpoint';
const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined);

describe('offset checkpoints', () => {
  test('[R15] the text is version, count and a line an entry, sorted by topic and partition', () => {
    const entries = [
      { topic: 'orders', partition: 10, offset: 998 },
      { topic: 'orders', partition: 2, offset: 1042 },
      { topic: 'Orders', partition: 0, offset: 0 },
    ];
    const encoded = encodeOffsetCheckpoint(entries);
    expect(encoded).toBe('0\n3\nOrders 0 0\norders 2 1042\norders 10 998\n');
    expect(decodeOffsetCheckpoint(encoded, PATH)).toMatchObject({ ok: true, entries: [{ topic: 'Orders' }, { partition: 2 }, { offset: 998 }] });
    expect(encodeOffsetCheckpoint([])).toBe('0\n0\n');
  });

  test.each([
    ['1\n0\n', 'Unrecognised version:1, expected version: 0 in checkpoint file at: replication-offset-checkpoint'],
    ['zero\n0\n', 'Malformed line in checkpoint file [replication-offset-checkpoint]: zero'],
    ['0\n1\norders 0\n', 'Malformed line in checkpoint file [replication-offset-checkpoint]: orders 0'],
    ['0\n1\norders x 5\n', 'Malformed line in checkpoint file [replication-offset-checkpoint]: orders x 5'],
    ['0\n2\norders 0 5\n', 'Expected [2] entries in checkpoint file [replication-offset-checkpoint], but found only [1]'],
  ])('[R15] %j is refused', (content, message) => {
    expect(decodeOffsetCheckpoint(content, PATH)).toEqual({ ok: false, message });
  });

  test('[R15] a missing or an empty file has no entries', () => {
    expect(readOffsetCheckpoint(emptyTree(), PATH)).toEqual({ ok: true, entries: [] });
    expect(readOffsetCheckpoint(replaceFile(emptyTree(), PATH, new Uint8Array(0)), PATH)).toEqual({ ok: true, entries: [] });
  });

  test('[R15] a file is written beside itself, flushed, and put in place', () => {
    const disk = newTestDisk();
    writeOffsetCheckpoint(PATH, [{ topic: 't', partition: 0, offset: 1 }], disk.scope);
    expect(perform(disk).map((effect) => effect.type)).toEqual(['replace', 'flush', 'rename']);
    expect(text(fileBytes(disk, PATH))).toBe('0\n1\nt 0 1\n');
    expect(fileExists(disk.files, `${PATH}.tmp`)).toBe(false);
  });
});

describe('other files', () => {
  test('[R15] leader-epoch-checkpoint', () => {
    const entries = [
      { epoch: 0, startOffset: 0 },
      { epoch: 4, startOffset: 311 },
    ];
    expect(encodeEpochCheckpoint(entries)).toBe('0\n2\n0 0\n4 311\n');
    expect(decodeEpochCheckpoint('0\n2\n0 0\n4 311\n', 'p')).toEqual({ ok: true, entries });
    expect(decodeEpochCheckpoint('0\n1\n0\n', 'p').ok).toBe(false);
  });

  test('[R15] partition.metadata holds the topic id as Kafka prints it', () => {
    const uuid = uuidFromBase64('cvXMsO8qR52gAHeD9V7_cw') ?? '';
    expect(uuid).toMatch(/^72f5ccb0ef2a479da0007783f55eff73$/);
    expect(uuidToBase64(uuid)).toBe('cvXMsO8qR52gAHeD9V7_cw');
    expect(encodePartitionMetadata(uuid)).toBe('version: 0\ntopic_id: cvXMsO8qR52gAHeD9V7_cw');
    const files = replaceFile(emptyTree(), 't-0/partition.metadata', utf8Encode(encodePartitionMetadata(uuid)));
    expect(readPartitionMetadata(files, 't-0')).toEqual({ ok: true, topicId: uuid });
    expect(readPartitionMetadata(replaceFile(files, 't-0/partition.metadata', utf8Encode('version: 0\ntopic_id: x')), 't-0')).toMatchObject({ ok: false });
  });

  test('[R15] meta.properties of version 0, and what a foreign one is told', () => {
    const properties = { brokerId: 1, clusterId: 'cvXMsO8qR52gAHeD9V7_cw' };
    const encoded = encodeMetaProperties(properties, 1_700_000_000_000);
    expect(encoded).toBe('#\n#Tue Nov 14 22:13:20 UTC 2023\nbroker.id=1\nversion=0\ncluster.id=cvXMsO8qR52gAHeD9V7_cw\n');
    const files = replaceFile(emptyTree(), 'meta.properties', utf8Encode(encoded));
    expect(readMetaProperties(files)).toEqual({ ok: true, properties });
    expect(readMetaProperties(emptyTree())).toEqual({ ok: true, properties: null });
    expect(verifyMetaProperties(properties, properties)).toBeNull();
    expect(verifyMetaProperties(properties, { ...properties, brokerId: 2 })).toMatch(/^Stored node id 1 doesn't match previous node id 2 in meta.properties\./);
    expect(verifyMetaProperties(properties, { ...properties, clusterId: 'other' })).toBe(
      'Invalid cluster.id in: meta.properties. Expected other, but read cvXMsO8qR52gAHeD9V7_cw',
    );
  });

  test('[R15] dates as Java prints them, in UTC', () => {
    for (const atMs of [0, 951_782_400_000, 951_868_800_000, 4_107_542_399_000, 1_709_164_800_000, -86_400_000]) {
      const date = new Date(atMs).toUTCString();
      const [weekday, day, month, year, clock] = date.replace(',', '').split(' ');
      expect(javaDateText(atMs)).toBe(`${weekday} ${month} ${day} ${clock} UTC ${year}`);
    }
  });

  test('[R10] the mark of a clean stop is taken away as soon as it is seen', () => {
    const disk = newTestDisk();
    expect(hasCleanShutdownFile(disk.files, '')).toBe(false);
    writeCleanShutdownFile('', disk.scope);
    perform(disk);
    expect(text(fileBytes(disk, '.kafka_cleanshutdown'))).toBe('{"version":0,"brokerEpoch":-1}');
    expect(hasCleanShutdownFile(disk.files, '')).toBe(true);
    takeCleanShutdownFile('', disk.scope);
    perform(disk);
    expect(fileExists(disk.files, '.kafka_cleanshutdown')).toBe(false);
  });

  test('[R5] names of files and folders', () => {
    expect(filenamePrefix(368769)).toBe('00000000000000368769');
    expect(parseLogDirName('__consumer_offsets-12')).toEqual({ topic: '__consumer_offsets', partition: 12 });
    expect(parseLogDirName('a-b-0')).toEqual({ topic: 'a-b', partition: 0 });
    expect(parseLogDirName('orders-0.5c1e-delete')).toBeNull();
  });
});
