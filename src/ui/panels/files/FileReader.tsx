import { useEffect, useMemo, useState } from 'react';
import type { Codecs } from '../../../engine/protocol/compression.ts';
import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import { CODECS_ON_THE_WAY, fileCodecs } from '../../../playground/files/file-codecs.ts';
import { changeLook, type FilesLook } from '../../../playground/store/playground-store.ts';
import { cutPart, type FilePart } from '../../../projection/disk/files-view.ts';
import { decodeFile } from '../../../projection/files/decode-file.ts';
import { byteSize } from '../../../projection/narration/words.ts';
import { usePage, usePlayground, useWords } from '../../app/playground-context.tsx';
import { Icon } from '../../components/Icon.tsx';
import { useMedia } from '../../interactions/use-media.ts';
import { useSend } from '../../menus/use-send.ts';
import { hintOf } from './FileTree.tsx';
import { HexView, type Lit } from './HexView.tsx';
import { MeaningView } from './MeaningView.tsx';
import { PAGE_BYTES } from './pages.ts';
import { PageStrip } from './PageStrip.tsx';
import { pathToByte, spanRows, type SpanRow } from './span-rows.ts';
import { useDownload } from './use-download.ts';

interface FileReaderProps {
  readonly look: FilesLook;
  /** Of a machine's file; null for one from outside. */
  readonly status: FileStatus | null;
  /** The part of it that was sent; null while it is under way. */
  readonly part: FilePart | null;
  readonly isPhone: boolean;
}

type ReadPart = Pick<FilePart, 'from' | 'bytes' | 'previous' | 'next'>;

/** Sixteen bytes a line would leave their meaning no room. */
const TOO_NARROW_FOR_SIXTEEN = '(max-width: 1240px)';

/** One file: its bytes on the left, what they mean on the right. */
export function FileReader({ look, status, part, isPhone }: FileReaderProps) {
  const isNarrow = useMedia(TOO_NARROW_FOR_SIXTEEN);
  const words = useWords();
  const codecs = useCodecs();
  const { dropped } = look;
  const shown: ReadPart | null = useMemo(() => (dropped === null ? part : cutPart(dropped.name, dropped.bytes, look.from)), [dropped, part, look.from]);
  const name = dropped?.name ?? look.path ?? '';
  const bytes = shown?.bytes ?? null;
  const origin = shown?.from ?? 0;
  const decoded = useMemo(() => (bytes === null ? null : decodeFile(name, bytes, codecs, origin)), [name, bytes, codecs, origin]);
  const reading = useReading(decoded?.spans ?? []);
  const [side, setSide] = useState<'bytes' | 'meaning'>('meaning');
  const totalBytes = dropped?.bytes.length ?? status?.dataEnd ?? 0;
  return (
    <div className="file-reader">
      <FileHead look={look} status={status} name={name} totalBytes={totalBytes} picked={reading.cursor} />
      {decoded === null || decoded.problem === null ? null : (
        <p className="file-problem" role="alert">
          <Icon name="warning" size={14} />
          <b>{decoded.problem.error}</b>
          {words.files.problemAt(decoded.problem.at, decoded.problem.message)}
        </p>
      )}
      {shown === null ? (
        <p className="empty">{words.files.reading}</p>
      ) : totalBytes === 0 ? (
        <p className="empty">{words.files.noBytes}</p>
      ) : (
        <>
          <PartBar look={look} part={shown} totalBytes={totalBytes} />
          {isPhone ? (
            <div className="seg file-sides" role="radiogroup" aria-label={words.files.sides}>
              {(['meaning', 'bytes'] as const).map((one) => (
                <button key={one} type="button" role="radio" aria-checked={side === one} onClick={() => setSide(one)}>
                  {words.files[one]}
                </button>
              ))}
            </div>
          ) : null}
          <div className="file-sheets">
            {isPhone && side !== 'bytes' ? null : (
              <HexView
                bytes={shown.bytes}
                origin={origin}
                spans={decoded?.spans ?? []}
                file={status}
                lit={reading.lit}
                cursor={reading.cursor}
                columns={isNarrow ? 8 : 16}
                onHover={reading.hoverByte}
                onPick={reading.pickByte}
              />
            )}
            {isPhone && side !== 'meaning' ? null : (
              <MeaningView
                rows={reading.rows}
                lit={reading.lit}
                litKey={reading.litKey}
                current={reading.current}
                onHover={reading.hoverRow}
                onPick={reading.pickRow}
                onToggle={reading.toggle}
              />
            )}
          </div>
          <p className="byte-read" id="byte-read" aria-live="polite">
            {reading.sentence ?? words.files.hoverHint}
          </p>
        </>
      )}
      {status !== null && status.sizeBytes > status.dataEnd ? (
        <p className="file-fold">{words.files.preallocated(byteSize(status.sizeBytes - status.dataEnd), byteSize(status.sizeBytes))}</p>
      ) : null}
    </div>
  );
}

function useCodecs(): Codecs {
  const [codecs, setCodecs] = useState<Codecs>(CODECS_ON_THE_WAY);
  useEffect(() => {
    let isWanted = true;
    void fileCodecs().then((loaded) => (isWanted ? setCodecs(loaded) : undefined));
    return () => {
      isWanted = false;
    };
  }, []);
  return codecs;
}

