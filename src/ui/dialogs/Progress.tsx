import { brokerIdOf } from '../../projection/narration/words.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import type { Dictionary } from '../i18n/en.ts';
import { awaitedMessage, type AwaitedMessage } from './awaited-message.ts';
import type { CommandProgress } from './use-command.ts';

/** Waiting, and for what; or the refusal as Kafka's own tools print it. */
export function Progress({ progress }: { readonly progress: CommandProgress }) {
  const words = useWords();
  if (progress.step === 'none') return null;
  if (progress.step === 'waiting') return <Waiting />;
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

/** Behind a dialog the transport cannot be reached, so a run that stands still is played on from here. */
function Waiting() {
  const { playground } = usePage();
  const words = useWords();
  const phase = usePlayground((state) => state.phase);
  const message = usePlayground((state) => awaitedMessage(state.view));
  return (
    <div className="progress" role="status">
      <p>{message === null ? words.dialog.sending : wayText(words, message)}</p>
      {phase === 'paused' ? (
        <p className="progress-paused">
          <span>{words.dialog.clusterStopped}</span>
          <button type="button" className="btn" onClick={() => playground.session.play()}>
            <Icon name="play" size={13} />
            {words.timeline.play}
          </button>
        </p>
      ) : null}
    </div>
  );
}

function wayText({ dialog, stage }: Dictionary, message: AwaitedMessage): string {
  const peer = message.answer ? message.from : message.to;
  const brokerId = brokerIdOf(peer);
  const name = brokerId === null ? peer : stage.broker(brokerId);
  if (message.held) return dialog.heldUp(message.api, name);
  return message.answer ? dialog.answerFrom(message.api, name) : dialog.onTheWay(message.api, name);
}
