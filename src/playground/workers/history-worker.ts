import type { Checker } from '../../engine/invariants/checker.ts';
import type { Codecs } from '../../engine/kernel/codecs.ts';
import { isTold } from '../../engine/world/markers.ts';
import type { World } from '../../engine/world/world-state.ts';
import { loadCodecs } from '../../host/codecs/load-codecs.ts';
import { serveHistory } from '../../host/workers/history.ts';
import type { FromHistory, ToHistory } from '../../host/workers/messages.ts';
import { diffViews } from '../../projection/diff-view.ts';
import { withTold } from '../../projection/narration/told-events.ts';
import { newToldOnce } from '../../projection/narration/told-once.ts';
import { projectView } from '../../projection/project.ts';
import { filesSignature, projectFiles, readFilesOf, type FilesWatch } from '../../projection/disk/files-view.ts';
import { EMPTY_VIEW, type EventView, type View } from '../../projection/view.ts';
import type { FromViewPort, ToViewPort } from './messages.ts';
import { portOf } from './worker-port.ts';

/**
 * Entry of the history Worker. Two channels: one to the conductor, which comes with the first message, and one to the page,
 * which asks for the view once a frame and is answered when there is news.
 */
interface Channels {
  readonly conductor: MessagePort;
  readonly view: MessagePort;
}

self.onmessage = (event: MessageEvent) => {
  self.onmessage = null;
  // Both channels keep what comes meanwhile.
  void loadCodecs().then((codecs) => start(event.data as Channels, codecs));
};

function start(channels: Channels, codecs: Codecs): void {
  let world: World | null = null;
  let checker: Checker | null = null;
  let shown: View = EMPTY_VIEW;
  let events: readonly EventView[] = [];
  let told = newToldOnce();
  let wanted = false;
  let news = false;
  let watch: FilesWatch | null = null;
  let filesShown: string | null = null;
  const viewPort = portOf<FromViewPort, ToViewPort>(channels.view, () => channels.view.close());
  /** Told when an open panel would look different. */
  const showFiles = (): void => {
    if (watch === null || world === null) return;
    const files = projectFiles(world, watch);
    const signature = filesSignature(files);
    if (signature === filesShown) return;
    filesShown = signature;
    viewPort.post({ type: 'files', view: files });
  };
  const show = (): void => {
    if (!wanted || !news || world === null || checker === null) return;
    wanted = false;
    news = false;
    showFiles();
    const next = diffViews(shown, projectView({ world, ghosts: checker.ghosts, events }));
    shown = next.view;
    viewPort.post({ type: 'delta', delta: next.delta });
  };
  viewPort.onMessage((message) => {
    switch (message.type) {
      case 'want':
        wanted = true;
        return show();
      case 'watchFiles':
        ({ watch } = message);
        filesShown = null;
        return showFiles();
      case 'readFiles': {
        const contents = world === null ? [] : readFilesOf(world, message.host, message.prefix);
        return viewPort.post({ type: 'fileContents', request: message.request, contents });
      }
    }
  });
  const conductor = portOf<FromHistory, ToHistory>(channels.conductor, () => channels.conductor.close());
  serveHistory(
    conductor,
    {
      opened: (opened, watching) => {
        world = opened;
        checker = watching;
        events = [];
        told = newToldOnce();
      },
      traced: (record) => {
        if (isTold(record) && told.isNews(record.event)) events = withTold(events, record, world?.commands ?? []);
      },
      advanced: (now) => {
        world = now;
        news = true;
        show();
      },
      failed: () => {
        news = true;
        show();
      },
    },
    codecs,
  );
}
