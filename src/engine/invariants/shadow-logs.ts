import type { BrokerTrace } from '../broker/trace.ts';

/** One batch of a replica's log as its appends told it. `crc` identifies the records (it covers all but offset and epoch). */
export interface ShadowBatch {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly leaderEpoch: number;
  readonly crc: number;
}

/** What each replica's log holds, rebuilt from the trace alone: appends, truncations, recoveries, deletions. */
export interface ShadowLogs {
  readonly replicas: Map<string, ShadowBatch[]>;
}

export function newShadowLogs(): ShadowLogs {
  return { replicas: new Map() };
}

export function replicaKey(brokerId: number, topic: string, partition: number): string {
  return `${brokerId}/${topic}-${partition}`;
}

export function shadowLog(logs: ShadowLogs, brokerId: number, topic: string, partition: number): readonly ShadowBatch[] {
  return logs.replicas.get(replicaKey(brokerId, topic, partition)) ?? [];
}

/** Applies one broker event; events that say nothing of a log are passed over. */
export function applyToShadowLogs(logs: ShadowLogs, event: BrokerTrace): void {
  switch (event.type) {
    case 'RecordsAppended': {
      const key = replicaKey(event.brokerId, event.topic, event.partition);
      const log = logs.replicas.get(key) ?? [];
      log.push({ baseOffset: event.baseOffset, endOffset: event.logEndOffset, leaderEpoch: event.leaderEpoch, crc: event.batchCrc });
      logs.replicas.set(key, log);
      return;
    }
    case 'LogTruncated':
      return cutShadowLog(logs, replicaKey(event.brokerId, event.topic, event.partition), event.to);
    case 'LogRecovered':
      return cutShadowLog(logs, replicaKey(event.brokerId, event.topic, event.partition), event.logEndOffset);
    case 'ReplicaStopped':
      if (event.deleted) logs.replicas.delete(replicaKey(event.brokerId, event.topic, event.partition));
      return;
    default:
      return;
  }
}

/** Drops what lies at or beyond `endOffset`. */
export function cutShadowLog(logs: ShadowLogs, key: string, endOffset: number): void {
  const log = logs.replicas.get(key);
  if (log === undefined) return;
  while (log.length > 0 && (log[log.length - 1]?.endOffset ?? 0) > endOffset) log.pop();
}

/** The batch that holds `offset`, by binary search. */
export function batchAt(log: readonly ShadowBatch[], offset: number): ShadowBatch | null {
  let low = 0;
  let high = log.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const batch = log[middle] as ShadowBatch;
    if (offset < batch.baseOffset) high = middle - 1;
    else if (offset >= batch.endOffset) low = middle + 1;
    else return batch;
  }
  return null;
}
