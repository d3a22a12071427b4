import { zipSync } from 'fflate';
import type { FileContent } from '../../projection/disk/files-view.ts';
import type { Session } from '../session/contract.ts';

/** What a download is to be called and to hold. */
export interface Download {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One file of a machine; null when it is gone. */
export async function fileDownload(session: Session, host: string, path: string): Promise<Download | null> {
  const file = (await session.readFiles(host, path)).find((one) => one.path === path);
  return file === undefined ? null : { name: path.slice(path.lastIndexOf('/') + 1), bytes: file.bytes };
}

/** All files below a folder as one zip; the whole disk for an empty path. */
export async function folderDownload(session: Session, host: string, folder: string): Promise<Download> {
  const files = await session.readFiles(host, folder);
  return { name: `${host}${folder === '' ? '' : `-${folder}`}.zip`, bytes: zipped(files) };
}

function zipped(files: readonly FileContent[]): Uint8Array {
  return zipSync(Object.fromEntries(files.map(({ path, bytes }) => [path, bytes])));
}
