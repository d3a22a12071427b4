import { usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import type { CommandProgress } from './use-command.ts';

/** Waiting, or the refusal as Kafka's own tools print it. */
export function Progress({ progress }: { readonly progress: CommandProgress }) {
  const words = useWords();
  const phase = usePlayground((state) => state.phase);
  if (progress.step === 'none') return null;
  if (progress.step === 'waiting') return <p className="progress">{phase === 'paused' ? words.dialog.clusterStopped : words.dialog.sending}</p>;
  return (
    <div className="refusal" role="alert">
      <Icon name="warning" size={15} />
      <div>
        <b>{progress.error === '' ? words.dialog.refused : progress.error}</b>
        <p>{progress.message}</p>
      </div>
    </div>
  );
}
