import { createServer } from 'node:net';

/**
 * A port of this machine that nobody listens on: `preferred` when it is free, else any.
 * @param {number} preferred 0 for any.
 * @returns {Promise<number>}
 */
export async function freePort(preferred = 0) {
  return (await portThatOpens(preferred)) ?? (await portThatOpens(0)) ?? preferred;
}

/**
 * @param {number} port
 * @returns {Promise<number | null>}
 */
function portThatOpens(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen({ port, host: 'localhost', exclusive: true }, () => {
      const address = probe.address();
      const opened = typeof address === 'object' && address !== null ? address.port : null;
      probe.close(() => resolve(opened));
    });
  });
}
