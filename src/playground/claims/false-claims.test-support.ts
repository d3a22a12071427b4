import type { Bounds, Claim } from '../../engine/world/claim.ts';

/**
 * The same claim made false, for a run in which it is true: none of these may hold. Null for a claim without parameters to bend
 * (another run must show that it can fail).
 */
export function falseVersion(claim: Claim): Claim | null {
  switch (claim.type) {
    case 'leader':
      return { ...claim, leader: claim.leader + 1 };
    case 'isr':
      return { ...claim, isr: claim.isr.length > 1 ? claim.isr.slice(1) : [...claim.isr, 9] };
    case 'replica': {
      const { role, leader, leaderEpoch, highWatermark, logEndOffset, ...where } = claim;
      if (logEndOffset !== undefined) return { ...where, logEndOffset: logEndOffset + 1 };
      if (highWatermark !== undefined) return { ...where, highWatermark: highWatermark + 1 };
      if (leaderEpoch !== undefined) return { ...where, leaderEpoch: leaderEpoch + 1 };
      return leader === undefined ? { ...where, role: role === 'leader' ? 'follower' : 'leader' } : { ...where, leader: leader + 1 };
    }
    case 'highWatermark':
    case 'acknowledged':
    case 'consumed':
    case 'traceCount': {
      const { atLeast, atMost, ...rest } = claim;
      return { ...rest, ...beyond({ ...(atLeast === undefined ? {} : { atLeast }), ...(atMost === undefined ? {} : { atMost }) }) };
    }
    case 'highWatermarkUnchanged':
      return { ...claim, fromMs: 0 };
    case 'logEquals':
      return { ...claim, records: claim.records.slice(1) };
    case 'recordLost':
      return { ...claim, value: 'never sent' };
    case 'controller':
      return claim.epoch === undefined ? { ...claim, brokerId: (claim.brokerId ?? 0) + 1 } : { ...claim, epoch: claim.epoch + 1 };
    case 'liveBrokers':
      return { ...claim, brokerIds: claim.brokerIds.slice(1) };
    case 'zooKeeperQuorum':
      return { ...claim, holds: !claim.holds };
    case 'process':
      return { ...claim, is: claim.is === 'off' ? 'running' : 'off' };
    case 'inOrder':
      return { ...claim, events: claim.events.toReversed() };
    case 'refused':
      return { ...claim, error: 'INVALID_TOPIC_EXCEPTION' };
    case 'commandRefused':
      return { ...claim, because: 'some other reason' };
    case 'promiseVoided':
      return { ...claim, partition: claim.partition + 1 };
    case 'logsAgree':
    case 'noAcknowledgedRecordLost':
    case 'invariantsHold':
      return null;
  }
}

/** More than there can be when it is bounded from below only, one more than the most otherwise. */
function beyond({ atMost }: Bounds): Bounds {
  return { atLeast: atMost === undefined ? 1_000_000 : atMost + 1 };
}
