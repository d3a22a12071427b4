import { unzipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import type { Session } from '../session/contract.ts';
import { fileDownload, folderDownload } from './download.ts';

const FILES = [
  { path: 'orders-0/00000000000000000000.log', bytes: Uint8Array.from({ length: 300 }, (_, i) => i) },
  { path: 'orders-0/leader-epoch-checkpoint', bytes: new Uint8Array([48, 10]) },
];
const session = {
  readFiles: (host: string, prefix: string) => Promise.resolve(host === 'b1' ? FILES.filter(({ path }) => path.startsWith(prefix)) : []),
} as unknown as Session;

describe('downloads', () => {
  test('[R2] a file as it is; null when it is gone', async () => {
    expect(await fileDownload(session, 'b1', 'orders-0/leader-epoch-checkpoint')).toEqual({ name: 'leader-epoch-checkpoint', bytes: new Uint8Array([48, 10]) });
    expect(await fileDownload(session, 'b1', 'orders-0/leader')).toBeNull();
  });

  test('[R2] a folder as a zip that opens to the same bytes', async () => {
    const { name, bytes } = await folderDownload(session, 'b1', 'orders-0');
    expect([name, unzipSync(bytes)]).toEqual(['b1-orders-0.zip', Object.fromEntries(FILES.map((file) => [file.path, file.bytes]))]);
  });
});
