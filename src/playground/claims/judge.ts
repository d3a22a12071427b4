import { unreachable } from '../../engine/kernel/assert.ts';
import type { Claim, ClusterClaim, PartitionClaim, RecordClaim, SafetyClaim, TraceClaim } from '../../engine/world/claim.ts';
import type { Evidence } from './evidence.ts';
import { judgeCluster } from './judge-cluster.ts';
import { judgePartition } from './judge-partition.ts';
import { judgeRecords } from './judge-records.ts';
import { judgeSafety } from './judge-safety.ts';
import { judgeTrace } from './judge-trace.ts';
import type { Judgement } from './judgement.ts';

/**
 * Whether a claim holds at this instant. The evidence must be of `claim.atMs`, exactly: the world stands there, no event at or after
 * it has been handled. What cannot be established (no such partition, no such log) does not hold.
 */
export function judge(claim: Claim, evidence: Evidence): Judgement {
  switch (claim.type) {
    case 'leader':
    case 'isr':
    case 'replica':
    case 'highWatermark':
    case 'highWatermarkUnchanged':
      return judgePartition(claim satisfies PartitionClaim, evidence);
    case 'logEquals':
    case 'logsAgree':
    case 'recordLost':
    case 'acknowledged':
    case 'consumed':
      return judgeRecords(claim satisfies RecordClaim, evidence);
    case 'controller':
    case 'liveBrokers':
    case 'zooKeeperQuorum':
    case 'process':
      return judgeCluster(claim satisfies ClusterClaim, evidence);
    case 'traceCount':
    case 'inOrder':
    case 'refused':
    case 'commandRefused':
      return judgeTrace(claim satisfies TraceClaim, evidence);
    case 'noAcknowledgedRecordLost':
    case 'promiseVoided':
    case 'invariantsHold':
      return judgeSafety(claim satisfies SafetyClaim, evidence);
    default:
      return unreachable(claim);
  }
}
