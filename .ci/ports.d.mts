/** A port of this machine that nobody listens on: `preferred` when it is free, else any. */
export function freePort(preferred?: number): Promise<number>;
