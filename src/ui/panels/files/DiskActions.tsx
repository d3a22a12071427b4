import type { MachineActionId } from '../../menus/machine-actions.ts';
import { actionText, keepsFiles, machineActions } from '../../menus/machine-actions.ts';
import { ACTION_ICONS, hintOf } from '../../menus/MachineActions.tsx';
import { useSend } from '../../menus/use-send.ts';
import { usePlayground, useWords } from '../../app/playground-context.tsx';
import { Icon } from '../../components/Icon.tsx';

/** What a disk makes a difference for. */
const SHOWN: readonly MachineActionId[] = ['kill', 'powerOff', 'tearPages', 'start', 'stop'];

/** Ways to lose what is not on the device, and to come back. */
export function DiskActions({ host }: { readonly host: string }) {
  const words = useWords();
  const send = useSend();
  const view = usePlayground((state) => state.view);
  const actions = machineActions(view, host).filter((action) => SHOWN.includes(action.id));
  return (
    <div className="disk-actions">
      {actions.map((action) => (
        <button
          key={action.id + (action.dir ?? '')}
          type="button"
          className="btn slim"
          title={hintOf(words, action.id, !keepsFiles(view, host))}
          onClick={() => send(action.commands)}
        >
          <Icon name={ACTION_ICONS[action.id]} size={12} />
          {actionText(words, action)}
        </button>
      ))}
    </div>
  );
}
