import type { IconName } from '../components/icons.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import { machineActions, type MachineActionId } from './machine-actions.ts';
import { useSend } from './use-send.ts';

export const ACTION_ICONS: Readonly<Record<MachineActionId, IconName>> = {
  stop: 'power',
  kill: 'cross',
  pause: 'pause',
  resume: 'play',
  powerOff: 'bolt',
  start: 'play',
  isolate: 'cut',
  rejoin: 'cable',
};

/** The same actions as in the menu, as buttons of the panel. */
export function MachineActions({ host }: { readonly host: string }) {
  const { playground } = usePage();
  const words = useWords();
  const send = useSend();
  usePlayground((state) => state.view.brokers);
  usePlayground((state) => state.view.ensemble);
  usePlayground((state) => state.view.links);
  return (
    <div className="actions">
      {machineActions(playground.store.getState().view, host).map((action) => (
        <button key={action.id} type="button" className="btn" title={words.menu[`${action.id}Hint`]} onClick={() => send(action.commands)}>
          <Icon name={ACTION_ICONS[action.id]} size={13} />
          {words.menu[action.id]}
        </button>
      ))}
    </div>
  );
}
