import type { InstantUs } from '../../engine/kernel/units.ts';
import type { FileContent, FilesWatch } from '../../projection/disk/files-view.ts';
import type { FromViewPort, ToViewPort } from '../workers/messages.ts';
import type { SessionListener } from './contract.ts';
import { newRequests } from './requests.ts';

/** The page's end of the channel to whoever shows the run: asks for views once a frame, and for files while somebody looks. */
export interface ViewChannel {
  /** The end to hand over to a new run; what was watched goes on being watched. */
  readonly open: () => MessagePort;
  readonly presentUs: () => InstantUs;
  readonly want: () => void;
  readonly watchFiles: (watch: FilesWatch | null) => void;
  readonly readFiles: (host: string, prefix: string) => Promise<readonly FileContent[]>;
}

export function viewChannel(listener: () => SessionListener | null): ViewChannel {
  const readings = newRequests<readonly FileContent[]>();
  let port: MessagePort | null = null;
  let watch: FilesWatch | null = null;
  let nowUs = 0;
  const ask = (message: ToViewPort): void => port?.postMessage(message);
  const onMessage = (message: FromViewPort): void => {
    switch (message.type) {
      case 'delta':
        ({ nowUs } = message.delta);
        return listener()?.view(message.delta);
      case 'files':
        return listener()?.files(message.view);
      case 'fileContents':
        return readings.answer(message.request, message.contents);
    }
  };
  return {
    open: () => {
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = (event: MessageEvent) => onMessage(event.data as FromViewPort);
      if (watch !== null) ask({ type: 'watchFiles', watch });
      return channel.port2;
    },
    presentUs: () => nowUs,
    want: () => ask({ type: 'want' }),
    watchFiles: (wanted) => {
      watch = wanted;
      ask({ type: 'watchFiles', watch });
    },
    readFiles: (host, prefix) => readings.ask((request) => ask({ type: 'readFiles', request, host, prefix })),
  };
}
