import { useState, type KeyboardEvent } from 'react';
import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import { byteSize } from '../../../projection/narration/words.ts';
import { useWords } from '../../app/playground-context.tsx';
import type { Dictionary } from '../../i18n/en.ts';
import { treeRows, type TreeRow } from './file-tree.ts';

interface FileTreeProps {
  readonly files: readonly FileStatus[];
  readonly chosen: string | null;
  /** Folders on a disk that fails; an empty one is the whole disk. */
  readonly failedDirs: readonly string[];
  readonly onChoose: (path: string) => void;
}

/** The directory as an operator knows it. A bar tells how much of a file the device has. */
export function FileTree({ files, chosen, failedDirs, onChoose }: FileTreeProps) {
  const words = useWords();
  const fails = (row: TreeRow): boolean => failedDirs.some((dir) => dir === '' || row.path === dir || row.path.startsWith(`${dir}/`));
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const rows = treeRows(files, closed);
  const current = rows.find((row) => row.path === focused)?.path ?? rows.find((row) => row.path === chosen)?.path ?? rows[0]?.path;
  const toggle = (path: string): void => setClosed((before) => new Set(before.has(path) ? [...before].filter((one) => one !== path) : [...before, path]));
  const press = (row: TreeRow): void => {
    setFocused(row.path);
    if (row.kind === 'folder') toggle(row.path);
    else onChoose(row.path);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLUListElement>): void => {
    const at = rows.findIndex((row) => row.path === current);
    const row = rows[at];
    const moves: Readonly<Record<string, number>> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    const next = moves[event.key];
    const moveTo = (to: TreeRow | undefined): void => {
      if (to === undefined) return;
      setFocused(to.path);
      document.getElementById(idOf(to.path))?.focus();
    };
    if (next !== undefined) moveTo(rows[Math.max(0, Math.min(rows.length - 1, next))]);
    else if (row?.kind === 'folder' && ((event.key === 'ArrowRight' && !row.isOpen) || (event.key === 'ArrowLeft' && row.isOpen))) toggle(row.path);
    else if (event.key === 'ArrowLeft' && row?.level === 2) moveTo(rows.slice(0, at).findLast((one) => one.kind === 'folder'));
    else if (event.key === 'Enter' || event.key === ' ') {
      if (row !== undefined) press(row);
    } else return;
    event.preventDefault();
  };
  return (
    <ul className="file-tree" role="tree" aria-label={words.files.treeLabel} onKeyDown={onKeyDown}>
      {rows.map((row) => (
        <li
          key={row.path}
          id={idOf(row.path)}
          role="treeitem"
          aria-level={row.level}
          aria-expanded={row.kind === 'folder' ? row.isOpen : undefined}
          aria-selected={row.path === chosen}
          aria-label={`${row.name}, ${byteSize(row.dataBytes)}${row.unwrittenBytes > 0 ? `, ${words.files.onlyInCache(byteSize(row.unwrittenBytes))}` : ''}${fails(row) ? `, ${words.files.deviceFails}` : ''}`}
          tabIndex={row.path === current ? 0 : -1}
          className={fails(row) ? `${row.kind} failing` : row.kind}
          title={fails(row) ? words.files.deviceFails : row.kind === 'file' ? hintOf(words, row.name) : undefined}
          onClick={() => press(row)}
        >
          <span className="twist" aria-hidden="true">
            {row.kind === 'folder' ? (row.isOpen ? '▾' : '▸') : ''}
          </span>
          <span className="file-name">{shortName(row.name)}</span>
          <CacheBar row={row} />
          <span className="file-size">{byteSize(row.dataBytes)}</span>
        </li>
      ))}
    </ul>
  );
}

function CacheBar({ row }: { readonly row: TreeRow }) {
  const share = row.dataBytes === 0 ? 0 : row.unwrittenBytes / row.dataBytes;
  return (
    <span className={row.flushing ? 'bar flushing' : 'bar'} aria-hidden="true">
      <i style={{ width: `${row.dataBytes === 0 ? 0 : (1 - share) * 100}%` }} />
      <i style={{ width: `${share * 100}%` }} />
    </span>
  );
}

function idOf(path: string): string {
  return `file-${path}`;
}

/** The twenty digits of a segment's name leave little room: leading zeros give way to one mark. */
function shortName(name: string): string {
  return name.replace(/^0{6,}(?=\d)/, '…');
}

/** What a file is for, in one sentence. */
export function hintOf(words: Dictionary, path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const { hints } = words.files;
  if (name.endsWith('.deleted')) return hints.deleted;
  if (name.endsWith('.cleaned') || name.endsWith('.swap')) return hints.cleaned;
  if (name.endsWith('.tmp')) return hints.tmp;
  if (name.endsWith('.log') && /^\d/.test(name)) return hints.log;
  if (name.endsWith('.timeindex')) return hints.timeindex;
  if (name.endsWith('.txnindex')) return hints.txnindex;
  if (name.endsWith('.index')) return hints.index;
  if (name.endsWith('.snapshot')) return hints.snapshot;
  switch (name) {
    case 'meta.properties':
      return hints.meta;
    case 'replication-offset-checkpoint':
      return hints.replication;
    case 'recovery-point-offset-checkpoint':
      return hints.recovery;
    case 'log-start-offset-checkpoint':
      return hints.logStart;
    case 'cleaner-offset-checkpoint':
      return hints.cleaner;
    case 'leader-epoch-checkpoint':
      return hints.epochs;
    case 'partition.metadata':
      return hints.partition;
    case '.lock':
      return hints.lock;
    case '.kafka_cleanshutdown':
      return hints.cleanShutdown;
    default:
      return hints.other;
  }
}
