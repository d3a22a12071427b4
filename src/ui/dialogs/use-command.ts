import { useEffect, useState } from 'react';
import type { Command } from '../../engine/world/command.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import type { EventView } from '../../projection/view.ts';
import { usePage, usePlayground } from '../app/playground-context.tsx';
import { showNotice } from '../components/notices.ts';

/** How far a command that a dialog gave has come. */
export type CommandProgress =
  | { readonly step: 'none' }
  | { readonly step: 'waiting'; readonly commandId: number }
  /** `error` is Kafka's name for it, or empty when the world itself refused. */
  | { readonly step: 'refused'; readonly error: string; readonly message: string };

interface Commanding {
  readonly progress: CommandProgress;
  give(command: Command): void;
}

/** Gives a command; with `answered`, waits for Kafka's answer, closes the dialog on success and keeps the refusal. */
export function useCommand(answered: 'byKafka' | 'byWorld'): Commanding {
  const { playground } = usePage();
  const [progress, setProgress] = useState<CommandProgress>({ step: 'none' });
  const commandId = progress.step === 'waiting' ? progress.commandId : null;
  const answer = usePlayground((state) => (commandId === null ? null : answerTo(state.view.events, commandId)));
  useEffect(() => {
    if (answer === null) return;
    if (answer.event.type === 'CommandRefused') setProgress({ step: 'refused', error: answer.event.error, message: answer.event.message });
    else if (answer.event.type === 'CommandDone') {
      showNotice({ kind: 'done', text: answer.event.text });
      changeLook(playground.store, { dialog: null });
    }
  }, [answer, playground]);
  const give = (command: Command): void => {
    void playground.session.send(command).then((outcome) => {
      if (!outcome.ok) setProgress({ step: 'refused', error: '', message: outcome.reason });
      else if (answered === 'byKafka') setProgress({ step: 'waiting', commandId: outcome.commandId });
      else changeLook(playground.store, { dialog: null });
    });
  };
  return { progress, give };
}

function answerTo(events: readonly EventView[], commandId: number): EventView | null {
  for (let i = events.length - 1; i >= 0; i--) {
    const told = events[i];
    if (told !== undefined && (told.event.type === 'CommandDone' || told.event.type === 'CommandRefused') && told.event.commandId === commandId) return told;
  }
  return null;
}
