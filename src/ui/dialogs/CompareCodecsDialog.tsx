import { useState } from 'react';
import { compareCodecs, type CodecResult, type Comparison } from '../../playground/codecs/compare-codecs.ts';
import { fileCodecs } from '../../playground/files/file-codecs.ts';
import { byteSize } from '../../projection/narration/words.ts';
import { useWords } from '../app/playground-context.tsx';
import { Field, Modal } from './Modal.tsx';

const SAMPLE_LINES = 60;
const CITIES = ['Seoul', 'Busan', 'Incheon', 'Daegu', 'Jeju'];

/** What orders look like: much that repeats, a little that does not. */
function sampleText(): string {
  return Array.from({ length: SAMPLE_LINES }, (_, i) => {
    const price = ((i * 7919) % 900) + 100;
    return `{"orderId":${100_000 + i * 37},"customer":"c-${(i * 13) % 17}","city":"${CITIES[i % CITIES.length] ?? ''}","item":"green tea","price":${price},"currency":"KRW"}`;
  }).join('\n');
}

/** All of Kafka's codecs on the reader's own text: how small a batch gets, and what that costs on this device. */
export function CompareCodecsDialog() {
  const words = useWords();
  const [text, setText] = useState(sampleText);
  const [perBatch, setPerBatch] = useState('20');
  const [compared, setCompared] = useState<Comparison | null>(null);
  const compare = (): void => {
    void fileCodecs().then((codecs) =>
      setCompared(compareCodecs({ text, recordsPerBatch: Math.max(1, Math.floor(Number(perBatch)) || 1) }, codecs, () => performance.now())),
    );
  };
  return (
    <Modal title={words.codecs.title} submit={words.codecs.compare} disabled={text.trim() === ''} onSubmit={compare}>
      <Field label={words.codecs.text} hint={words.codecs.textHint}>
        <textarea rows={6} spellCheck={false} value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </Field>
      <Field label={words.codecs.perBatch} hint={words.codecs.perBatchHint}>
        <input type="number" min={1} max={10_000} value={perBatch} onChange={(event) => setPerBatch(event.currentTarget.value)} />
      </Field>
      {compared === null ? null : <Results compared={compared} />}
    </Modal>
  );
}

function Results({ compared }: { readonly compared: Comparison }) {
  const words = useWords();
  const [none] = compared.results;
  const plain = none?.bytes ?? 0;
  return (
    <>
      <table className="grid codecs">
        <thead>
          <tr>
            <th scope="col">{words.codecs.codec}</th>
            <th scope="col">{words.codecs.size}</th>
            <th scope="col">{words.codecs.ratio}</th>
            <th scope="col">{words.codecs.compressing}</th>
            <th scope="col">{words.codecs.opening}</th>
          </tr>
        </thead>
        <tbody>
          {compared.results.map((one) => (
            <tr key={one.codec}>
              <th scope="row">{one.codec}</th>
              <td className="num">
                <span className="codec-bar" aria-hidden="true">
                  <i style={{ width: `${plain === 0 ? 0 : Math.min(100, (one.bytes / plain) * 100)}%` }} />
                </span>
                {byteSize(one.bytes)}
              </td>
              <td className="num">{one.bytes === 0 ? '–' : `${(plain / one.bytes).toFixed(2)}×`}</td>
              <Cost one={one} ms={one.compressMs} plainBytes={plain} />
              <Cost one={one} ms={one.openMs} plainBytes={plain} />
            </tr>
          ))}
        </tbody>
      </table>
      <p className="note">{words.codecs.note(compared.recordCount, none?.batchCount ?? 0)}</p>
    </>
  );
}

const KIBI = 1024;

/** Slow ones keep a digit behind the point. */
function speed(mebibytesPerSecond: number): string {
  return mebibytesPerSecond.toFixed(mebibytesPerSecond < 10 ? 1 : 0);
}

function Cost({ one, ms, plainBytes }: { readonly one: CodecResult; readonly ms: number | null; readonly plainBytes: number }) {
  if (ms === null || one.bytes === 0) return <td className="num">–</td>;
  return (
    <td className="num">
      {ms.toFixed(ms < 10 ? 2 : 0)} ms
      {ms > 0 ? <small>{speed(plainBytes / KIBI / KIBI / (ms / 1000))} MiB/s</small> : null}
    </td>
  );
}
