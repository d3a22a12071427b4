import { msToUs, type BrokerId } from '../kernel/units.ts';
import { allPartitions, CONTROLLER_OWNER, isBeingDeleted, isReplicaOnline, keyOf, runFirst, type ControlledPartition, type Work } from './state.ts';
import type { Task } from './steps.ts';

/** checkAndTriggerAutoLeaderRebalance: brokers that lead too few of the partitions they are preferred for. */
export function rebalance(work: Work): void {
  const { active, settings } = work.state;
  if (active === null) return;
  scheduleRebalance(work, settings.imbalanceCheckMs);
  const byPreferred = new Map<BrokerId, ControlledPartition[]>();
  for (const part of allPartitions(active)) {
    const [preferred] = part.replicas;
    if (preferred === undefined || isBeingDeleted(active, part.topic)) continue;
    const list = byPreferred.get(preferred);
    if (list === undefined) byPreferred.set(preferred, [part]);
    else list.push(part);
  }
  const tasks: Task[] = [];
  for (const [id, parts] of [...byPreferred].sort((a, b) => a[0] - b[0])) {
    const others = parts.filter((part) => part.leaderAndIsr !== null && part.leaderAndIsr.leader !== id);
    if (others.length * 100 <= settings.imbalancePercentage * parts.length) continue;
    const able = others.filter((part) => part.leaderAndIsr?.isr.includes(id) === true && isReplicaOnline(active, { key: keyOf(part), brokerId: id }));
    if (able.length > 0) tasks.push({ type: 'partitionsOnline', keys: able.map(keyOf), strategy: 'preferred', allowUnclean: false });
  }
  runFirst(work, tasks);
}

/** `auto.leader.rebalance.enable`: the next look at it. */
export function scheduleRebalance(work: Work, afterMs: number): void {
  if (!work.state.settings.autoRebalance) return;
  work.scope.effects.push({ type: 'setTimer', owner: CONTROLLER_OWNER, name: 'rebalance', atUs: work.scope.context.nowUs + msToUs(afterMs) });
}
