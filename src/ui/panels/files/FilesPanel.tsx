import { useEffect, useRef } from 'react';
import type { FileStatus } from '../../../engine/machine/disk-view.ts';
import { changeLook, type FilesLook } from '../../../playground/store/playground-store.ts';
import { focusKey } from '../../../playground/store/selectors.ts';
import { brokerIdOf, byteSize } from '../../../projection/narration/words.ts';
import { usePage, usePlayground, useWords } from '../../app/playground-context.tsx';
import { Icon } from '../../components/Icon.tsx';
import { firstFile, unwrittenBytes } from './file-tree.ts';
import { FileTree } from './FileTree.tsx';
import { FileReader } from './FileReader.tsx';
import { DiskActions } from './DiskActions.tsx';
import { DiskEvents } from './DiskEvents.tsx';
import { OpenFileButton } from './OpenFileButton.tsx';
import { useDownload } from './use-download.ts';

const NONE: readonly string[] = [];

/** The disk of a machine, or a file from outside: tree, bytes, meaning. */
export function FilesPanel({ look, isPhone }: { readonly look: FilesLook; readonly isPhone: boolean }) {
  const { playground } = usePage();
  const words = useWords();
  const panel = useRef<HTMLElement>(null);
  const files = usePlayground((state) => state.files);
  const focus = usePlayground(focusKey);
  const failedDirs = usePlayground((state) => state.view.brokers.find((row) => row.host === look.host)?.disk.faults?.failedDirs ?? NONE);
  const isThere = files?.host === look.host;
  const all: readonly FileStatus[] = isThere ? files.files : [];
  const status = all.find((file) => file.path === look.path) ?? null;
  const part = isThere && files.chosen?.path === look.path ? files.chosen : null;
  const wanted = look.path === null && look.dropped === null && all.length > 0 ? firstFile(all, focus) : null;
  const close = (): void => changeLook(playground.store, { files: null });
  useEffect(() => {
    if (wanted !== null) changeLook(playground.store, { files: { ...look, path: wanted, from: 0 } });
  }, [wanted, look, playground]);
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    return () => {
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
    };
  }, []);
  return (
    <section
      ref={panel}
      className={isPhone ? 'files-panel phone-files' : 'files-panel'}
      aria-label={words.files.label}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        event.stopPropagation();
        close();
      }}
    >
      <PanelHead look={look} files={all} onClose={close} />
      <div className={status === null && look.dropped === null ? 'files-body none-chosen' : 'files-body'}>
        {look.dropped === null ? (
          <div className="files-side">
            {isThere || files === null ? (
              <FileTree
                files={all}
                chosen={look.path}
                failedDirs={failedDirs}
                onChoose={(path) => changeLook(playground.store, { files: { ...look, path, from: 0 } })}
              />
            ) : (
              <p className="empty">{words.files.noDisk}</p>
            )}
            <DiskActions host={look.host} />
            <DiskEvents host={look.host} />
          </div>
        ) : null}
        {look.dropped !== null ? (
          <FileReader key={look.dropped.name} look={look} status={null} part={null} isPhone={isPhone} />
        ) : look.path === null ? (
          <p className="empty">{words.files.chooseOne}</p>
        ) : status === null ? (
          <p className="empty">{isThere ? words.files.gone(look.path) : words.files.reading}</p>
        ) : (
          <FileReader key={`${look.host} ${look.path}`} look={look} status={status} part={part} isPhone={isPhone} />
        )}
      </div>
    </section>
  );
}

function PanelHead({ look, files, onClose }: { readonly look: FilesLook; readonly files: readonly FileStatus[]; readonly onClose: () => void }) {
  const { playground } = usePage();
  const words = useWords();
  const brokers = usePlayground((state) => state.view.brokers);
  const servers = usePlayground((state) => state.view.ensemble.servers);
  const download = useDownload();
  const dataBytes = files.reduce((sum, file) => sum + file.dataEnd, 0);
  const atRisk = files.reduce((sum, file) => sum + unwrittenBytes(file), 0);
  const folder = look.path === null || !look.path.includes('/') ? '' : look.path.slice(0, look.path.lastIndexOf('/'));
  const hosts = [...brokers.map((row) => row.host), ...servers.map((row) => row.host)];
  return (
    <header className="files-head">
      <h2>{look.dropped === null ? words.files.title : words.files.droppedTitle}</h2>
      {look.dropped === null || hosts.length > 0 ? (
        <select
          aria-label={words.files.machine}
          value={look.dropped === null ? look.host : ''}
          onChange={(event) => changeLook(playground.store, { files: { host: event.currentTarget.value, path: null, from: 0, dropped: null } })}
        >
          {look.dropped === null ? null : <option value="">{look.dropped.name}</option>}
          {hosts.map((host) => {
            const brokerId = brokerIdOf(host);
            return (
              <option key={host} value={host}>
                {brokerId === null ? host : words.stage.broker(brokerId)}
              </option>
            );
          })}
        </select>
      ) : null}
      <p className="files-sum">
        {look.dropped === null ? words.files.sum(files.length, byteSize(dataBytes)) : words.files.staysHere}
        {look.dropped === null && atRisk > 0 ? <b className="at-risk">{words.files.onlyInCache(byteSize(atRisk))}</b> : null}
      </p>
      <span className="spacer" />
      {look.dropped === null ? (
        <button type="button" className="btn" disabled={files.length === 0} onClick={() => download.folder(look.host, folder)}>
          <Icon name="disk" size={13} />
          {folder === '' ? words.files.downloadAll : words.files.downloadFolder(folder)}
        </button>
      ) : null}
      <OpenFileButton />
      <button type="button" className="btn icon ghost" onClick={onClose} aria-label={words.files.close}>
        <Icon name="cross" size={15} />
      </button>
    </header>
  );
}
