import { SPEEDS, type Speed } from '../../playground/session/contract.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';

/** Play and pause, run to the next event, speed. */
export function Transport() {
  const { playground } = usePage();
  const words = useWords();
  const phase = usePlayground((state) => state.phase);
  const status = usePlayground((state) => state.status);
  const playing = phase === 'playing';
  const off = phase === 'loading' || phase === 'failed';
  const { session } = playground;
  return (
    <div className="transport" role="group" aria-label={words.timeline.play}>
      <button
        type="button"
        className="btn pri play"
        disabled={off}
        onClick={() => (playing ? session.pause() : session.play())}
        aria-label={playing ? words.timeline.pause : words.timeline.play}
        title={playing ? words.timeline.pause : words.timeline.play}
        aria-keyshortcuts="Space"
      >
        <Icon name={playing ? 'pause' : 'play'} size={16} />
      </button>
      <button
        type="button"
        className="btn icon"
        disabled={off}
        onClick={() => session.stepToNextEvent()}
        aria-label={words.timeline.next}
        title={words.timeline.next}
        aria-keyshortcuts="n"
      >
        <Icon name="next" size={16} />
      </button>
      <label className="speed">
        <span className="sr-only">{words.timeline.speed}</span>
        <select value={String(status?.speed ?? 1)} disabled={off} onChange={(event) => session.setSpeed(speedOf(event.currentTarget.value))}>
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {words.timeline.speedOf(String(speed))}
            </option>
          ))}
        </select>
      </label>
      {status?.reachedSpeed === null || status === null ? null : <span className="reached">{words.timeline.slower(status.reachedSpeed.toFixed(1))}</span>}
    </div>
  );
}

function speedOf(text: string): Speed {
  return SPEEDS.find((speed) => String(speed) === text) ?? 1;
}
