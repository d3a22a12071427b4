/** The path of a Firefox that starts, installed if need be; null when there is none to be had. */
export function findFirefox(): Promise<string | null>;
