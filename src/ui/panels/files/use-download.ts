import { fileDownload, folderDownload, type Download } from '../../../playground/files/download.ts';
import { usePage, useWords } from '../../app/playground-context.tsx';
import { showNotice } from '../../components/notices.ts';

/** Saves files of a machine to the reader's own disk. */
export function useDownload(): { readonly file: (host: string, path: string) => void; readonly folder: (host: string, folder: string) => void } {
  const { playground } = usePage();
  const words = useWords();
  const save = async (reading: Promise<Download | null>, what: string): Promise<void> => {
    const download = await reading;
    if (download === null) {
      showNotice({ kind: 'refused', text: words.files.gone(what) });
      return;
    }
    const url = URL.createObjectURL(new Blob([Uint8Array.from(download.bytes)]));
    const link = document.createElement('a');
    link.href = url;
    link.download = download.name;
    link.click();
    URL.revokeObjectURL(url);
  };
  return {
    file: (host, path) => void save(fileDownload(playground.session, host, path), path),
    folder: (host, folder) => void save(folderDownload(playground.session, host, folder), folder),
  };
}
