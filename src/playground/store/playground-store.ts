import { createStore, type StoreApi } from 'zustand/vanilla';
import { applyDelta } from '../../projection/apply-delta.ts';
import { EMPTY_VIEW, type View, type ViewDelta } from '../../projection/view.ts';
import type { LinkedMoment, SessionFailure, SessionStatus } from '../session/contract.ts';

/** What the page shows of a run, and what the reader chose to look at. */
export interface PlaygroundState {
  readonly view: View;
  readonly phase: 'loading' | 'playing' | 'paused' | 'failed';
  readonly status: SessionStatus | null;
  readonly failure: SessionFailure | null;
  /** Whether the moment of the link that was opened came out equal; null when no link said. */
  readonly linkedMoment: LinkedMoment | null;
  readonly preferences: Preferences;
  readonly look: Look;
}

export interface Preferences {
  readonly language: 'en' | 'ko';
  readonly theme: 'dark' | 'light';
}

/** Where the reader looks. */
export interface Look {
  /** The partition in focus, when somebody chose one; else the first there is. */
  readonly chosenPartition: string | null;
  readonly selected: Selected | null;
  readonly tab: PanelTab;
  /** The menu that is open, with the element it belongs to. */
  readonly menu: OpenMenu | null;
  readonly dialog: DialogName | null;
  /** On a phone one part is shown at a time. */
  readonly phonePart: 'stage' | PanelTab;
  readonly timelineZoom: number;
  /** On a page too narrow for the panel beside the stage, whether it lies over it. */
  readonly panelOpen: boolean;
}

export type PanelTab = 'lens' | 'details' | 'events' | 'configs';
export type DialogName = 'createTopic' | 'addProducer' | 'addConsumer' | 'addBroker' | 'produce' | 'scenarios' | 'topicSettings' | 'deleteRecords';

/** A thing on the stage. */
export type Selected =
  | { readonly kind: 'machine'; readonly host: string }
  | { readonly kind: 'link'; readonly a: string; readonly b: string }
  | { readonly kind: 'message'; readonly id: number };

export interface OpenMenu {
  readonly kind: 'machine' | 'link';
  readonly host: string;
  /** The other end, for a link. */
  readonly peer: string | null;
  /** Where it was opened, in pixels of the window. */
  readonly at: { readonly x: number; readonly y: number };
}

export type PlaygroundStore = StoreApi<PlaygroundState>;

const NOTHING_CHOSEN: Look = {
  chosenPartition: null,
  selected: null,
  tab: 'lens',
  menu: null,
  dialog: null,
  phonePart: 'stage',
  timelineZoom: 1,
  panelOpen: false,
};

export function createPlaygroundStore(preferences: Preferences): PlaygroundStore {
  return createStore<PlaygroundState>(() => ({
    view: EMPTY_VIEW,
    phase: 'loading',
    status: null,
    failure: null,
    linkedMoment: null,
    preferences,
    look: NOTHING_CHOSEN,
  }));
}

/** The only writer of the view. */
export function applyView(store: PlaygroundStore, delta: ViewDelta): void {
  store.setState((state) => ({ view: applyDelta(state.view, delta) }));
}

/** Begins anew: another run. */
export function forgetView(store: PlaygroundStore): void {
  store.setState((state) => ({
    view: EMPTY_VIEW,
    failure: null,
    linkedMoment: null,
    look: { ...NOTHING_CHOSEN, tab: state.look.tab, timelineZoom: state.look.timelineZoom },
  }));
}

export function changeLook(store: PlaygroundStore, change: Partial<Look>): void {
  store.setState((state) => ({ look: { ...state.look, ...change } }));
}

export function changePreferences(store: PlaygroundStore, change: Partial<Preferences>): void {
  store.setState((state) => ({ preferences: { ...state.preferences, ...change } }));
}
