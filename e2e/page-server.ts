import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** The built page at an address of its own. */
export interface PageServer {
  readonly address: string;
  close(): void;
}

export interface PageServerOptions {
  /** Where the page lies on its host, slashes at both ends; whatever is asked for outside is not there. */
  readonly folder?: string;
  /** Code to put before that of a Worker, by the name of its file (`machine-worker`). */
  readonly spoil?: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export async function startPageServer({ folder = '/', spoil = {} }: PageServerOptions): Promise<PageServer> {
  const spoilt = new Set<string>();
  const answer = async (path: string): Promise<{ readonly type: string; readonly body: string | Buffer }> => {
    if (!path.startsWith(folder)) throw new Error(`nothing lies at ${path}`);
    const file = normalize(path === folder ? '/index.html' : `/${path.slice(folder.length)}`);
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
    address: `http://localhost:${(server.address() as AddressInfo).port}${folder}`,
    close: () => {
      server.close();
      server.closeAllConnections();
      const missed = Object.keys(spoil).filter((name) => !spoilt.has(name));
      if (missed.length > 0) throw new Error(`expected the page to load ${missed.join(', ')}`);
    },
  };
}
