import { mapValues } from '../../kernel/persistent-map.ts';
import type { Scope } from '../../kernel/scope.ts';
import type { SystemEffect } from '../../kernel/system.ts';
import type { WireMessage } from '../../protocol/wire.ts';
import type { ClientTrace } from '../trace.ts';
import { partitionOf, type ClientMetadata } from './metadata.ts';

/** Tells which leaders a client has come to believe in; nothing when nothing changed. */
export function traceMetadata(scope: Scope<SystemEffect<WireMessage, ClientTrace>>, client: string, before: ClientMetadata, after: ClientMetadata): void {
  const partitions: { topic: string; partition: number; leader: number; leaderEpoch: number }[] = [];
  for (const topic of mapValues(after.topics)) {
    for (const part of topic.partitions) {
      const known = partitionOf(before, topic.name, part.partition);
      if (known === undefined || known.leader !== part.leader || known.leaderEpoch !== part.leaderEpoch)
        partitions.push({ topic: topic.name, partition: part.partition, leader: part.leader, leaderEpoch: part.leaderEpoch });
    }
  }
  if (partitions.length > 0) scope.effects.push({ type: 'trace', event: { type: 'MetadataUpdated', client, partitions } });
}
