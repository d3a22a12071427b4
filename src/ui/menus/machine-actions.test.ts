import { describe, expect, test } from 'vitest';
import { fixtureView } from '../../playground/session/fixture-view.ts';
import type { ProcessView, View } from '../../projection/view.ts';
import { machineActions, peersOf } from './machine-actions.ts';

const VIEW: View = { ...fixtureView('failover', 0), links: [] };

function withProcess(process: ProcessView): View {
  return { ...VIEW, brokers: VIEW.brokers.map((row) => (row.host === 'b2' ? { ...row, process } : row)) };
}

function ids(view: View, host: string): string[] {
  return machineActions(view, host).map((action) => action.id);
}

const DISK = ['fillDisk', 'failDisk', 'slowDisk'];

describe('what can be done to a machine', () => {
  test('[R1] only what makes sense now', () => {
    expect(ids(withProcess('running'), 'b2')).toEqual(['stop', 'kill', 'pause', 'powerOff', 'isolate', 'tearPages', ...DISK]);
    expect(ids(withProcess('paused'), 'b2')).toEqual(['kill', 'resume', 'powerOff', 'isolate', 'tearPages', ...DISK]);
    expect(ids(withProcess('killed'), 'b2')).toEqual(['start', 'powerOff', 'isolate', 'tearPages', ...DISK]);
    expect(ids(withProcess('off'), 'b2')).toEqual(['start', 'isolate', ...DISK]);
    expect(ids(VIEW, 'nobody')).toEqual([]);
  });

  test('[R1] a fault of a disk can be undone, one by one; servers of the ensemble have no such menu', () => {
    const faults = { freeBytes: 0, failedDirs: [''], slowFactor: 20 };
    const view: View = { ...VIEW, brokers: VIEW.brokers.map((row) => (row.host === 'b2' ? { ...row, disk: { ...row.disk, faults } } : row)) };
    expect(ids(view, 'b2').slice(-3)).toEqual(['freeDisk', 'healDisk', 'speedDisk']);
    expect(ids(VIEW, 'zk1')).not.toContain('fillDisk');
  });

  test('[R1] of several log dirs each can be broken, and healed', () => {
    const faults = { freeBytes: null, failedDirs: ['data-2'], slowFactor: 1 };
    const logDirs = ['/data-1', '/data-2'];
    const view: View = { ...VIEW, brokers: VIEW.brokers.map((row) => (row.host === 'b2' ? { ...row, logDirs, disk: { ...row.disk, faults } } : row)) };
    const commands = machineActions(view, 'b2').flatMap((action) => (action.dir === undefined ? [] : action.commands));
    expect(commands).toEqual([
      { type: 'failDisk', machine: 'b2', dir: '/data-1' },
      { type: 'healDisk', machine: 'b2', dir: '/data-2' },
    ]);
  });

  test('[R2] isolating cuts every cable that is whole; what is cut can be healed', () => {
    const view: View = { ...VIEW, links: [{ a: 'zk1', b: 'b2', cut: 'both', slow: false }] };
    const isolate = machineActions(view, 'b2').find((action) => action.id === 'isolate');
    expect(isolate?.commands).not.toContainEqual({ type: 'cutLink', from: 'b2', to: 'zk1' });
    expect(isolate?.commands).toHaveLength(peersOf(view, 'b2').length - 1);
    expect(machineActions(view, 'b2').find((action) => action.id === 'rejoin')?.commands).toEqual([{ type: 'healLink', from: 'b2', to: 'zk1' }]);
  });

  test('[R2] clients have cables to brokers only', () => {
    expect(peersOf(VIEW, 'producer-1')).toEqual(['b1', 'b2', 'b3']);
    expect(peersOf(VIEW, 'zk1')).toEqual(['zk2', 'zk3', 'b1', 'b2', 'b3']);
  });
});
