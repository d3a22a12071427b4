import type { InstantUs } from '../../engine/kernel/units.ts';

const KEY = 'highwater.memoryOnlySince';

/** Leaves word for the page that comes after a reload: from this moment on the run was in memory only. Storage may be refused; then none is left. */
export function leaveMemoryNote(sinceUs: InstantUs): void {
  try {
    sessionStorage.setItem(KEY, String(sinceUs));
  } catch {
    return;
  }
}

/** The word that the page before left, once. */
export function takeMemoryNote(): InstantUs | null {
  try {
    const note = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return note === null || !/^\d+$/.test(note) ? null : Number(note);
  } catch {
    return null;
  }
}
