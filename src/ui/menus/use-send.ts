import type { Command } from '../../engine/world/command.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage } from '../app/playground-context.tsx';
import { showNotice } from '../components/notices.ts';

/** Gives commands in order and says so when the world refuses one. */
export function useSend(): (commands: readonly Command[]) => void {
  const { playground } = usePage();
  return (commands) => {
    changeLook(playground.store, { menu: null });
    void (async () => {
      // Given together, so that no time passes between them.
      const outcomes = await Promise.all(commands.map((command) => playground.session.send(command)));
      for (const outcome of outcomes) {
        if (!outcome.ok) {
          showNotice({ kind: 'refused', text: outcome.reason });
          return;
        }
      }
    })();
  };
}
