import type { FromRunWorker, ToRunWorker } from './messages.ts';
import { serveRun } from './serve-run.ts';
import { portOf, type MessageEnd } from './worker-port.ts';

/** Entry of the Worker that drives a run: conductor, journal, and the Workers of history and machines. */
const scope = self as unknown as MessageEnd & { close(): void };
serveRun(portOf<FromRunWorker, ToRunWorker>(scope, () => scope.close()));
