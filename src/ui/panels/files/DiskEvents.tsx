import { useMemo } from 'react';
import type { ToldEvent } from '../../../projection/view.ts';
import { narrate } from '../../../projection/narration/narrate.ts';
import { usePlayground, useWords } from '../../app/playground-context.tsx';
import { clockText } from '../../layout/timeline-layout.ts';
import { Told } from '../../narrator/Narrator.tsx';

const ABOUT_DISKS: readonly ToldEvent['type'][] = [
  'ProcessKilled',
  'PoweredOff',
  'PoweredOn',
  'BrokerStarting',
  'BrokerStopped',
  'LogRecovered',
  'LogTruncated',
  'LogDirFailed',
  'SegmentRolled',
  'SegmentsDeleted',
  'LogCleaned',
  'LogCleaningAborted',
  'LogUncleanable',
  'LogStartOffsetIncremented',
  'PageCorrupted',
  'DiskFailed',
  'DiskFilled',
  'DiskFreed',
  'DiskBroken',
  'DiskHealed',
];
const SHOWN = 6;

/** What happened to this disk lately, the newest first: what a power cut took, and what recovery made of the rest. */
export function DiskEvents({ host }: { readonly host: string }) {
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  const events = usePlayground((state) => state.view.events);
  const told = useMemo(() => {
    const own = events.filter((one) => one.host === host && ABOUT_DISKS.includes(one.event.type));
    return own
      .slice(-SHOWN)
      .reverse()
      .map((one) => ({ one, sentence: narrate(language, one) }));
  }, [events, host, language]);
  return (
    <div className="disk-events">
      <h3>{words.files.lately}</h3>
      {told.length === 0 ? <p className="dim">{words.files.nothingYet}</p> : null}
      <ol>
        {told.map(({ one, sentence }) => (
          <li key={one.id}>
            <span className="mono">{clockText(one.atUs, 'millis')}</span>
            <p>
              <Told sentence={sentence} />
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}
