import { unreachable } from '../../engine/kernel/assert.ts';
import type { ClaimOf, PartitionClaim } from '../../engine/world/claim.ts';
import { withParticle } from '../../projection/narration/particles.ts';
import type { View } from '../../projection/view.ts';
import { both, same, type Both } from './both.ts';
import { eventsWithin, keyOf, partitionOf, replicaOf, type Evidence } from './evidence.ts';
import type { Judgement } from './judgement.ts';
import { inBounds, listOf } from './values.ts';

/** Claims of one partition: ZooKeeper's truth about it, one broker's belief, the water. */
export function judgePartition(claim: PartitionClaim, evidence: Evidence): Judgement {
  const part = partitionOf(evidence.view, claim);
  if (part === undefined) return { holds: false, found: noPartition(claim) };
  switch (claim.type) {
    case 'leader': {
      const holds = part.leader === claim.leader && (claim.leaderEpoch === undefined || part.leaderEpoch === claim.leaderEpoch);
      return { holds, found: leaderText(part.leader, part.leaderEpoch) };
    }
    case 'isr':
      return {
        holds: claim.anyOrder === true ? ascending(part.isr) === ascending(claim.isr) : part.isr.join() === claim.isr.join(),
        found: same(`ISR ${listOf(part.isr)}`),
      };
    case 'replica':
      return judgeReplica(claim, evidence.view);
    case 'highWatermark': {
      const water = highWatermarkAt(evidence.view, claim);
      return water === null
        ? { holds: false, found: noReplica(claim) }
        : { holds: inBounds(water, claim), found: both(`high watermark ${water}`, `하이 워터마크 ${water}`) };
    }
    case 'highWatermarkUnchanged':
      return judgeUnchanged(claim, evidence);
    default:
      return unreachable(claim);
  }
}

function ascending(ids: readonly number[]): string {
  return ids.toSorted((a, b) => a - b).join();
}

export function noPartition(claim: { readonly topic: string; readonly partition: number }): Both {
  return both(`there is no partition ${keyOf(claim)}`, `파티션 ${withParticle(keyOf(claim), '(이)가')} 없습니다`);
}

function leaderText(leader: number | null, leaderEpoch: number): Both {
  if (leader === null) return both('no leader was chosen yet', '아직 리더를 뽑지 않았습니다');
  return leader < 0
    ? both(`nobody leads, leader epoch ${leaderEpoch}`, `리더 없음, 리더 에포크 ${leaderEpoch}`)
    : both(`leader ${leader}, leader epoch ${leaderEpoch}`, `리더 ${leader}, 리더 에포크 ${leaderEpoch}`);
}

function noReplica(claim: { readonly topic: string; readonly partition: number; readonly brokerId?: number }): Both {
  const { brokerId } = claim;
  if (brokerId === undefined) return both('nobody leads', '리더 없음');
  return both(`broker ${brokerId} has no replica of ${keyOf(claim)}`, `브로커 ${brokerId}에 ${keyOf(claim)} 복제본이 없습니다`);
}

const REPLICA_FIELDS = ['role', 'leader', 'leaderEpoch', 'highWatermark', 'logEndOffset'] as const;

function judgeReplica(claim: ClaimOf<'replica'>, view: View): Judgement {
  const replica = replicaOf(view, claim.brokerId, keyOf(claim));
  if (replica === undefined) return { holds: false, found: noReplica(claim) };
  const asked = REPLICA_FIELDS.filter((field) => claim[field] !== undefined);
  const holds = asked.every((field) => replica[field] === claim[field]);
  return { holds, found: same(asked.map((field) => `${field} ${replica[field]}`).join(', ')) };
}

interface Water {
  readonly topic: string;
  readonly partition: number;
  readonly brokerId?: number;
}

/** Of the broker named, else of the broker that leads; null when there is none. */
function highWatermarkAt(view: View, water: Water): number | null {
  const brokerId = water.brokerId ?? partitionOf(view, water)?.leader ?? -1;
  return replicaOf(view, brokerId, keyOf(water))?.highWatermark ?? null;
}

function judgeUnchanged(claim: ClaimOf<'highWatermarkUnchanged'>, evidence: Evidence): Judgement {
  const before = highWatermarkAt(evidence.viewAt(claim.fromMs), claim);
  const after = highWatermarkAt(evidence.view, claim);
  if (before === null || after === null) return { holds: false, found: noReplica(claim) };
  const moves = eventsWithin(evidence, { sinceMs: claim.fromMs, atMs: claim.atMs }, 'HighWatermarkAdvanced').filter(
    (event) =>
      event.topic === claim.topic &&
      event.partition === claim.partition &&
      (claim.brokerId === undefined ? event.role === 'leader' : event.brokerId === claim.brokerId),
  );
  const found = both(`from ${before} to ${after}, in ${moves.length} steps`, `${before}에서 ${after}까지 ${moves.length}번 움직임`);
  return { holds: before === after && moves.length === 0, found };
}
