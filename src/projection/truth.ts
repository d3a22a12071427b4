import { mapGet, mapKeys, type PersistentMap } from '../engine/kernel/persistent-map.ts';
import { decodeController, decodeLeaderAndIsr, decodeTopic } from '../engine/controller/znodes.ts';
import type { World } from '../engine/world/world-state.ts';
import type { Znode, ZnodeTree } from '../engine/zookeeper/znode-tree.ts';
import type { ZooKeeperState } from '../engine/zookeeper/state.ts';
import type { PartitionView, TopicView, TruthView } from './view.ts';

/** The committed tree: the leader's, else that of the running server which is furthest; null when none runs. */
export function committedTree(world: World): ZnodeTree | null {
  let best: ZooKeeperState | null = null;
  for (const runner of world.runners) {
    const process = runner.state.process.state;
    if (process?.kind !== 'zooKeeper') continue;
    if (process.state.leading?.stage === 'broadcast') return process.state.tree;
    if (best === null || process.state.tree.lastZxid > best.tree.lastZxid) best = process.state;
  }
  return best?.tree ?? null;
}

const TOPICS = '/brokers/topics';

function dataAt(nodes: PersistentMap<Znode>, path: string): Znode | null {
  return mapGet(nodes, path) ?? null;
}

function childrenAt(nodes: PersistentMap<Znode>, path: string): readonly string[] {
  const node = mapGet(nodes, path);
  return node === undefined ? [] : mapKeys(node.children);
}

export function truthOf(tree: ZnodeTree | null): TruthView {
  if (tree === null) return { known: false, controller: null, controllerEpoch: 0, liveBrokers: [] };
  const { nodes } = tree;
  const controller = dataAt(nodes, '/controller');
  return {
    known: true,
    controller: controller === null ? null : decodeController(controller.data),
    controllerEpoch: Number(dataAt(nodes, '/controller_epoch')?.data ?? '0'),
    liveBrokers: childrenAt(nodes, '/brokers/ids')
      .map(Number)
      .sort((a, b) => a - b),
  };
}

export interface TruthOfTopics {
  readonly topics: readonly TopicView[];
  readonly partitions: readonly PartitionView[];
}

/** Topics in order of their creation, with what the state znodes say of each partition. */
export function topicsOf(tree: ZnodeTree | null): TruthOfTopics {
  if (tree === null) return { topics: [], partitions: [] };
  const { nodes } = tree;
  const names = childrenAt(nodes, TOPICS).toSorted((a, b) => (dataAt(nodes, `${TOPICS}/${a}`)?.czxid ?? 0) - (dataAt(nodes, `${TOPICS}/${b}`)?.czxid ?? 0));
  const topics: TopicView[] = [];
  const partitions: PartitionView[] = [];
  for (const topic of names) {
    const assignment = decodeTopic(topic, dataAt(nodes, `${TOPICS}/${topic}`)?.data ?? '');
    if (assignment === null) continue;
    topics.push({ topic, partitionCount: assignment.partitions.length, internal: topic.startsWith('__'), configs: configsOf(nodes, topic) });
    assignment.partitions.forEach(({ replicas, adding, removing }, partition) => {
      const node = dataAt(nodes, `${TOPICS}/${topic}/partitions/${partition}/state`);
      const state = node === null ? null : decodeLeaderAndIsr(node.data);
      partitions.push({
        key: `${topic}-${partition}`,
        topic,
        partition,
        replicas,
        adding,
        removing,
        leader: state?.leader ?? null,
        leaderEpoch: state?.leaderEpoch ?? 0,
        isr: state?.isr ?? [],
        partitionEpoch: node?.version ?? 0,
      });
    });
  }
  return { topics, partitions };
}

function configsOf(nodes: PersistentMap<Znode>, topic: string): Readonly<Record<string, string>> {
  const node = dataAt(nodes, `/config/topics/${topic}`);
  return node === null ? {} : ((JSON.parse(node.data) as { config?: Record<string, string> }).config ?? {});
}
