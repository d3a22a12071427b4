import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import { useWords } from '../../app/playground-context.tsx';
import { pageTiles } from './pages.ts';

const MOST = 64;

/** One tile a page of 4 KiB: on the device, hatched while only the page cache has all of it, outlined while only the device has. */
export function PageStrip({ file }: { readonly file: FileStatus }) {
  const words = useWords();
  const { tiles, hidden } = pageTiles(file, MOST);
  if (tiles.length === 0) return null;
  const dirty = tiles.filter((tile) => tile.state === 'dirty').length;
  return (
    <span className={file.flushing ? 'page-strip flushing' : 'page-strip'} role="img" aria-label={words.files.pagesAria(tiles.length + hidden, dirty)}>
      {hidden > 0 ? <small>+{hidden}</small> : null}
      {tiles.map(({ page, state }) => (
        <i key={page} className={`page-${state}`} title={words.files.pageStates[state](page)} />
      ))}
    </span>
  );
}
