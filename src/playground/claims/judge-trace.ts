import { unreachable } from '../../engine/kernel/assert.ts';
import type { ClaimOf, TraceClaim } from '../../engine/world/claim.ts';
import type { TraceRecord } from '../../engine/machine/contract.ts';
import { both } from './both.ts';
import { recordsWithin, type Evidence } from './evidence.ts';
import type { Judgement } from './judgement.ts';
import { refusedCommands } from './refused-commands.ts';
import { inBounds, matches, patternText } from './values.ts';

/** Claims over the trace: what happened, how often, in which order, who was refused. */
export function judgeTrace(claim: TraceClaim, evidence: Evidence): Judgement {
  switch (claim.type) {
    case 'traceCount': {
      const count = recordsWithin(evidence, claim).filter((record) => matches(record, claim)).length;
      return { holds: inBounds(count, claim), found: both(`${count} times`, `${count}번`) };
    }
    case 'inOrder':
      return judgeOrder(claim, evidence);
    case 'refused': {
      const told = recordsWithin(evidence, claim).flatMap((record) => toldErrors(record, claim.client));
      const found = [...new Set(told)].toSorted().join(', ');
      return {
        holds: told.includes(claim.error),
        found: found === '' ? both('no error at all', '오류가 없었습니다') : both(`told were ${found}`, `들은 오류: ${found}`),
      };
    }
    case 'commandRefused': {
      const refused = refusedCommands(evidence).filter(
        ({ atUs, command }) => command === claim.command && atUs >= (claim.sinceMs ?? 0) * 1000 && atUs < claim.atMs * 1000,
      );
      const holds = refused.some(({ reason }) => reason.includes(claim.because ?? ''));
      return {
        holds,
        found:
          refused.length === 0
            ? both('no such command was refused', '거절된 그런 명령이 없습니다')
            : both(refused.map((one) => one.reason).join('; '), refused.map((one) => one.reason).join('; ')),
      };
    }
    default:
      return unreachable(claim);
  }
}

function judgeOrder(claim: ClaimOf<'inOrder'>, evidence: Evidence): Judgement {
  let next = 0;
  for (const record of recordsWithin(evidence, claim)) {
    const wanted = claim.events[next];
    if (wanted !== undefined && matches(record, wanted)) next++;
  }
  const missing = claim.events[next];
  if (missing === undefined) return { holds: true, found: both('all of them', '모두') };
  return { holds: false, found: both(`the first ${next}, then no ${patternText(missing)}`, `처음 ${next}개까지. 그 뒤 ${patternText(missing)} 없음`) };
}

/** The errors that an event told to a client (or to the one named); followers are no clients. */
function toldErrors({ event }: TraceRecord, client: string | undefined): string[] {
  switch (event.type) {
    case 'RequestRefused':
      return (client === undefined ? !event.from.startsWith('broker-') : event.from === client) ? [event.error] : [];
    case 'RecordsFailed':
    case 'FetchFailed':
    case 'CommandRefused':
      return client === undefined || event.client === client ? [event.error] : [];
    default:
      return [];
  }
}
