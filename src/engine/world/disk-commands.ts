import { namesOf, resolveLogDirs } from '../broker/logs/log-dirs.ts';
import { unreachable } from '../kernel/assert.ts';
import { mapGet } from '../kernel/persistent-map.ts';
import { rottableEnd } from '../machine/bit-rot.ts';
import type { DiskCommand as MachineDiskCommand, DiskState } from '../machine/contract.ts';
import type { ProcessSpec } from '../machine/process-kinds.ts';
import { PAGE_BYTES } from '../machine/page-ranges.ts';
import type { DiskCommand } from './command.ts';
import { runnerOf, type World } from './world-state.ts';

/** Why a command on a disk makes no sense at this moment, in a plain sentence; null when it does. */
export function checkDiskCommand(world: World, command: DiskCommand): string | null {
  const { machine } = command;
  const runner = runnerOf(world, machine);
  if (runner === undefined) return `There is no machine named ${machine}.`;
  const { kind } = runner.environment.spec.process;
  if (kind !== 'kafka' && kind !== 'zooKeeper') return `${machine} keeps nothing on a disk.`;
  const { disk } = runner.state;
  const { faults } = disk;
  switch (command.type) {
    case 'fillDisk':
      return command.freeBytes === undefined || command.freeBytes >= 0 ? null : `A disk has 0 bytes free or more, got ${command.freeBytes}.`;
    case 'freeDisk':
      return (faults?.freeBytes ?? null) === null ? `The disk of ${machine} has room enough.` : null;
    case 'failDisk':
    case 'healDisk':
      return checkFailure(runner.environment.spec.process, faults?.failedDirs ?? [], command);
    case 'slowDisk':
      return command.factor >= 1 ? null : `A disk is made slower by a factor of 1 or more, got ${command.factor}.`;
    case 'corruptPage':
      return checkPage(disk, command);
    default:
      return unreachable(command);
  }
}

function checkFailure(process: ProcessSpec, failedDirs: readonly string[], command: Extract<DiskCommand, { type: 'failDisk' | 'healDisk' }>): string | null {
  const { machine, dir } = command;
  const dirs = process.kind === 'kafka' ? resolveLogDirs(process.config.configs) : [];
  if (dir !== undefined && (dirs.length < 2 || !dirs.some((one) => one.prefix === `${folderOf(command)}/`)))
    return `${machine} has no log directory ${dir}; ${dirs.length === 0 ? 'it has none' : `it has ${namesOf(dirs)}`}.`;
  const fails = failedDirs.includes(folderOf(command));
  if (command.type === 'failDisk') return fails ? `${diskName(command)} fails already.` : null;
  return fails ? null : `${diskName(command)} is sound.`;
}

/** The folder on the machine's disk that a log directory is; all of it without one. */
function folderOf({ dir }: { readonly dir?: string }): string {
  return (dir ?? '').replace(/^\/+|\/+$/g, '');
}

function diskName(command: { readonly machine: string; readonly dir?: string }): string {
  return command.dir === undefined ? `The disk of ${command.machine}` : `The disk under ${command.dir} of ${command.machine}`;
}

function checkPage(disk: DiskState, command: Extract<DiskCommand, { type: 'corruptPage' }>): string | null {
  const { machine, path, page, byte } = command;
  const file = mapGet(disk.cache, path);
  if (file === undefined) return `${machine} has no file ${path}.`;
  const pageCount = Math.ceil(file.dataEnd / PAGE_BYTES);
  if (page < 0 || page >= pageCount) return `${path} has ${pageCount} ${pageCount === 1 ? 'page' : 'pages'} of data: there is no page ${page}.`;
  const end = rottableEnd(disk, path, page);
  if (end === null) return `Page ${page} of ${path} is dirty: write-back would put it right again. Only what is on the device can rot.`;
  if (byte === undefined || (byte >= 0 && page * PAGE_BYTES + byte < end)) return null;
  return `Page ${page} of ${path} holds ${end - page * PAGE_BYTES} bytes: there is no byte ${byte}.`;
}

/** What the command means for the machine. */
export function diskCommandOf(command: DiskCommand): MachineDiskCommand {
  switch (command.type) {
    case 'fillDisk':
      return { type: 'fillDisk', freeBytes: command.freeBytes ?? 0 };
    case 'freeDisk':
      return { type: 'fillDisk', freeBytes: null };
    case 'failDisk':
      return { type: 'failDisk', dir: folderOf(command), fails: true };
    case 'healDisk':
      return { type: 'failDisk', dir: folderOf(command), fails: false };
    case 'slowDisk':
      return { type: 'slowDisk', factor: command.factor };
    case 'corruptPage':
      return { type: 'corruptPage', path: command.path, page: command.page, byte: command.byte ?? null };
    default:
      return unreachable(command);
  }
}
