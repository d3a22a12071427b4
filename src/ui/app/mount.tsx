import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { Playground } from '../../playground/playground.ts';
import { dictionaryOf } from '../i18n/dictionary.ts';
import { ErrorBoundary } from './ErrorBoundary.tsx';
import { createFrameLoop } from './frame-loop.ts';
import { Page } from './Page.tsx';
import { leaveMemoryNote, takeMemoryNote } from './memory-note.ts';
import { PageContext } from './playground-context.tsx';
import { keepPreferences } from './preferences.ts';

/** Puts the page into the document and keeps it there until the answer is called. */
export function mountPage(container: HTMLElement, playground: Playground): () => void {
  const frames = createFrameLoop({
    nowUs: () => playground.session.presentUs(),
    playing: () => playground.store.getState().phase === 'playing',
    request: (callback) => requestAnimationFrame(callback),
    cancel: (handle) => cancelAnimationFrame(handle),
  });
  const forgetFrames = playground.store.subscribe(() => frames.wake());
  const forgetPreferences = playground.store.subscribe((state, before) => {
    if (state.preferences !== before.preferences) keepPreferences(state.preferences);
  });
  const memoryOnlySinceUs = takeMemoryNote();
  const forgetStorage = playground.store.subscribe((state, before) => {
    if (before.status?.storage === 'indexeddb' && state.status?.storage === 'memory') leaveMemoryNote(state.view.nowUs);
  });
  const root = createRoot(container);
  const words = dictionaryOf(playground.store.getState().preferences.language);
  root.render(
    <StrictMode>
      <ErrorBoundary words={words}>
        <PageContext value={{ playground, frames, memoryOnlySinceUs }}>
          <Page />
        </PageContext>
      </ErrorBoundary>
    </StrictMode>,
  );
  return () => {
    forgetFrames();
    forgetPreferences();
    forgetStorage();
    frames.stop();
    root.unmount();
  };
}
