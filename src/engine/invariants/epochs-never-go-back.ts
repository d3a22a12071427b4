import { partitionKey, type Invariant } from './invariant.ts';

/** M9, M10, R7, Z2: controller epochs, leader epochs, zxids of one server and high watermarks of one leader only rise. */
export function epochsNeverGoBack(): Invariant {
  const highest = new Map<string, number>();
  const elections = new Map<string, { readonly controllerEpoch: number; readonly leaderEpoch: number }>();
  return {
    id: 'epochs-never-go-back',
    onTrace(record, ghosts) {
      const { event } = record;
      const breach = (detail: string): void => {
        ghosts.breaches.push({ invariant: 'epochs-never-go-back', at: record.id, detail });
      };
      const rises = (key: string, value: number, strictly: boolean): void => {
        const before = highest.get(key);
        if (before !== undefined && (strictly ? value <= before : value < before)) {
          breach(`${key} went from ${before} to ${value}`);
        }
        highest.set(key, value);
      };
      switch (event.type) {
        case 'ControllerElected':
          return rises('controller epoch', event.controllerEpoch, true);
        case 'LeaderElected': {
          // A controller may learn of its own write when it is long deposed: then it must be older than all of its successor's.
          const newest = elections.get(partitionKey(event));
          if (newest !== undefined && event.controllerEpoch < newest.controllerEpoch) {
            if (event.leaderEpoch > newest.leaderEpoch)
              breach(`leader epoch of ${partitionKey(event)} is ${event.leaderEpoch} by a controller before the one of ${newest.leaderEpoch}`);
            return;
          }
          elections.set(partitionKey(event), event);
          return rises(`leader epoch of ${partitionKey(event)}`, event.leaderEpoch, false);
        }
        case 'HighWatermarkAdvanced':
          if (event.role === 'leader')
            rises(
              `high watermark of ${partitionKey(event)} led by ${event.brokerId} in epoch ${event.leaderEpoch} since ${record.host}`,
              event.highWatermark,
              false,
            );
          return;
        case 'BecameLeader':
          // A restarted broker may lead the same epoch again from an older checkpoint of its high watermark.
          highest.delete(`high watermark of ${partitionKey(event)} led by ${event.brokerId} in epoch ${event.leaderEpoch} since ${record.host}`);
          return;
        case 'ProcessStarted':
          // A server that lost its page cache applies its log again from the start.
          highest.delete(`zxid applied by ${record.host}`);
          return;
        case 'ZooKeeperTransactionApplied':
          return rises(`zxid applied by ${record.host}`, event.zxid, true);
        default:
          return;
      }
    },
  };
}
