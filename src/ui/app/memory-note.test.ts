// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { leaveMemoryNote, takeMemoryNote } from './memory-note.ts';

test('[R6] the page after a reload learns once since when the run before it was in memory only', () => {
  expect(takeMemoryNote()).toBeNull();
  leaveMemoryNote(24_000_000);
  expect(takeMemoryNote()).toBe(24_000_000);
  expect(takeMemoryNote()).toBeNull();
});
