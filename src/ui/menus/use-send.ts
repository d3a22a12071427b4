import type { Command } from '../../engine/world/command.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, useWords } from '../app/playground-context.tsx';
import { showNotice } from '../components/notices.ts';

/** Gives commands in order and says so when the world refuses one. */
export function useSend(): (commands: readonly Command[]) => void {
  const { playground } = usePage();
  const words = useWords();
  return (commands) => {
    changeLook(playground.store, { menu: null });
    void (async () => {
      for (const command of commands) {
        const outcome = await playground.session.send(command);
        if (!outcome.ok) {
          showNotice({ kind: 'refused', text: outcome.reason });
          return;
        }
      }
      if (playground.store.getState().phase === 'paused') showNotice({ kind: 'done', text: words.menu.givenWhilePaused });
    })();
  };
}
