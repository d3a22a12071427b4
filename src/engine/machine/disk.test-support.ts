import { required } from '../kernel/assert.ts';
import { mapEntries, mapGet, emptyMap } from '../kernel/persistent-map.ts';
import type { DiskEffect } from '../kernel/system.ts';
import type { DiskState, LinkSettings, MachineEffect, MachineProfile, TraceRecord } from './contract.ts';
import { performDiskEffect } from './disk.ts';
import { missingBytes, storedContent } from './disk-state.ts';
import { beginDraft, endDraft, type Draft } from './draft.ts';
import { stepMachine } from './machine.ts';
import { acceptEvent, newRunner, nextEventUs, runEvent, newOutput, type DeviceChange, type Runner } from './runner.ts';

const LINK: LinkSettings = { latencyUs: 1000, jitterUs: 0, lossPerMillion: 0, bytesPerSecond: 1_000_000_000 };

/** A megabyte a second, a seek of 10 ms: numbers that are easy to reckon with. */
export const TEST_DISK_PROFILE: MachineProfile = {
  processStartUs: 1000,
  loopbackUs: 10,
  restartDelayUs: 5_000_000,
  tcpRetransmitUs: 200_000,
  tcpGreatestRetransmitUs: 800_000,
  tcpUserTimeoutUs: 10_000_000,
  deviceFlushUs: 500,
  deviceBytesPerSecond: 1_000_000,
  deviceSeekUs: 10_000,
  dirtyWritebackCentisecs: 100,
  dirtyExpireCentisecs: 300,
  dirtyBackgroundBytes: 20_000,
  dirtyBackgroundRatio: 0,
  dirtyBytes: 40_000,
  dirtyRatio: 0,
  memoryBytes: 0,
  readAheadKb: 32,
};

/** The disk of one machine by itself: operations of no process, time that passes, a power cut. */
export class TestMachineDisk {
  readonly runner: Runner;
  readonly changes: DeviceChange[] = [];
  readonly traces: TraceRecord[] = [];
  /** Operations of flushes that are done. */
  readonly flushed: number[] = [];
  nowUs = 0;
  private commandCount = 0;

  constructor(seed = 1, profile: MachineProfile = TEST_DISK_PROFILE) {
    const links = { zookeeperToZookeeper: LINK, brokerToZookeeper: LINK, brokerToBroker: LINK, clientToBroker: LINK };
    const surroundings = { ranks: emptyMap<number>(), hosts: ['a'], kinds: ['broker' as const], links };
    const process = {
      kind: 'zooKeeper',
      config: { myid: 1, servers: [], tickTime: 1, initLimit: 1, syncLimit: 1, finalizeWaitMs: 1, minNotificationMs: 1, maxNotificationMs: 1 },
    } as const;
    this.runner = newRunner({ spec: { rank: 0, host: 'a', process, profile }, seed, epochMs: 0, surroundings });
    this.runner.state = { ...this.runner.state, power: 'on' };
  }

  get disk(): DiskState {
    return this.runner.state.disk;
  }

  /** Performs operations in one step; returns how long what is sent behind them would wait. */
  perform(...effects: readonly DiskEffect[]): number {
    return this.step((draft) => {
      for (const effect of effects) performDiskEffect(draft, effect);
      return draft.stallUs;
    });
  }

  /** Anything inside one step of the machine. */
  step<T>(act: (draft: Draft) => T): T {
    const draft = beginDraft(this.runner.environment, this.runner.state, this.nowUs);
    const result = act(draft);
    this.runner.state = endDraft(draft);
    this.take(draft.effects);
    return result;
  }

  /** Lets the device do what is due until `untilUs`. */
  wait(untilUs: number): void {
    while (nextEventUs(this.runner) <= untilUs) {
      const output = newOutput();
      const event = required(this.runner.heap.items[0], 'an event');
      this.nowUs = event.atUs;
      runEvent(this.runner, output);
      if (event.input.type === 'flushDone') this.flushed.push(event.input.operation);
      this.changes.push(...output.deviceChanges);
      this.traces.push(...output.traces);
    }
    this.nowUs = Math.max(this.nowUs, untilUs);
  }

  /** Power off and, without any process, on again. */
  cutPower(cut: { readonly exactDevice?: number; readonly torn?: boolean } = {}): void {
    const command = { type: 'powerOff', exactDevice: cut.exactDevice ?? null, torn: cut.torn ?? false } as const;
    const step = stepMachine(this.runner.environment, this.runner.state, { type: 'command', command }, this.nowUs);
    this.runner.state = { ...step.state, power: 'on' };
    this.take(step.effects);
  }

  private take(effects: readonly MachineEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'schedule') acceptEvent(this.runner, { ...effect.event, sequence: this.commandCount++ });
      else if (effect.type === 'deviceChanged') this.changes.push(effect);
      else if (effect.type === 'trace') this.traces.push(effect.record);
    }
  }
}

/** The dirty bytes, reckoned from the files. */
export function reckonedDirtyBytes(disk: DiskState): number {
  let sum = 0;
  for (const [path] of mapEntries(disk.cache)) sum += missingBytes(mapGet(disk.cache, path), storedContent(disk, path));
  return sum;
}
