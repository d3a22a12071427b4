import type { BrokerView, PartitionView, ProcessView, View } from '../../projection/view.ts';
import type { PlaygroundState } from './playground-store.ts';

/** Selectors build nothing: each gives something that already is in the state, so equal news causes no work. */

export function focusKey(state: PlaygroundState): string | null {
  const { partitions } = state.view;
  const chosen = state.look.chosenPartition;
  if (chosen !== null && partitions.some((partition) => partition.key === chosen)) return chosen;
  return partitions.find((partition) => !partition.topic.startsWith('__'))?.key ?? partitions[0]?.key ?? null;
}

export function focusPartition(state: PlaygroundState): PartitionView | null {
  const key = focusKey(state);
  return state.view.partitions.find((partition) => partition.key === key) ?? null;
}

/** It leads and follows. One that was told to stop still does, until it has handed over what it leads. */
export function isAtWork(process: ProcessView): boolean {
  return process === 'running' || process === 'stopping';
}

export function brokerByHost(view: View, host: string): BrokerView | null {
  return view.brokers.find((broker) => broker.host === host) ?? null;
}

/** True when at least one direction of the cable between two machines is cut. */
export function isCut(links: View['links'], a: string, b: string): boolean {
  return links.some((link) => link.cut !== 'no' && ((link.a === a && link.b === b) || (link.a === b && link.b === a)));
}

export function linkBetween(view: View, a: string, b: string): View['links'][number] | null {
  return view.links.find((link) => (link.a === a && link.b === b) || (link.a === b && link.b === a)) ?? null;
}
