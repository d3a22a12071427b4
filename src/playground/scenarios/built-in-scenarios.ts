import type { Scenario } from '../../engine/world/scenario.ts';
import { acks1LosesData } from './acks1-loses-data.ts';
import { compaction } from './compaction.ts';
import { firstLook } from './first-look.ts';
import { killTheLeader } from './kill-the-leader.ts';
import { minIsrRefusal } from './min-isr-refusal.ts';
import { oneDiskOfTwo } from './one-disk-of-two.ts';
import { zookeeperMajority } from './zookeeper-majority.ts';

/** Every scenario that comes with the page, in the order in which it offers them. Links name them, so a name once given stays. */
export const builtInScenarios: readonly Scenario[] = [firstLook, killTheLeader, acks1LosesData, zookeeperMajority, minIsrRefusal, compaction, oneDiskOfTwo];

export function builtInScenario(name: string): Scenario | undefined {
  return builtInScenarios.find((scenario) => scenario.name === name);
}
