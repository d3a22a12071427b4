import type { Scenario } from '../engine/world/scenario.ts';
import type { TraceRecord } from '../engine/machine/contract.ts';
import { importanceOf, narrate } from '../projection/narration/narrate.ts';
import { plainText, type Language } from '../projection/narration/sentence.ts';
import { newToldOnce } from '../projection/narration/told-once.ts';
import { instant, printable, type Io } from './output.ts';

export interface NarratorOptions {
  readonly language: Language;
  /** Every event as it is, too: one JSON object a line after its time and machine. */
  readonly trace: boolean;
  /** Records that it sends by hand are followed by their values; null: none are. */
  readonly scenario: Scenario | null;
}

/** Tells each event worth a line, and what becomes of the records that a scenario sends by hand. */
export function newNarrator(options: NarratorOptions, io: Io): (record: TraceRecord) => void {
  const told = newToldOnce();
  const byHand = new Set(
    (options.scenario?.commands ?? []).flatMap(({ command }) => (command.type === 'produce' && command.value !== null ? [command.value] : [])),
  );
  return ({ id, host, event }) => {
    if (options.trace) io.out(`${instant(id.atUs)}  ${host} ${printable(JSON.stringify(event))}`);
    const values =
      event.type === 'RecordsAcknowledged' || event.type === 'RecordsConsumed' || event.type === 'RecordsFailed'
        ? event.values.filter((value) => byHand.has(value))
        : [];
    if ((importanceOf(event) === 'quiet' && values.length === 0) || !told.isNews(event)) return;
    const sentence = plainText(narrate(options.language, { event, host }));
    io.out(`${instant(id.atUs)}  ${printable(values.length === 0 ? sentence : `${sentence} (${values.join(', ')})`)}`);
  };
}
