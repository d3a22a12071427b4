import { useEffect } from 'react';
import { changeLook } from '../../playground/store/playground-store.ts';
import { Notices } from '../components/Notices.tsx';
import { Dialogs } from '../dialogs/Dialogs.tsx';
import { useMedia } from '../interactions/use-media.ts';
import { StageMenu } from '../menus/StageMenu.tsx';
import { Narrator } from '../narrator/Narrator.tsx';
import { FilesPanel } from '../panels/files/FilesPanel.tsx';
import { useDropFiles } from '../panels/files/OpenFileButton.tsx';
import { Inspector } from '../panels/Inspector.tsx';
import { Stage } from '../stage/Stage.tsx';
import { StageDefs } from '../stage/StageDefs.tsx';
import { Timeline } from '../timeline/Timeline.tsx';
import { Transport } from '../timeline/Transport.tsx';
import { Header } from './Header.tsx';
import { PhonePage } from './PhonePage.tsx';
import { usePage, usePlayground } from './playground-context.tsx';
import { Failed, Loading, MemoryBanner, MomentBanner } from './RunStates.tsx';

const PHONE = '(max-width: 899px)';

/** The whole page, in its two forms. */
export function Page() {
  useShortcuts();
  usePageAttributes();
  useDropFiles();
  const isPhone = useMedia(PHONE);
  const phase = usePlayground((state) => state.phase);
  const failure = usePlayground((state) => state.failure);
  return (
    <>
      <StageDefs />
      {isPhone ? <PhonePage /> : <WidePage />}
      {phase === 'loading' ? <Loading /> : null}
      {failure === null ? null : <Failed failure={failure} />}
      <StageMenu />
      <Dialogs />
      <Notices />
    </>
  );
}

function WidePage() {
  const files = usePlayground((state) => state.look.files);
  return (
    <div className="app">
      <Header />
      <main className={files === null ? 'main' : 'main with-files'}>
        <MemoryBanner />
        <MomentBanner />
        {files === null ? <Stage /> : <FilesPanel look={files} isPhone={false} />}
      </main>
      {files === null ? <Inspector /> : null}
      <footer className="foot">
        <Narrator />
        <div className="time">
          <Transport />
          <Timeline />
        </div>
      </footer>
    </div>
  );
}

/** Space plays and pauses, n runs to the next event; not while somebody types or stands on a control that uses the key. */
function useShortcuts(): void {
  const { playground } = usePage();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || playground.store.getState().look.dialog !== null) return;
      const target = event.target instanceof Element ? event.target : null;
      const onControl = target?.closest('input, select, textarea, button, a, [role="button"], [role="menu"]') ?? null;
      const { phase } = playground.store.getState();
      if (phase === 'loading' || phase === 'failed') return;
      if (event.key === ' ' && onControl === null) {
        event.preventDefault();
        if (phase === 'playing') playground.session.pause();
        else playground.session.play();
      } else if (event.key === 'n' && target?.closest('input, select, textarea') === null) {
        playground.session.stepToNextEvent();
      } else if (event.key === 'Escape') changeLook(playground.store, { menu: null, selected: null });
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [playground]);
}

/** Theme, language and title belong to the document. */
function usePageAttributes(): void {
  const { frames } = usePage();
  const { language, theme } = usePlayground((state) => state.preferences);
  const title = usePlayground((state) => state.view.run.title[state.preferences.language]);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    document.documentElement.lang = language;
    document.title = title === '' ? 'Highwater' : `${title} · Highwater`;
    frames.wake();
  }, [frames, language, theme, title]);
}
