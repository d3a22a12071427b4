import type { FileStatus } from '../../../engine/machine/disk-view.ts';

export const PAGE_BYTES = 4096;

export interface PageTile {
  readonly page: number;
  readonly state: PageState;
}

/** `dirty`: some of it only the page cache has. `cold`: only the device has it. */
export type PageState = 'clean' | 'dirty' | 'cold';

/** The last pages of a file, at most so many, and how many come before. */
export function pageTiles(file: FileStatus, most: number): { readonly tiles: readonly PageTile[]; readonly hidden: number } {
  const count = Math.ceil(file.dataEnd / PAGE_BYTES);
  const hidden = Math.max(0, count - most);
  const tiles: PageTile[] = [];
  for (let page = hidden; page < count; page++) tiles.push({ page, state: pageState(file, page) });
  return { tiles, hidden };
}

export function pageState(file: FileStatus, page: number): PageState {
  if (Math.min((page + 1) * PAGE_BYTES, file.dataEnd) > file.onDeviceUpTo) return 'dirty';
  return file.coldPages.some(({ from, to }) => page >= from && page < to) ? 'cold' : 'clean';
}
