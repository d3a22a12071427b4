/** The path of a Chromium or Chrome that starts, installing one where there is none; null when there is none to be had. */
export function findBrowser(): Promise<string | null>;
