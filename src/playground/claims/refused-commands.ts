import type { InstantUs } from '../../engine/kernel/units.ts';
import type { Claim } from '../../engine/world/claim.ts';
import type { Evidence } from './evidence.ts';

/** A command that changed nothing: because it made no sense where it was given, or because Kafka said so. */
export interface RefusedCommand {
  readonly atUs: InstantUs;
  /** Its type; `createTopic` for a topic of the scenario's own set-up. */
  readonly command: string;
  /** A plain sentence, or Kafka's error with its message. */
  readonly reason: string;
  /** Kafka's error name; null for a plain sentence. */
  readonly error: string | null;
}

/** All refusals so far, in order of time. */
export function refusedCommands({ refusals, trace, world }: Pick<Evidence, 'refusals' | 'trace' | 'world'>): readonly RefusedCommand[] {
  const plain = refusals.map(({ atUs, command, reason }): RefusedCommand => ({ atUs, command: command.type, reason, error: null }));
  const byKafka = trace.flatMap(({ id, event }): RefusedCommand[] =>
    event.type === 'CommandRefused'
      ? [
          {
            atUs: id.atUs,
            command: world.commands[event.commandId]?.command.type ?? 'createTopic',
            reason: `${event.error}: ${event.message}`,
            error: event.error,
          },
        ]
      : [],
  );
  return [...plain, ...byKafka].sort((a, b) => a.atUs - b.atUs);
}

/** True when a claim speaks of this refusal, so that the lesson means it. */
export function isExpected(refused: RefusedCommand, claims: readonly Claim[]): boolean {
  return claims.some((claim) => {
    if (claim.type === 'commandRefused') return claim.command === refused.command && refused.reason.includes(claim.because ?? '');
    return claim.type === 'refused' && claim.error === refused.error;
  });
}
