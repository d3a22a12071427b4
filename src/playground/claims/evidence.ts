import type { Ghosts } from '../../engine/invariants/invariant.ts';
import type { Claim } from '../../engine/world/claim.ts';
import type { World } from '../../engine/world/world-state.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import type { Refusal } from '../../host/in-process/player.ts';
import type { PartitionView, ReplicaView, TraceEvent, View } from '../../projection/view.ts';

/** All that a claim may be judged by, at one instant of a run. */
export interface Evidence {
  readonly world: World;
  readonly view: View;
  /** The view at an earlier instant that a claim of this scenario names (see `momentsOf`). */
  readonly viewAt: (ms: number) => View;
  /** Events of the types that claims look at (see `eventsOf`), from the start, all before this instant. */
  readonly trace: readonly TraceRecord[];
  readonly ghosts: Pick<Ghosts, 'breaches' | 'losses' | 'cleanedBelow'>;
  readonly refusals: readonly Refusal[];
}

/** The instants at which a claim looks at state. */
export function momentsOf(claim: Claim): readonly number[] {
  return claim.type === 'highWatermarkUnchanged' ? [claim.fromMs, claim.atMs] : [claim.atMs];
}

type EventType = TraceEvent['type'];

/** The event types that a claim looks at. */
export function eventsOf(claim: Claim): readonly string[] {
  switch (claim.type) {
    case 'traceCount':
      return [claim.event];
    case 'inOrder':
      return claim.events.map((one) => one.event);
    case 'refused':
      return ['RequestRefused', 'RecordsFailed', 'FetchFailed', 'CommandRefused'] satisfies EventType[];
    case 'commandRefused':
      return ['CommandRefused'] satisfies EventType[];
    case 'acknowledged':
    case 'recordLost':
    case 'noAcknowledgedRecordLost':
      return ['RecordsAcknowledged'] satisfies EventType[];
    case 'highWatermarkUnchanged':
      return ['HighWatermarkAdvanced'] satisfies EventType[];
    default:
      return [];
  }
}

export function keyOf(claim: { readonly topic: string; readonly partition: number }): string {
  return `${claim.topic}-${claim.partition}`;
}

export function partitionOf(view: View, claim: { readonly topic: string; readonly partition: number }): PartitionView | undefined {
  return view.partitions.find((part) => part.key === keyOf(claim));
}

export function replicaOf(view: View, brokerId: number, key: string): ReplicaView | undefined {
  return view.brokers.find((broker) => broker.brokerId === brokerId)?.replicas.find((replica) => replica.key === key);
}

/** Events of one type within a claim's span. */
export function eventsWithin<Type extends EventType>(
  evidence: Evidence,
  span: { readonly sinceMs?: number; readonly atMs: number },
  type: Type,
): Extract<TraceEvent, { type: Type }>[] {
  return recordsWithin(evidence, span).flatMap(({ event }) => (event.type === type ? [event as Extract<TraceEvent, { type: Type }>] : []));
}

export function recordsWithin(evidence: Evidence, span: { readonly sinceMs?: number; readonly atMs: number }): readonly TraceRecord[] {
  const fromUs = (span.sinceMs ?? 0) * 1000;
  const toUs = span.atMs * 1000;
  return evidence.trace.filter(({ id }) => id.atUs >= fromUs && id.atUs < toUs);
}
