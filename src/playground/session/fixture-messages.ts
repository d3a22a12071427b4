import type { MessageKind, MessageView } from '../../projection/view.ts';
import type { FixtureScene } from './fixture-view.ts';

/** A message that is sent again and again, so that the prepared picture moves. */
interface Rhythm {
  readonly kind: MessageKind;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly api: string;
  readonly periodUs: number;
  readonly flightUs: number;
  /** How far it has come at the first moment of the picture, 0 to 1; below 0 it is sent later. */
  readonly startsAt: number;
}

const RHYTHMS: readonly Rhythm[] = [
  { kind: 'control', from: 'b2', to: 'b3', label: 'UpdateMetadata', api: 'UpdateMetadata', periodUs: 4_000_000, flightUs: 460_000, startsAt: 0.3 },
  { kind: 'control', from: 'b2', to: 'b3', label: 'LeaderAndIsr e4', api: 'LeaderAndIsr', periodUs: 4_000_000, flightUs: 460_000, startsAt: 0.74 },
  { kind: 'produce', from: 'producer-1', to: 'b2', label: 'Produce ×3', api: 'Produce', periodUs: 1_500_000, flightUs: 420_000, startsAt: 0.62 },
  { kind: 'produce', from: 'producer-2', to: 'b3', label: 'Produce ×1', api: 'Produce', periodUs: 1_800_000, flightUs: 420_000, startsAt: 0.72 },
  { kind: 'data', from: 'b2', to: 'consumer-3', label: '12–15', api: 'Fetch', periodUs: 2_200_000, flightUs: 420_000, startsAt: 0.34 },
  { kind: 'data', from: 'b2', to: 'b3', label: '17–18', api: 'Fetch', periodUs: 1_500_000, flightUs: 340_000, startsAt: 0.55 },
  { kind: 'data', from: 'b3', to: 'b2', label: '9–10', api: 'Fetch', periodUs: 1_700_000, flightUs: 340_000, startsAt: 0.5 },
  { kind: 'fetch', from: 'consumer-2', to: 'b3', label: 'Fetch 7', api: 'Fetch', periodUs: 1_300_000, flightUs: 420_000, startsAt: 0.4 },
  { kind: 'zk', from: 'b2', to: 'zk1', label: 'ping', api: 'ping', periodUs: 2_000_000, flightUs: 180_000, startsAt: 0.5 },
  { kind: 'zk', from: 'zk1', to: 'b3', label: 'ping', api: 'ping', periodUs: 2_000_000, flightUs: 180_000, startsAt: -0.5 },
  { kind: 'zk', from: 'zk1', to: 'zk2', label: 'ping', api: 'ping', periodUs: 1_000_000, flightUs: 140_000, startsAt: 0.5 },
  { kind: 'zk', from: 'zk3', to: 'zk1', label: 'ping', api: 'ping', periodUs: 1_000_000, flightUs: 140_000, startsAt: -1 },
];

const GREATEST_ID = 1000;

/** What is under way at an instant. */
export function fixtureMessages(scene: FixtureScene, nowUs: number, beginsUs: number): MessageView[] {
  const rhythms = scene === 'zombie' ? RHYTHMS.map((rhythm) => (rhythm.from === 'producer-1' ? { ...rhythm, to: 'b1', label: 'Produce' } : rhythm)) : RHYTHMS;
  const messages: MessageView[] = [];
  rhythms.forEach((rhythm, row) => {
    const firstUs = beginsUs - Math.round(rhythm.startsAt * rhythm.flightUs);
    const turn = Math.floor((nowUs - firstUs) / rhythm.periodUs);
    const sentUs = firstUs + turn * rhythm.periodUs;
    const arrivesUs = sentUs + rhythm.flightUs;
    if (turn < 0 || nowUs >= arrivesUs) return;
    messages.push({
      id: row * GREATEST_ID + turn,
      kind: rhythm.kind,
      from: rhythm.from,
      to: rhythm.to,
      sentUs,
      arrivesUs,
      label: rhythm.label,
      api: rhythm.api,
      answer: rhythm.kind === 'data',
      held: false,
      sizeBytes: 120,
      fields: [
        ['CorrelationId', String(turn)],
        ['ClientId', rhythm.from],
      ],
    });
  });
  return messages;
}