interface Reading {
  readonly rows: readonly SpanRow[];
  readonly lit: Lit | null;
  readonly litKey: string | null;
  readonly current: string | null;
  readonly cursor: number | null;
  /** What the lit stretch is, in one line; null when nothing is lit. */
  readonly sentence: string | null;
  readonly hoverByte: (byte: number | null) => void;
  readonly hoverRow: (row: SpanRow | null) => void;
  readonly pickByte: (byte: number) => void;
  readonly pickRow: (row: SpanRow) => void;
  readonly toggle: (key: string) => void;
}

/** What is open, lit and picked, on both sides alike. Hovering wins over what was picked. */
function useReading(spans: Parameters<typeof spanRows>[0]): Reading {
  const firstKey = spans[0] === undefined ? '' : `/${spans[0].from}.0`;
  const [opened, setOpened] = useState<ReadonlySet<string> | null>(null);
  const open = useMemo(() => opened ?? new Set([firstKey]), [opened, firstKey]);
  const [hovered, setHovered] = useState<{ readonly byte: number } | { readonly row: SpanRow } | null>(null);
  const [current, setCurrent] = useState<string | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const rows = useMemo(() => spanRows(spans, open), [spans, open]);
  const rowOfByte = (byte: number): SpanRow | null => {
    const keys = pathToByte(spans, byte).map((step) => step.key);
    return rows.findLast((row) => keys.includes(row.key)) ?? null;
  };
  const currentRow = rows.find((row) => row.key === current) ?? null;
  const litRow = hovered === null ? currentRow : 'row' in hovered ? hovered.row : rowOfByte(hovered.byte);
  const innermost = hovered !== null && 'byte' in hovered ? (pathToByte(spans, hovered.byte).at(-1)?.span ?? null) : (litRow?.span ?? null);
  return {
    rows,
    lit: innermost,
    litKey: litRow?.key ?? null,
    current,
    cursor,
    sentence: innermost === null ? null : `${innermost.from}–${innermost.to - 1}: ${innermost.label} = ${innermost.value}`,
    hoverByte: (byte) => setHovered(byte === null ? null : { byte }),
    hoverRow: (row) => setHovered(row === null ? null : { row }),
    pickByte: (byte) => {
      const path = pathToByte(spans, byte);
      setOpened(new Set([...open, ...path.slice(0, -1).map((step) => step.key)]));
      setCurrent(path.at(-1)?.key ?? null);
      setCursor(byte);
    },
    pickRow: (row) => {
      setCurrent(row.key);
      setCursor(row.span.to > row.span.from ? row.span.from : null);
    },
    toggle: (key) => setOpened(new Set(open.has(key) ? [...open].filter((one) => one !== key) : [...open, key])),
  };
}

/** Name, what it is for, where its bytes are, and what a power cut would take. */
function FileHead(props: {
  readonly look: FilesLook;
  readonly status: FileStatus | null;
  readonly name: string;
  readonly totalBytes: number;
  readonly picked: number | null;
}) {
  const { look, status, name, totalBytes, picked } = props;
  const words = useWords();
  const download = useDownload();
  const send = useSend();
  const nowUs = usePlayground((state) => Math.floor(state.view.nowUs / 100_000) * 100_000);
  const unwritten = status === null ? 0 : status.dataEnd - status.onDeviceUpTo;
  const page = picked === null ? null : Math.floor(picked / PAGE_BYTES);
  return (
    <header className="file-head">
      <div className="file-title">
        <h3 className="mono">{name}</h3>
        <span className="dim">{byteSize(totalBytes)}</span>
        <span className="spacer" />
        {status !== null && page !== null && picked !== null ? (
          <button
            type="button"
            className="btn slim"
            title={words.files.rotHint}
            onClick={() => send([{ type: 'corruptPage', machine: look.host, path: status.path, page, byte: picked % PAGE_BYTES }])}
          >
            <Icon name="warning" size={12} />
            {words.files.rot(picked)}
          </button>
        ) : null}
        {status === null ? null : (
          <button type="button" className="btn slim" onClick={() => download.file(look.host, status.path)}>
            <Icon name="disk" size={12} />
            {words.files.download}
          </button>
        )}
      </div>
      <p className="file-hint">{hintOf(words, name)}</p>
      {status === null ? null : (
        <div className="file-pages">
          <PageStrip file={status} />
          <p>
            {unwritten <= 0
              ? words.files.allOnDevice
              : words.files.atRisk(byteSize(unwritten), status.dirtySinceUs === null ? null : ((nowUs - status.dirtySinceUs) / 1_000_000).toFixed(1))}
            {status.flushing ? <b> {words.files.flushing}</b> : null}
          </p>
        </div>
      )}
    </header>
  );
}

/** Which part of a long file is shown, and the way to the others. */
function PartBar({ look, part, totalBytes }: { readonly look: FilesLook; readonly part: ReadPart; readonly totalBytes: number }) {
  const { playground } = usePage();
  const words = useWords();
  if (part.previous === null && part.next === null) return null;
  const go = (from: number): void => changeLook(playground.store, { files: { ...look, from } });
  return (
    <div className="part-bar">
      <button type="button" className="btn slim" disabled={part.previous === null} onClick={() => go(part.previous ?? 0)}>
        {words.files.earlier}
      </button>
      <span className="mono">{words.files.partOf(part.from, part.from + part.bytes.length, totalBytes)}</span>
      <button type="button" className="btn slim" disabled={part.next === null} onClick={() => go(part.next ?? 0)}>
        {words.files.later}
      </button>
      <button type="button" className="btn slim" disabled={part.next === null} onClick={() => go(Number.MAX_SAFE_INTEGER)}>
        {words.files.newest}
      </button>
    </div>
  );
}
