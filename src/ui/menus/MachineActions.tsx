import type { IconName } from '../components/icons.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import type { Dictionary } from '../i18n/en.ts';
import { Icon } from '../components/Icon.tsx';
import { actionText, keepsFiles, machineActions, type MachineActionId } from './machine-actions.ts';
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
  tearPages: 'bolt',
  fillDisk: 'disk',
  freeDisk: 'disk',
  failDisk: 'warning',
  healDisk: 'check',
  slowDisk: 'clock',
  speedDisk: 'clock',
};

/** What an action does, in a few words. A client keeps nothing on its disk, so there is nothing to say about that. */
export function hintOf({ menu }: Dictionary, action: MachineActionId, isClient: boolean): string {
  if (isClient && action === 'kill') return menu.killHintClient;
  return isClient && action === 'powerOff' ? menu.powerOffHintClient : menu[`${action}Hint`];
}

/** The same actions as in the menu, as buttons of the panel. */
export function MachineActions({ host }: { readonly host: string }) {
  const { playground } = usePage();
  const words = useWords();
  const send = useSend();
  const isClient = usePlayground((state) => !keepsFiles(state.view, host));
  usePlayground((state) => state.view.brokers);
  usePlayground((state) => state.view.ensemble);
  usePlayground((state) => state.view.links);
  return (
    <div className="actions">
      {isClient ? null : (
        <button type="button" className="btn" onClick={() => changeLook(playground.store, { files: { host, path: null, from: 0, dropped: null } })}>
          <Icon name="list" size={13} />
          {words.files.open}
        </button>
      )}
      {machineActions(playground.store.getState().view, host).map((action) => (
        <button
          key={action.id + (action.dir ?? '')}
          type="button"
          className="btn"
          title={hintOf(words, action.id, isClient)}
          onClick={() => send(action.commands)}
        >
          <Icon name={ACTION_ICONS[action.id]} size={13} />
          {actionText(words, action)}
        </button>
      ))}
    </div>
  );
}
