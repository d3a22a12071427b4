import { cleanedBelow } from '../../engine/invariants/cleaned-below.ts';
import { unreachable } from '../../engine/kernel/assert.ts';
import type { ClaimOf, SafetyClaim } from '../../engine/world/claim.ts';
import { recordsOfReplica } from '../../projection/facts.ts';
import type { View } from '../../projection/view.ts';
import { both, same, type Both } from './both.ts';
import { eventsWithin, keyOf, partitionOf, replicaOf, type Evidence } from './evidence.ts';
import type { Judgement } from './judgement.ts';

/** Claims of what must never happen, and of promises that faults made void. */
export function judgeSafety(claim: SafetyClaim, evidence: Evidence): Judgement {
  switch (claim.type) {
    case 'noAcknowledgedRecordLost':
      return judgeNothingLost(claim, evidence);
    case 'promiseVoided': {
      const { losses } = evidence.ghosts;
      const found = losses.map((loss) => `${loss.partition}: ${loss.kind}`).join('; ');
      return {
        holds: losses.some((loss) => loss.partition === keyOf(claim) && loss.kind === claim.kind),
        found: found === '' ? both('no promise was voided', '무효가 된 약속이 없습니다') : same(found),
      };
    }
    case 'invariantsHold': {
      const [first] = evidence.ghosts.breaches;
      return { holds: first === undefined, found: first === undefined ? both('all hold', '모두 성립') : same(`${first.invariant}: ${first.detail}`) };
    }
    default:
      return unreachable(claim);
  }
}

/** Judged by the logs themselves, apart from the invariant of the same meaning. */
function judgeNothingLost(claim: ClaimOf<'noAcknowledgedRecordLost'>, evidence: Evidence): Judgement {
  const told = eventsWithin(evidence, claim, 'RecordsAcknowledged').filter(
    (event) => event.acks !== 0 && (claim.topic === undefined || event.topic === claim.topic) && (claim.acks === undefined || event.acks === claim.acks),
  );
  const logs = new Map<string, HeldLog | Both>();
  for (const event of told) {
    const key = keyOf(event);
    const log = logs.get(key) ?? heldLog(evidence, event);
    logs.set(key, log);
    if ('en' in log) return { holds: false, found: log };
    const lost = event.values.findIndex((value, i) => isLost(log, event.baseOffset + i, value));
    if (lost >= 0) {
      const what = `${key}, ${event.baseOffset + lost}: ${event.values[lost] ?? ''}`;
      return { holds: false, found: both(`lost (${what})`, `잃음 (${what})`) };
    }
  }
  // A claim about nothing says nothing.
  return told.length === 0
    ? { holds: false, found: both('nothing was acknowledged', '승인된 레코드가 없습니다') }
    : { holds: true, found: both('all are there', '모두 있습니다') };
}

/** Another record in its place is always a loss; none at all is not where the log begins later, or where the cleaner has been. */
function isLost(log: HeldLog, offset: number, value: string): boolean {
  const held = log.values.get(offset);
  return held === undefined ? offset >= Math.max(log.startOffset, log.cleanedBelow) : (held ?? '') !== value;
}

interface HeldLog {
  readonly startOffset: number;
  readonly cleanedBelow: number;
  readonly values: ReadonlyMap<number, string | null>;
}

/** The log that counts: the leader's, or while nobody leads that of the first in the ISR, who may lead next. */
function heldLog({ world, view, ghosts }: Evidence, where: { readonly topic: string; readonly partition: number }): HeldLog | Both {
  const holder = holderOf(view, where);
  const records = holder === null ? null : recordsOfReplica(world, holder, keyOf(where));
  if (holder === null || records === null) return both(`nobody leads ${keyOf(where)}`, `${keyOf(where)}의 리더가 없습니다`);
  return {
    startOffset: replicaOf(view, holder, keyOf(where))?.logStartOffset ?? 0,
    cleanedBelow: cleanedBelow(ghosts, keyOf(where)),
    values: new Map(records.map((record) => [record.offset, record.value])),
  };
}

function holderOf(view: View, where: { readonly topic: string; readonly partition: number }): number | null {
  const part = partitionOf(view, where);
  const leader = part?.leader ?? -1;
  return leader >= 0 ? leader : (part?.isr[0] ?? null);
}
