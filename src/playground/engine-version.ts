/** Rises whenever a recorded trace hash changes (`npm run goldens` sees to it): links and kept runs say which engine made them. */
export const ENGINE_VERSION = 15;
