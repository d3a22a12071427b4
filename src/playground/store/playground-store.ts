import { createStore, type StoreApi } from 'zustand/vanilla';
import { applyDelta } from '../../projection/apply-delta.ts';
import type { FilesView } from '../../projection/disk/files-view.ts';
import { EMPTY_VIEW, type View, type ViewDelta } from '../../projection/view.ts';
import type { LinkedMoment, SessionFailure, SessionStatus } from '../session/contract.ts';

/** What the page shows of a run, and what the reader chose to look at. */
export interface PlaygroundState {
  readonly view: View;
  /** The disk that an open Files panel looks at; null before the first answer. */
  readonly files: FilesView | null;
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
  /** The Files panel, when it is open: a machine's disk, and the file and place in it that is read. */
  readonly files: FilesLook | null;
}

/** Where the Files panel looks; `dropped` is a file from outside instead of a machine's. */
export interface FilesLook {
  readonly host: string;
  readonly path: string | null;
  readonly from: number;
  readonly dropped: DroppedFile | null;
}

export interface DroppedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type PanelTab = 'lens' | 'details' | 'events' | 'configs';
export type DialogName =
  'createTopic' | 'addProducer' | 'addConsumer' | 'addBroker' | 'produce' | 'scenarios' | 'topicSettings' | 'deleteRecords' | 'compareCodecs';

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
  files: null,
};

export function createPlaygroundStore(preferences: Preferences): PlaygroundStore {
  return createStore<PlaygroundState>(() => ({
    view: EMPTY_VIEW,
    files: null,
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
    files: null,
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
