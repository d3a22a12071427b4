import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

/** What a program said until it ended. */
export interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end, or until its time is over (status null). */
export function runProgram(program: string, words: readonly string[], options: { readonly timeoutMs: number; readonly input?: string }): Ended {
  const { timeoutMs, input = '' } = options;
  const ended = spawnSync(program, words, { encoding: 'utf8', timeout: timeoutMs, killSignal: 'SIGKILL', input, maxBuffer: 1 << 28 });
  return {
    status: ended.status,
    out: ended.stdout ?? '',
    err: ended.error === undefined ? (ended.stderr ?? '') : `${ended.stderr ?? ''}\n${ended.error.message}`,
  };
}

/** A program that runs on its own, all that it says going to a file. */
export class Server {
  private readonly child: ChildProcess;
  readonly name: string;
  readonly logPath: string;

  private constructor(child: ChildProcess, name: string, logPath: string) {
    this.child = child;
    this.name = name;
    this.logPath = logPath;
  }

  static start(name: string, command: { readonly program: string; readonly words: readonly string[] }, logPath: string): Server {
    const log = openSync(logPath, 'w');
    const child = spawn(command.program, command.words, { stdio: ['ignore', log, log] });
    closeSync(log);
    return new Server(child, name, logPath);
  }

  get log(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until it says so, and gives up when it ends or when the time is over. */
  async said(pattern: RegExp, timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    while (!pattern.test(this.log)) {
      if (this.hasEnded) throw new Error(`${this.name} ended before it said ${pattern.source}:\n${lastLines(this.log)}`);
      if (performance.now() > untilMs) throw new Error(`${this.name} did not say ${pattern.source} in ${timeoutMs} ms:\n${lastLines(this.log)}`);
      await pause(100);
    }
  }

  /** SIGTERM, and SIGKILL when the time is over. True if it ended by itself. */
  async stop(timeoutMs: number): Promise<boolean> {
    const untilMs = performance.now() + timeoutMs;
    this.child.kill('SIGTERM');
    while (!this.hasEnded && performance.now() < untilMs) await pause(100);
    if (this.hasEnded) return true;
    this.kill();
    return false;
  }

  kill(): void {
    if (!this.hasEnded) this.child.kill('SIGKILL');
  }
}

function lastLines(text: string): string {
  return text.split('\n').slice(-15).join('\n');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
