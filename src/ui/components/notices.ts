import { createStore } from 'zustand/vanilla';

/** A short word to the reader that goes away by itself. */
export interface Notice {
  readonly id: number;
  readonly kind: 'refused' | 'done';
  readonly text: string;
}

const SHOWN_MS = 6000;

export const notices = createStore<readonly Notice[]>(() => []);
let lastId = 0;

export function showNotice(notice: Omit<Notice, 'id'>): void {
  lastId++;
  const id = lastId;
  notices.setState((shown) => [...shown.slice(-2), { ...notice, id }], true);
  setTimeout(() => dropNotice(id), SHOWN_MS);
}

export function dropNotice(id: number): void {
  notices.setState((shown) => shown.filter((notice) => notice.id !== id), true);
}
