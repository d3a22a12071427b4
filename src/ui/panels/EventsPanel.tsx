import { useMemo } from 'react';
import { importanceOf, narrate } from '../../projection/narration/narrate.ts';
import { usePlayground, useWords } from '../app/playground-context.tsx';
import { clockText } from '../layout/timeline-layout.ts';
import { Told } from '../narrator/Narrator.tsx';

const SHOWN = 120;

/** What happened, the newest first. */
export function EventsPanel() {
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  const events = usePlayground((state) => state.view.events);
  const shown = useMemo(() => {
    const lines = [];
    for (let i = events.length - 1; i >= 0 && lines.length < SHOWN; i--) {
      const told = events[i];
      if (told !== undefined && importanceOf(told.event) !== 'quiet')
        lines.push({ told, sentence: narrate(language, told), headline: importanceOf(told.event) === 'headline' });
    }
    return lines;
  }, [events, language]);
  if (shown.length === 0) return <p className="empty">{words.panel.noEvents}</p>;
  return (
    <ol className="events" aria-label={words.panel.eventsLabel}>
      {shown.map(({ told, sentence, headline }) => (
        <li key={told.id} className={headline ? 'headline' : undefined}>
          <span className="mono">{clockText(told.atUs, 'millis')}</span>
          <p>
            <Told sentence={sentence} />
          </p>
        </li>
      ))}
    </ol>
  );
}
