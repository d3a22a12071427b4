import { uuidToBase64 } from '../../log/partition-metadata.ts';
import { topicOf, type ClientMetadata } from '../shared/metadata.ts';

/** A topic as `kafka-topics --describe` prints it, from what the client knows; null when it knows no such topic. Topic configs are not in metadata, so that field stays empty. */
export function describeTopic(metadata: ClientMetadata, topic: string): string | null {
  const known = topicOf(metadata, topic);
  if (known === undefined || known.partitions.length === 0) return null;
  const lines = [
    `Topic: ${topic}\tTopicId: ${uuidToBase64(known.topicId)}\tPartitionCount: ${known.partitions.length}\tReplicationFactor: ${known.partitions[0]?.replicas.length ?? 0}\tConfigs: `,
  ];
  for (const part of known.partitions) {
    lines.push(
      `\tTopic: ${topic}\tPartition: ${part.partition}\tLeader: ${part.leader < 0 ? 'none' : part.leader}\tReplicas: ${part.replicas.join(',')}\tIsr: ${part.isr.join(',')}\tElr: N/A\tLastKnownElr: N/A`,
    );
  }
  return lines.join('\n');
}
