import type { Command } from '../../engine/world/command.ts';
import type { BrokerView, ProcessView, View } from '../../projection/view.ts';
import { isCut } from '../../playground/store/selectors.ts';

export type MachineActionId = 'stop' | 'kill' | 'pause' | 'resume' | 'powerOff' | 'start' | 'isolate' | 'rejoin' | DiskActionId;
type DiskActionId = 'tearPages' | 'fillDisk' | 'freeDisk' | 'failDisk' | 'healDisk' | 'slowDisk' | 'speedDisk';

/** How much slower a disk gets by one press. */
const SLOW_FACTOR = 20;

export interface MachineAction {
  readonly id: MachineActionId;
  /** The log dir that it is about, on a broker with several. */
  readonly dir?: string;
  readonly commands: readonly Command[];
}

/** What makes sense to do to a machine as it is now, with the commands that do it. */
export function machineActions(view: View, host: string): MachineAction[] {
  const process = processOf(view, host);
  if (process === null) return [];
  const actions: MachineAction[] = [];
  const add = (id: MachineActionId, type: 'stopProcess' | 'killProcess' | 'pauseProcess' | 'resumeProcess' | 'powerOff' | 'start'): void => {
    actions.push({ id, commands: [{ type, machine: host }] });
  };
  if (isDown(process)) add('start', 'start');
  else {
    if (process !== 'paused') add('stop', 'stopProcess');
    add('kill', 'killProcess');
    add(process === 'paused' ? 'resume' : 'pause', process === 'paused' ? 'resumeProcess' : 'pauseProcess');
  }
  if (process !== 'off') add('powerOff', 'powerOff');
  const peers = peersOf(view, host);
  const whole = peers.filter((peer) => !isCut(view.links, host, peer));
  const cut = peers.filter((peer) => isCut(view.links, host, peer));
  if (whole.length > 0) actions.push({ id: 'isolate', commands: whole.map((peer) => ({ type: 'cutLink', from: host, to: peer })) });
  if (cut.length > 0) actions.push({ id: 'rejoin', commands: cut.map((peer) => ({ type: 'healLink', from: host, to: peer })) });
  return [...actions, ...diskActions(view, host)];
}

/** What can be done to the disk of a broker. A page rots where its bytes are shown, in the files. */
function diskActions(view: View, host: string): MachineAction[] {
  const broker = view.brokers.find((row) => row.host === host);
  if (broker === undefined) return [];
  const { faults } = broker.disk;
  const one = (id: DiskActionId, command: Command): MachineAction => ({ id, commands: [command] });
  return [
    ...(broker.process === 'off' ? [] : [one('tearPages', { type: 'powerOff', machine: host, tornPages: true })]),
    (faults?.freeBytes ?? null) === null ? one('fillDisk', { type: 'fillDisk', machine: host }) : one('freeDisk', { type: 'freeDisk', machine: host }),
    ...failures(broker),
    (faults?.slowFactor ?? 1) === 1
      ? one('slowDisk', { type: 'slowDisk', machine: host, factor: SLOW_FACTOR })
      : one('speedDisk', { type: 'slowDisk', machine: host, factor: 1 }),
  ];
}

/** The disk fails or is healed; on a broker with several log dirs each of them does. */
function failures({ host, logDirs, disk }: BrokerView): MachineAction[] {
  const failedDirs = disk.faults?.failedDirs ?? [];
  if (logDirs.length < 2) {
    const type = failedDirs.includes('') ? 'healDisk' : 'failDisk';
    return [{ id: type, commands: [{ type, machine: host }] }];
  }
  return logDirs.map((dir) => {
    const type = failedDirs.includes(dir.replace(/^\/+/, '')) ? 'healDisk' : 'failDisk';
    return { id: type, commands: [{ type, machine: host, dir }], dir };
  });
}

/** Names the button of an action: `Break the disk`, and of which log dir. */
export function actionText(words: { readonly menu: Readonly<Record<MachineActionId, string>> }, action: MachineAction): string {
  return action.dir === undefined ? words.menu[action.id] : `${words.menu[action.id]} ${action.dir}`;
}

function isDown(process: ProcessView): boolean {
  return process === 'killed' || process === 'stopped' || process === 'off';
}

export function processOf(view: View, host: string): ProcessView | null {
  const all = [...view.brokers, ...view.ensemble.servers, ...view.producers, ...view.consumers, ...view.admins];
  return all.find((row) => row.host === host)?.process ?? null;
}

/** Brokers and ZooKeeper servers have something on their disks; clients have not. */
export function keepsFiles(view: Pick<View, 'brokers' | 'ensemble'>, host: string): boolean {
  return view.brokers.some((row) => row.host === host) || view.ensemble.servers.some((row) => row.host === host);
}

/** The machines that this one speaks with: clients speak with brokers, brokers with all but the admin, servers with servers and brokers. */
export function peersOf(view: View, host: string): string[] {
  const brokers = view.brokers.map((row) => row.host);
  const servers = view.ensemble.servers.map((row) => row.host);
  const clients = [...view.producers, ...view.consumers].map((row) => row.host);
  const isServer = servers.includes(host);
  const peers = brokers.includes(host) ? [...servers, ...brokers, ...clients] : isServer ? [...servers, ...brokers] : brokers;
  return peers.filter((peer) => peer !== host);
}
