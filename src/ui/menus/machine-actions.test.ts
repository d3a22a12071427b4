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

describe('what can be done to a machine', () => {
  test('[R1] only what makes sense now', () => {
    expect(ids(withProcess('running'), 'b2')).toEqual(['stop', 'kill', 'pause', 'powerOff', 'isolate']);
    expect(ids(withProcess('paused'), 'b2')).toEqual(['kill', 'resume', 'powerOff', 'isolate']);
    expect(ids(withProcess('killed'), 'b2')).toEqual(['start', 'powerOff', 'isolate']);
    expect(ids(withProcess('off'), 'b2')).toEqual(['start', 'isolate']);
    expect(ids(VIEW, 'nobody')).toEqual([]);
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
