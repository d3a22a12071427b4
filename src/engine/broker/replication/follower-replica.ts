import type { BrokerEpoch, BrokerId, EpochMs, Offset } from '../../kernel/units.ts';

/** Replica: what a leader knows of one follower, from the follower's fetches alone. */
export interface FollowerReplica {
  readonly brokerId: BrokerId;
  /** The offset it last asked for; -1 until it has fetched from this leader. */
  readonly logEndOffset: Offset;
  readonly logStartOffset: Offset;
  readonly lastFetchTimeMs: EpochMs;
  /** The leader's end at that fetch. */
  readonly lastFetchLeaderLogEndOffset: Offset;
  /** The latest time at which it had everything that the leader had then. */
  readonly lastCaughtUpTimeMs: EpochMs;
  readonly brokerEpoch: BrokerEpoch;
}

const UNKNOWN_OFFSET = -1;

/** A follower of which nothing is known yet. One in the ISR counts as caught up at the moment of the election, another one as never. */
export function newFollowerReplica(brokerId: BrokerId, lastCaughtUpTimeMs: EpochMs): FollowerReplica {
  return {
    brokerId,
    logEndOffset: UNKNOWN_OFFSET,
    logStartOffset: UNKNOWN_OFFSET,
    lastFetchTimeMs: 0,
    lastFetchLeaderLogEndOffset: UNKNOWN_OFFSET,
    lastCaughtUpTimeMs,
    brokerEpoch: -1,
  };
}

/** The same leader with a new epoch keeps what it knows of offsets (Replica.resetReplicaState). */
export function resetForNewEpoch(
  replica: FollowerReplica,
  epoch: { readonly nowMs: EpochMs; readonly inSync: boolean; readonly leaderEndOffset: Offset },
): FollowerReplica {
  const timeMs = epoch.inSync ? epoch.nowMs : 0;
  return { ...replica, lastFetchLeaderLogEndOffset: epoch.leaderEndOffset, lastFetchTimeMs: timeMs, lastCaughtUpTimeMs: timeMs };
}

export interface FollowerFetch {
  readonly fetchOffset: Offset;
  readonly logStartOffset: Offset;
  readonly timeMs: EpochMs;
  /** The leader's end when the fetch was read. */
  readonly leaderEndOffset: Offset;
  readonly brokerEpoch: BrokerEpoch;
}

/** Replica.updateFetchStateOrThrow. A fetch at the leader's end shows that it is caught up now; one at the end of its previous fetch, that it was then. */
export function updateFetchState(replica: FollowerReplica, fetch: FollowerFetch): FollowerReplica {
  let { lastCaughtUpTimeMs } = replica;
  if (fetch.fetchOffset >= fetch.leaderEndOffset) lastCaughtUpTimeMs = Math.max(lastCaughtUpTimeMs, fetch.timeMs);
  else if (fetch.fetchOffset >= replica.lastFetchLeaderLogEndOffset) lastCaughtUpTimeMs = Math.max(lastCaughtUpTimeMs, replica.lastFetchTimeMs);
  return {
    brokerId: replica.brokerId,
    logEndOffset: fetch.fetchOffset,
    logStartOffset: fetch.logStartOffset,
    lastFetchTimeMs: fetch.timeMs,
    lastFetchLeaderLogEndOffset: Math.max(fetch.leaderEndOffset, replica.lastFetchLeaderLogEndOffset),
    lastCaughtUpTimeMs,
    brokerEpoch: fetch.brokerEpoch,
  };
}

export function isCaughtUp(replica: FollowerReplica, at: { readonly leaderEndOffset: Offset; readonly nowMs: EpochMs; readonly maxLagMs: number }): boolean {
  return replica.logEndOffset === at.leaderEndOffset || at.nowMs - replica.lastCaughtUpTimeMs <= at.maxLagMs;
}
