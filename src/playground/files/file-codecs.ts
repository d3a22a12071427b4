import { loadCodecs } from '../../host/codecs/load-codecs.ts';
import type { Codecs } from '../../engine/protocol/compression.ts';

/** For who reads files on the page: loaded when the first compressed batch may be shown. */
export function fileCodecs(): Promise<Codecs> {
  return loadCodecs();
}

/** Until they are there: a compressed batch stays closed. */
export const CODECS_ON_THE_WAY: Codecs = { compress: (_codec, records) => records, decompress: () => null };
