import type { Invariant } from './invariant.ts';

/** Z1, Z2: servers agree on every committed zxid, and an epoch has one established leader. */
export function zooKeeperAgreement(): Invariant {
  const digests = new Map<number, { digest: number; server: number }>();
  const leaders = new Map<number, number>();
  return {
    id: 'zookeeper-agreement',
    onTrace(record, ghosts) {
      const { event } = record;
      const fail = (detail: string): void => {
        ghosts.breaches.push({ invariant: 'zookeeper-agreement', at: record.id, detail });
      };
      if (event.type === 'ZooKeeperTransactionApplied') {
        const known = digests.get(event.zxid);
        if (known === undefined) digests.set(event.zxid, { digest: event.digest, server: event.server });
        else if (known.digest !== event.digest)
          fail(`servers ${known.server} and ${event.server} applied different transactions as zxid 0x${event.zxid.toString(16)}`);
      }
      if (event.type === 'ZooKeeperLeaderEstablished') {
        const known = leaders.get(event.epoch);
        if (known !== undefined && known !== event.server) fail(`servers ${known} and ${event.server} both lead ZooKeeper epoch ${event.epoch}`);
        leaders.set(event.epoch, event.server);
      }
    },
  };
}
