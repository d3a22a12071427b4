import type { BrokerId } from '../kernel/units.ts';

/** kafka.controller.ReplicaAssignment: `replicas` are all assigned ones, those that are being added and removed among them. */
export interface Assignment {
  readonly replicas: readonly BrokerId[];
  readonly adding: readonly BrokerId[];
  readonly removing: readonly BrokerId[];
}

export function assigned(replicas: readonly BrokerId[]): Assignment {
  return { replicas, adding: [], removing: [] };
}

export function isBeingReassigned(assignment: Assignment): boolean {
  return assignment.adding.length > 0 || assignment.removing.length > 0;
}

/** What it was before the reassignment under way. */
export function originReplicas({ replicas, adding }: Assignment): readonly BrokerId[] {
  return replicas.filter((id) => !adding.includes(id));
}

/** What it is to be when the reassignment under way is done. */
export function targetReplicas({ replicas, removing }: Assignment): readonly BrokerId[] {
  return replicas.filter((id) => !removing.includes(id));
}

/** The target's order, then the rest of the origin; whatever was being added before and is not wanted any more is gone from it. */
export function reassignTo(assignment: Assignment, target: readonly BrokerId[]): Assignment {
  const origin = originReplicas(assignment);
  const replicas = [...new Set([...target, ...origin])];
  return { replicas, adding: replicas.filter((id) => !origin.includes(id)), removing: replicas.filter((id) => !target.includes(id)) };
}

export function withoutReplica(assignment: Assignment, id: BrokerId): Assignment {
  const others = (list: readonly BrokerId[]): readonly BrokerId[] => list.filter((other) => other !== id);
  return { replicas: others(assignment.replicas), adding: others(assignment.adding), removing: others(assignment.removing) };
}

export function sameAssignment(a: Assignment, b: Assignment): boolean {
  return a.replicas.join() === b.replicas.join() && a.adding.join() === b.adding.join() && a.removing.join() === b.removing.join();
}
