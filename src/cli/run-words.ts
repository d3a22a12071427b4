import type { Language } from '../projection/narration/sentence.ts';

/** What `run` says besides the narration and the claims themselves. */
export interface RunWords {
  heading(run: { readonly seed: number; readonly timing: string; readonly untilMs: number }): string;
  readonly claims: string;
  readonly noClaims: string;
  readonly holds: string;
  readonly fails: string;
  readonly later: string;
  found(text: string): string;
  readonly invariantsHold: string;
  broken(invariant: string, detail: string): string;
  lost(loss: { readonly kind: string; readonly partition: string; readonly fromOffset: number }): string;
  refused(command: string, reason: string): string;
  hash(run: { readonly hash: string; readonly engineVersion: number; readonly stepCount: number }): string;
  total(count: { readonly holding: number; readonly failing: number; readonly later: number }): string;
  unexpected(count: number): string;
}

const english: RunWords = {
  heading: ({ seed, timing, untilMs }) => `seed ${seed}, ${timing} timing, to ${untilMs / 1000} s`,
  claims: 'Claims',
  noClaims: 'This scenario claims nothing.',
  holds: 'holds',
  fails: 'FAILS',
  later: 'later',
  found: (text) => `found: ${text}`,
  invariantsHold: 'No invariant was broken.',
  broken: (invariant, detail) => `BROKEN invariant ${invariant}: ${detail}`,
  lost: ({ kind, partition, fromOffset }) => `Lost, as faults voided the promise (${kind}): ${partition} from offset ${fromOffset}`,
  refused: (command, reason) => `REFUSED ${command}: ${reason}`,
  hash: ({ hash, engineVersion, stepCount }) => `trace hash ${hash} (engine version ${engineVersion}, ${stepCount} steps)`,
  total: ({ holding, failing, later }) =>
    `${holding} claims hold, ${failing} fail${later === 0 ? '' : `, ${later} lie beyond the end of this run and were not judged`}`,
  unexpected: (count) => `${count} ${count === 1 ? 'command was' : 'commands were'} refused that no claim speaks of`,
};

const korean: RunWords = {
  heading: ({ seed, timing, untilMs }) => `시드 ${seed}, ${timing} 타이밍, ${untilMs / 1000}초까지`,
  claims: '주장',
  noClaims: '이 시나리오에는 주장이 없습니다.',
  holds: '맞음',
  fails: '틀림',
  later: '뒤에',
  found: (text) => `실제: ${text}`,
  invariantsHold: '깨진 불변식이 없습니다.',
  broken: (invariant, detail) => `깨진 불변식 ${invariant}: ${detail}`,
  lost: ({ kind, partition, fromOffset }) => `장애로 약속이 무효가 되어 잃은 것(${kind}): ${partition}, 오프셋 ${fromOffset}부터`,
  refused: (command, reason) => `거절된 명령 ${command}: ${reason}`,
  hash: ({ hash, engineVersion, stepCount }) => `추적 해시 ${hash} (엔진 버전 ${engineVersion}, ${stepCount}단계)`,
  total: ({ holding, failing, later }) =>
    `주장 ${holding}개가 맞고 ${failing}개가 틀립니다${later === 0 ? '' : `. ${later}개는 이번 실행이 끝난 뒤의 것이라 판정하지 못했습니다`}`,
  unexpected: (count) => `어느 주장도 말하지 않은 명령 ${count}개가 거절되었습니다`,
};

export const RUN_WORDS: Readonly<Record<Language, RunWords>> = { en: english, ko: korean };
