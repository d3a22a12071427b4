import { memo, useMemo, useRef, type MouseEvent } from 'react';
import { changeLook, type PlaygroundState } from '../../playground/store/playground-store.ts';
import { focusKey } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { useSize, type Size } from '../interactions/use-size.ts';
import { layoutStage, type StageInput, type StageLayout } from '../layout/stage-layout.ts';
import { BrokerCard } from './BrokerCard.tsx';
import { Cables } from './Cables.tsx';
import { Clients, consumerHeight, PRODUCER_HEIGHT } from './Clients.tsx';
import { EnsembleStrip } from './EnsembleStrip.tsx';
import { Legend } from './Legend.tsx';
import { PacketLayer, type PacketHitTest } from './PacketLayer.tsx';

/** The cluster: the ensemble with the truth, brokers with their tanks, clients at the sides, messages between them. */
export function Stage() {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  return (
    <div ref={frame} className="stage-frame">
      {size === null || size.width < 60 || size.height < 60 ? null : <SizedStage size={size} />}
    </div>
  );
}

type Cast = Omit<StageInput, 'width' | 'height' | 'focus'>;

/** Who is there, as text: as long as it stays the same, nothing needs a new place. */
function castOf({ view, look }: PlaygroundState): string {
  const cast: Cast = {
    brokers: view.brokers.map((row) => ({ host: row.host, brokerId: row.brokerId })),
    servers: view.ensemble.servers.map((row) => row.host),
    producers: view.producers.map((row) => ({ host: row.host, height: PRODUCER_HEIGHT })),
    consumers: view.consumers.map((row) => ({ host: row.host, height: consumerHeight(row.positions.length) })),
    admins: view.admins.map((row) => row.host),
    partitions: view.partitions
      .filter((row) => !row.topic.startsWith('__') || row.key === look.chosenPartition)
      .map((row) => ({ key: row.key, topic: row.topic, partition: row.partition })),
  };
  return JSON.stringify(cast);
}

const SizedStage = memo(function SizedStage({ size }: { readonly size: Size }) {
  const { playground } = usePage();
  const words = useWords();
  const cast = usePlayground(castOf);
  const focus = usePlayground(focusKey);
  const layout = useMemo(() => layoutStage({ ...size, focus, ...(JSON.parse(cast) as Cast) }), [size, focus, cast]);
  const hitTest = useRef<PacketHitTest>(() => null);
  /** Packets are painted over everything, so they are asked first. */
  const onClickCapture = (event: MouseEvent<HTMLDivElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const message = event.detail === 0 ? null : hitTest.current({ x: event.clientX - box.left, y: event.clientY - box.top });
    if (message === null) return;
    event.stopPropagation();
    changeLook(playground.store, { selected: { kind: 'message', id: message.id }, tab: 'details' });
  };
  return (
    <div className="stage-layers" onClickCapture={onClickCapture}>
      <svg className="stage" width={layout.width} height={layout.height} role="group" aria-label={words.stage.label} data-form={layout.form}>
        <StageParts layout={layout} focus={focus} />
      </svg>
      <PacketLayer layout={layout} hitTest={hitTest} />
    </div>
  );
});

const StageParts = memo(function StageParts({ layout, focus }: { readonly layout: StageLayout; readonly focus: string | null }) {
  return (
    <>
      <EnsembleStrip layout={layout} />
      <Cables layout={layout} />
      {layout.cards.map((placed) => (
        <BrokerCard key={placed.host} placed={placed} card={layout.card} focus={focus} form={layout.form} />
      ))}
      <Clients layout={layout} />
      {layout.legend === null ? null : <Legend room={layout.legend} />}
    </>
  );
});
