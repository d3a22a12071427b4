import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** The built page at an address of its own, with some of its Workers spoilt: code that runs in them before theirs. */
export interface SpoiltServer {
  readonly address: string;
  close(): void;
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** `spoil` names a Worker's file (`machine-worker`) and gives the code to put before it. */
export async function startSpoiltServer(spoil: Readonly<Record<string, string>>): Promise<SpoiltServer> {
  const spoilt = new Set<string>();
  const answer = async (path: string): Promise<{ readonly type: string; readonly body: string | Buffer }> => {
    const file = normalize(path === '/' ? '/index.html' : path);
    const body = await readFile(join('dist', file));
    const name = Object.keys(spoil).find((worker) => file.startsWith(`/assets/${worker}-`) && file.endsWith('.js'));
    if (name !== undefined) spoilt.add(name);
    return { type: TYPES[extname(file)] ?? 'application/octet-stream', body: name === undefined ? body : `${spoil[name] ?? ''};\n${body.toString('utf8')}` };
  };
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://localhost').pathname).then(
      ({ type, body }) => response.writeHead(200, { 'content-type': type }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
      const missed = Object.keys(spoil).filter((name) => !spoilt.has(name));
      if (missed.length > 0) throw new Error(`expected the page to load ${missed.join(', ')}`);
    },
  };
}
