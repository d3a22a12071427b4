import { useEffect, useRef } from 'react';
import { readGivenFile, type GivenFile } from '../../../playground/files/dropped-file.ts';
import { changeLook } from '../../../playground/store/playground-store.ts';
import { byteSize } from '../../../projection/narration/words.ts';
import { usePage, useWords } from '../../app/playground-context.tsx';
import { Icon } from '../../components/Icon.tsx';
import { showNotice } from '../../components/notices.ts';

/** Opens a file from outside in the panel, or says why not. */
function useOpenFile(): (given: GivenFile) => void {
  const { playground } = usePage();
  const words = useWords();
  return (given) => {
    void (async () => {
      const read = await readGivenFile(given);
      if (!read.ok) {
        showNotice({ kind: 'refused', text: words.files.refusals[read.reason](read.name, byteSize(read.sizeBytes)) });
        return;
      }
      const { look } = playground.store.getState();
      changeLook(playground.store, { menu: null, files: { host: look.files?.host ?? '', path: null, from: 0, dropped: read.file } });
    })();
  };
}

export function OpenFileButton() {
  const words = useWords();
  const input = useRef<HTMLInputElement>(null);
  const open = useOpenFile();
  return (
    <>
      <button type="button" className="btn" onClick={() => input.current?.click()}>
        <Icon name="search" size={13} />
        {words.files.openFile}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        onChange={(event) => {
          const [file] = event.currentTarget.files ?? [];
          if (file !== undefined) open(file);
          event.currentTarget.value = '';
        }}
      />
    </>
  );
}

/** The whole page takes a file that is dropped on it. */
export function useDropFiles(): void {
  const open = useOpenFile();
  const latest = useRef(open);
  useEffect(() => {
    latest.current = open;
  });
  useEffect(() => {
    const onOver = (event: DragEvent): void => {
      if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
    };
    const onDrop = (event: DragEvent): void => {
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      event.preventDefault();
      latest.current(file);
    };
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    return () => {
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
    };
  }, []);
}
