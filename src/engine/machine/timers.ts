import { EVENT_CLASS, type MachineEvent, type MachineInput, type MachineState, type ProcessSlot, type TimerState } from './contract.ts';
import { nextSequence, type Draft } from './draft.ts';

export type TimerInput = Extract<MachineInput, { type: 'processTimer' }>;
type TimerName = Pick<TimerState, 'owner' | 'name'>;

/**
 * A process's timers. Most of them are deadlines that are set and cancelled with every request and hardly ever reached, so a timer
 * keeps at most one event in the heap: one that comes too early looks when the timer stands now and goes there.
 */
function indexOfTimer(timers: readonly TimerState[], timer: TimerName): number {
  for (let i = 0; i < timers.length; i++) {
    const other = timers[i] as TimerState;
    if (other.name === timer.name && other.owner === timer.owner) return i;
  }
  return -1;
}

export function setTimer(draft: Draft, timer: TimerName & { readonly atUs: number }): void {
  const { process } = draft.state;
  const { owner, name } = timer;
  const atUs = Math.max(draft.nowUs, timer.atUs);
  const at = indexOfTimer(process.timers, timer);
  const known = process.timers[at];
  if (known?.atUs === atUs) return;
  const generation = nextSequence(draft);
  if (known === undefined || known.armed.atUs > atUs) {
    const armed = { atUs, generation };
    draft.effects.push({ type: 'schedule', event: timerEvent(draft.environment.spec.rank, process, { owner, name, generation, atUs, armed }) });
    putTimer(draft, at, { owner, name, generation, atUs, armed });
  } else putTimer(draft, at, { owner, name, generation, atUs, armed: known.armed });
}

function putTimer(draft: Draft, at: number, timer: TimerState): void {
  const timers = draft.state.process.timers.slice();
  timers[at < 0 ? timers.length : at] = timer;
  draft.state.process.timers = timers;
}

export function cancelTimer(draft: Draft, timer: TimerName): void {
  const { timers } = draft.state.process;
  const at = indexOfTimer(timers, timer);
  const known = timers[at];
  if (known === undefined || known.atUs === Infinity) return;
  putTimer(draft, at, { owner: known.owner, name: known.name, generation: known.generation, atUs: Infinity, armed: known.armed });
}

function timerEvent(rank: number, process: Pick<ProcessSlot, 'incarnation'>, timer: TimerState): MachineEvent {
  const { owner, name, generation, atUs } = timer;
  const input: TimerInput = { type: 'processTimer', owner, name, generation, incarnation: process.incarnation };
  return { atUs, class: EVENT_CLASS.timer, source: rank, sequence: generation, input };
}

/** The timer whose event this is, or null: its process is gone, or another event stands for it since. */
function timerOf(state: MachineState, input: TimerInput): TimerState | null {
  if (state.power === 'off' || input.incarnation !== state.process.incarnation) return null;
  const known = state.process.timers[indexOfTimer(state.process.timers, input)];
  return known !== undefined && known.armed.generation === input.generation ? known : null;
}

/** Whether the process is to hear of this event, rather than the timer having been set anew or cancelled since. */
export function isDue(state: MachineState, input: TimerInput): boolean {
  const known = timerOf(state, input);
  return known !== null && known.generation === input.generation && known.atUs !== Infinity;
}

/** An event that came before its timer: what stands in the heap for it next, and the timers then. Null when nothing changes. */
export function rearm(
  state: MachineState,
  input: TimerInput,
  rank: number,
): { readonly timers: readonly TimerState[]; readonly event: MachineEvent | null } | null {
  const known = timerOf(state, input);
  if (known === null) return null;
  const timers = state.process.timers.slice();
  const at = timers.indexOf(known);
  if (known.atUs === Infinity) {
    timers.splice(at, 1);
    return { timers, event: null };
  }
  const { owner, name, generation, atUs } = known;
  const next: TimerState = { owner, name, generation, atUs, armed: { atUs, generation } };
  timers[at] = next;
  return { timers, event: timerEvent(rank, state.process, next) };
}

/** The timer is over; it may be set again from here on. */
export function takeTimer(draft: Draft, input: TimerInput): void {
  const timers = draft.state.process.timers.slice();
  timers.splice(indexOfTimer(timers, input), 1);
  draft.state.process.timers = timers;
}
