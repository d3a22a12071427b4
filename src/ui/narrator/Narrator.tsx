import { narrate } from '../../projection/narration/narrate.ts';
import { plainText, type Sentence, type Tone } from '../../projection/narration/sentence.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { focusKey } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import { clockText } from '../layout/timeline-layout.ts';
import { headlineOf } from './headline.ts';

const TONES: Readonly<Record<Tone, string | undefined>> = {
  plain: undefined,
  strong: 'var(--ink)',
  leader: 'var(--leader)',
  isr: 'var(--isr)',
  out: 'var(--out)',
  stale: 'var(--stale)',
  control: 'var(--control)',
  water: 'var(--surf)',
};

export function Told({ sentence }: { readonly sentence: Sentence }) {
  return (
    <>
      {sentence.map((part, i) => {
        const color = TONES[part.tone];
        return color === undefined ? (
          <span key={i}>{part.text}</span>
        ) : (
          <em key={i} style={{ color }}>
            {part.text}
          </em>
        );
      })}
    </>
  );
}

/** One sentence for the latest thing worth a word; also the live region for screen readers. */
export function Narrator() {
  const { playground } = usePage();
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  const told = usePlayground((state) => headlineOf(state.view.events, focusKey(state)));
  const sentence = told === null ? null : narrate(language, told);
  const whole = sentence === null ? words.narrator.quiet : plainText(sentence);
  return (
    <div className="narrator">
      <span className="mono narrator-clock">{told === null ? '' : clockText(told.atUs, 'millis')}</span>
      <p className="narrator-line" role="status" aria-live="polite" aria-label={words.narrator.label} title={whole}>
        {sentence === null ? whole : <Told sentence={sentence} />}
      </p>
      <button type="button" className="btn why-button" onClick={() => changeLook(playground.store, { tab: 'lens', phonePart: 'lens', panelOpen: true })}>
        <Icon name="search" size={13} />
        {words.narrator.why}
      </button>
    </div>
  );
}
