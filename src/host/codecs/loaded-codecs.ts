import { loadCodecs } from './load-codecs.ts';

/**
 * The codecs, loaded while modules are: for whoever runs the engine in one thread. Not for Workers, which would miss what they are told
 * meanwhile; they await `loadCodecs` where a run begins.
 */
export const codecs = await loadCodecs();
