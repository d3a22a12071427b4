import { unreachable } from '../../engine/kernel/assert.ts';
import type { ClaimOf, RecordClaim } from '../../engine/world/claim.ts';
import { recordsOfReplica, type StoredRecord } from '../../projection/facts.ts';
import { withParticle } from '../../projection/narration/particles.ts';
import type { PartitionView } from '../../projection/view.ts';
import { both, same, type Both } from './both.ts';
import { eventsWithin, keyOf, partitionOf, replicaOf, type Evidence } from './evidence.ts';
import type { Judgement } from './judgement.ts';
import { noPartition } from './judge-partition.ts';
import { inBounds } from './values.ts';

/** Claims of records: what logs hold, what producers were promised, what consumers read. */
export function judgeRecords(claim: RecordClaim, evidence: Evidence): Judgement {
  switch (claim.type) {
    case 'logEquals':
      return judgeLogEquals(claim, evidence);
    case 'logsAgree':
      return judgeLogsAgree(claim, evidence);
    case 'recordLost':
      return judgeRecordLost(claim, evidence);
    case 'acknowledged': {
      const { client, topic, partition, acks } = claim;
      const told = eventsWithin(evidence, claim, 'RecordsAcknowledged').filter(
        (event) =>
          (client === undefined || event.client === client) &&
          (topic === undefined || event.topic === topic) &&
          (partition === undefined || event.partition === partition) &&
          (acks === undefined || event.acks === acks),
      );
      const count = told.reduce((sum, event) => sum + event.recordCount, 0);
      return { holds: inBounds(count, claim), found: both(`${count} acknowledged`, `승인된 레코드 ${count}개`) };
    }
    case 'consumed': {
      const position = evidence.view.consumers.find((one) => one.name === claim.client)?.positions.find((one) => one.key === keyOf(claim))?.position ?? null;
      if (position === null) return { holds: false, found: both(`${claim.client} has no position yet`, `${claim.client}에 아직 위치가 없습니다`) };
      return { holds: inBounds(position, claim), found: both(`position ${position}`, `위치 ${position}`) };
    }
    default:
      return unreachable(claim);
  }
}

function judgeLogEquals(claim: ClaimOf<'logEquals'>, evidence: Evidence): Judgement {
  const part = partitionOf(evidence.view, claim);
  if (part === undefined) return { holds: false, found: noPartition(claim) };
  const brokerIds = claim.brokerId === undefined ? part.replicas : [claim.brokerId];
  const logs = brokerIds.map((brokerId) => ({ brokerId, records: recordsOfReplica(evidence.world, brokerId, part.key) }));
  const wrong = logs.filter(({ records }) => records === null || !sameValues(records, claim.records));
  return { holds: wrong.length === 0, found: listBoth(wrong.map(({ brokerId, records }) => logText(brokerId, records))) };
}

function sameValues(records: readonly StoredRecord[], values: readonly string[]): boolean {
  return records.length === values.length && values.every((value, i) => records[i]?.value === value);
}

const MOST_SHOWN = 12;

function logText(brokerId: number, records: readonly StoredRecord[] | null): Both {
  if (records === null) return both(`broker ${brokerId} has no such log`, `브로커 ${brokerId}에는 그 로그가 없습니다`);
  const values = records.slice(-MOST_SHOWN).map((record) => record.value ?? 'null');
  const shown = values.length === 0 ? '–' : `${records.length > MOST_SHOWN ? '…, ' : ''}${values.join(', ')}`;
  return both(`broker ${brokerId} holds ${shown}`, `브로커 ${brokerId}: ${shown}`);
}

function judgeLogsAgree(claim: ClaimOf<'logsAgree'>, evidence: Evidence): Judgement {
  const part = partitionOf(evidence.view, claim);
  if (part === undefined) return { holds: false, found: noPartition(claim) };
  const problems = part.replicas.flatMap((brokerId) => lacksCommitted(part, brokerId, evidence));
  const difference = firstDifference(part, evidence);
  if (difference !== null) problems.push(difference);
  return { holds: problems.length === 0, found: listBoth(problems) };
}

/** Not running, or short of what the leader has below its high watermark. */
function lacksCommitted(part: PartitionView, brokerId: number, { view }: Evidence): Both[] {
  if (view.brokers.find((broker) => broker.brokerId === brokerId)?.process !== 'running')
    return [both(`broker ${brokerId} does not run`, `${withParticle(`브로커 ${brokerId}`, '(이)가')} 돌고 있지 않습니다`)];
  const committed = replicaOf(view, part.leader ?? -1, part.key)?.highWatermark;
  if (committed === undefined) return [both('nobody leads', '리더 없음')];
  const end = replicaOf(view, brokerId, part.key)?.logEndOffset ?? 0;
  return end >= committed
    ? []
    : [both(`broker ${brokerId} ends at ${end}, committed is up to ${committed}`, `브로커 ${brokerId}의 로그 끝 ${end}, 커밋 ${committed}`)];
}

function firstDifference(part: PartitionView, { world }: Evidence): Both | null {
  const seen = new Map<number, { readonly brokerId: number; readonly record: StoredRecord }>();
  for (const brokerId of part.replicas) {
    for (const record of recordsOfReplica(world, brokerId, part.key) ?? []) {
      const other = seen.get(record.offset);
      if (other === undefined) seen.set(record.offset, { brokerId, record });
      else if (other.record.value !== record.value || other.record.leaderEpoch !== record.leaderEpoch)
        return both(
          `brokers ${other.brokerId} and ${brokerId} differ at offset ${record.offset}`,
          `브로커 ${other.brokerId}, ${brokerId}의 ${withParticle(`오프셋 ${record.offset}`, '(이)가')} 다릅니다`,
        );
    }
  }
  return null;
}

function judgeRecordLost(claim: ClaimOf<'recordLost'>, evidence: Evidence): Judgement {
  const part = partitionOf(evidence.view, claim);
  if (part === undefined) return { holds: false, found: noPartition(claim) };
  const told = eventsWithin(evidence, claim, 'RecordsAcknowledged').some(
    (event) => event.acks !== 0 && event.topic === claim.topic && event.partition === claim.partition && event.values.includes(claim.value),
  );
  if (!told) return { holds: false, found: both('it was never acknowledged', '승인된 적이 없습니다') };
  const holders = part.replicas.filter(
    (brokerId) => recordsOfReplica(evidence.world, brokerId, part.key)?.some((record) => record.value === claim.value) === true,
  );
  return {
    holds: holders.length === 0,
    found:
      holders.length === 0
        ? both('no broker has it', '가진 브로커가 없습니다')
        : both(`broker ${holders.join(', ')} has it`, `브로커 ${holders.join(', ')}에 있습니다`),
  };
}

function listBoth(parts: readonly Both[]): Both {
  return parts.length === 0 ? same('–') : both(parts.map((part) => part.en).join('; '), parts.map((part) => part.ko).join('; '));
}
