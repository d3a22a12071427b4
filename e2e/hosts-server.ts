import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'vite';

/** An empty page with the hosts' code beside it, at an address of its own: what Chromium and Firefox play the runs in. */
export interface HostsServer {
  readonly address: string;
  close(): void;
}

const SCRIPTS: Readonly<Record<string, string>> = {
  '/hosts-page.js': 'e2e/hosts-page.ts',
  '/machine-worker.js': 'src/playground/workers/machine-worker.ts',
  '/history-worker.js': 'src/playground/workers/history-worker.ts',
};

export async function startHostsServer(): Promise<HostsServer> {
  const scripts = new Map<string, string>();
  for (const [path, entry] of Object.entries(SCRIPTS)) for (const [at, code] of await bundle(path, entry)) scripts.set(at, code);
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '');
    if (script !== undefined) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
    return response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        '<!doctype html><meta charset="utf-8"><title>Hosts</title><script type="module">import * as hosts from "/hosts-page.js"; globalThis.highwaterHosts = hosts;</script>',
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://localhost:${portOf(server)}/`, close: () => server.close() };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** The file and what it imports, as modules: itself at `path`, pieces that are loaded later beside it. */
async function bundle(path: string, entry: string): Promise<readonly (readonly [string, string])[]> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    build: { write: false, target: 'es2022', lib: { entry, formats: ['es'], fileName: 'entry' } },
  });
  const modules: (readonly [string, string])[] = [];
  for (const output of Array.isArray(built) ? built : [built]) {
    if (!('output' in output)) continue;
    for (const chunk of output.output) if (chunk.type === 'chunk') modules.push([chunk.isEntry ? path : `/${chunk.fileName}`, chunk.code]);
  }
  return modules;
}
