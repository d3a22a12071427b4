import { memo } from 'react';
import type { View } from '../../projection/view.ts';
import { changeLook, type PlaygroundState } from '../../playground/store/playground-store.ts';
import { brokerByHost, isAtWork, isCut } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Glyph } from '../components/Icon.tsx';
import { pressable } from '../interactions/press.ts';
import { gutterY, routeOf, sessionRoute } from '../layout/routes.ts';
import type { PlacedCard, StageLayout } from '../layout/stage-layout.ts';
import { pointAlong, trackPath } from '../layout/track.ts';
import { sessionLook } from './appearance.ts';
import { SvgText } from './SvgText.tsx';

/** The lines that messages travel, beneath everything else. Cables between machines can be cut by a press. */
export const Cables = memo(function Cables({ layout }: { readonly layout: StageLayout }) {
  return (
    <g>
      <ClientTracks layout={layout} />
      <ControlTracks layout={layout} />
      {layout.cards.map((card) => (
        <SessionLine key={card.host} layout={layout} card={card} />
      ))}
      {brokerPairs(layout).map(([a, b]) => (
        <BrokerCable key={`${a.host} ${b.host}`} layout={layout} a={a} b={b} />
      ))}
    </g>
  );
});

function brokerPairs(layout: StageLayout): [PlacedCard, PlacedCard][] {
  const pairs: [PlacedCard, PlacedCard][] = [];
  layout.cards.forEach((a, i) => layout.cards.slice(i + 1).forEach((b) => pairs.push([a, b])));
  return pairs;
}

function openLink(playground: ReturnType<typeof usePage>['playground'], a: string, b: string): (at: { readonly x: number; readonly y: number }) => void {
  return (at) => changeLook(playground.store, { menu: { kind: 'link', host: a, peer: b, at }, selected: { kind: 'link', a, b } });
}

/** One line a broker, straight down from the truth; a lost session is broken, and says so. */
const SessionLine = memo(function SessionLine({ layout, card }: { readonly layout: StageLayout; readonly card: PlacedCard }) {
  const broker = usePlayground((state) => brokerByHost(state.view, card.host));
  const links = usePlayground((state) => state.view.links);
  const ensemble = usePlayground((state) => state.view.ensemble);
  const truth = usePlayground((state) => state.view.truth);
  const { playground } = usePage();
  const words = useWords();
  if (broker === null) return null;
  const look = sessionLook(broker, { links, ensemble, truth });
  const { track } = sessionRoute(layout, card, 'down');
  const isConnecting = look.word === 'connecting';
  const color = look.whole ? 'var(--isr)' : isConnecting ? 'var(--dirty)' : 'var(--out)';
  const start = pointAlong(track, 0);
  const end = pointAlong(track, track.length);
  const middle = pointAlong(track, track.length / 2);
  const straight = card.row === 0;
  const word = look.word === null ? '' : layout.form === 'phone' ? words.stage.sessionShort[look.word] : words.stage.session[look.word];
  const openMenu = (at: { readonly x: number; readonly y: number }): void =>
    changeLook(playground.store, { menu: { kind: 'machine', host: card.host, peer: null, at }, selected: { kind: 'machine', host: card.host } });
  return (
    <g>
      <g
        {...pressable(openMenu)}
        tabIndex={-1}
        aria-label={words.stage.linkAria(words.stage.broker(card.brokerId), 'ZooKeeper', look.whole ? words.details.sessions.connected : word)}
        className="pressable cable"
      >
        <path className="cable-hit" d={trackPath(track)} />
        <path
          d={trackPath(track)}
          fill="none"
          stroke={color}
          strokeWidth={1.5}
          strokeDasharray={look.whole ? undefined : '3 3'}
          opacity={look.whole ? 0.8 : 1}
        />
      </g>
      {look.whole || isConnecting ? null : <BrokenMark x={middle.x} y={straight ? layout.sessionTextY - 4 : middle.y} />}
      {look.whole || !straight ? null : (
        <SvgText
          x={middle.x + 14}
          y={layout.sessionTextY}
          text={word}
          size={11}
          color={color}
          room={layout.form === 'phone' ? card.width - 50 : card.width - 40}
        />
      )}
      <Port x={start.x} y={start.y} color={color} />
      <Port x={end.x} y={end.y} color={color} />
    </g>
  );
});

function BrokenMark({ x, y }: { readonly x: number; readonly y: number }) {
  return (
    <g>
      <circle cx={x} cy={y} r={8} fill="var(--bg)" stroke="var(--out)" strokeWidth={1.3} />
      <Glyph name="cross" x={x - 5} y={y - 5} size={10} color="var(--out)" weight={2.4} />
    </g>
  );
}

export function Port({ x, y, color }: { readonly x: number; readonly y: number; readonly color: string }) {
  return <circle cx={x} cy={y} r={3} fill="var(--card)" stroke={color} strokeWidth={1.5} />;
}

/** The cable between two brokers: two lanes across the gutter for neighbours, a way round below for others. */
const BrokerCable = memo(function BrokerCable({ layout, a, b }: { readonly layout: StageLayout; readonly a: PlacedCard; readonly b: PlacedCard }) {
  const cut = usePlayground((state) => isCut(state.view.links, a.host, b.host));
  const fetches = usePlayground((state) => fetchesBetween(state.view, a.brokerId, b.brokerId));
  const { playground } = usePage();
  const words = useWords();
  const neighbours = layout.form === 'wide' && a.row === b.row && Math.abs(a.column - b.column) === 1;
  if (!neighbours && !cut && !fetches) return null;
  const forth = routeOf(layout, a.host, b.host, 'fetch');
  const back = routeOf(layout, b.host, a.host, 'fetch');
  if (forth === null || back === null) return null;
  const label = words.stage.linkAria(words.stage.broker(a.brokerId), words.stage.broker(b.brokerId), cut ? words.stage.linkCut : words.stage.linkWhole);
  const color = cut ? 'var(--out)' : 'var(--fetch)';
  const middle = pointAlong(forth.track, forth.track.length / 2);
  const lanes = neighbours ? [forth, back] : [forth];
  return (
    <g {...pressable(openLink(playground, a.host, b.host))} aria-label={label} aria-haspopup="menu" className="pressable cable">
      {neighbours ? (
        <rect
          className="hit gutter-hit"
          x={a.x + a.width + 4}
          y={gutterY(layout, a, true) - 14}
          width={Math.max(8, layout.gap - 8)}
          height={gutterY(layout, a, false) - gutterY(layout, a, true) + 28}
          rx={8}
          fill="transparent"
        />
      ) : (
        <path className="cable-hit" d={trackPath(forth.track)} />
      )}
      {lanes.map((route, i) => {
        const start = pointAlong(route.track, 0);
        const end = pointAlong(route.track, route.track.length);
        return (
          <g key={i}>
            <path
              d={trackPath(route.track)}
              fill="none"
              stroke={color}
              strokeWidth={1.3}
              strokeDasharray={cut ? '3 4' : undefined}
              opacity={cut ? 0.8 : fetches ? 0.5 : 0.22}
            />
            {cut ? null : <Port x={start.x} y={start.y} color={color} />}
            {cut ? null : <Port x={end.x} y={end.y} color={color} />}
          </g>
        );
      })}
      {cut ? <BrokenMark x={middle.x} y={middle.y} /> : null}
    </g>
  );
});

/** True when one of the two follows the other for some partition, in its own belief. */
function fetchesBetween(view: View, a: number, b: number): boolean {
  return view.brokers.some(
    (broker) =>
      (broker.brokerId === a || broker.brokerId === b) &&
      isAtWork(broker.process) &&
      broker.replicas.some((replica) => replica.role === 'follower' && replica.leader === (broker.brokerId === a ? b : a)),
  );
}

/** From each client to the brokers that lead for it, in its own belief. */
const ClientTracks = memo(function ClientTracks({ layout }: { readonly layout: StageLayout }) {
  const producers = usePlayground((state) => state.view.producers);
  const consumers = usePlayground((state) => state.view.consumers);
  const links = usePlayground((state) => state.view.links);
  const ways: { readonly key: string; readonly from: string; readonly to: string; readonly color: string }[] = [];
  for (const producer of producers)
    for (const id of distinct(producer.leaders.map((row) => row.leader)))
      ways.push({ key: `${producer.host} ${id}`, from: producer.host, to: `b${id}`, color: 'var(--produce)' });
  for (const consumer of consumers)
    for (const id of distinct(consumer.positions.map((row) => row.leader)))
      ways.push({ key: `${consumer.host} ${id}`, from: consumer.host, to: `b${id}`, color: 'var(--fetch)' });
  return (
    <g>
      {ways.map((way) => {
        const route = routeOf(layout, way.from, way.to, 'produce');
        if (route === null) return null;
        const cut = isCut(links, way.from, way.to);
        const start = pointAlong(route.track, 0);
        const end = pointAlong(route.track, route.track.length);
        const color = cut ? 'var(--out)' : way.color;
        return (
          <g key={way.key}>
            <path d={trackPath(route.track)} fill="none" stroke={color} strokeWidth={1.3} strokeDasharray={cut ? '3 4' : undefined} opacity={0.5} />
            <Port x={start.x} y={start.y} color={color} />
            <Port x={end.x} y={end.y} color={color} />
          </g>
        );
      })}
    </g>
  );
});

function distinct(ids: readonly number[]): number[] {
  return ids.filter((id, i) => id >= 0 && ids.indexOf(id) === i);
}

/** From the controller to each broker it may give orders to. */
const ControlTracks = memo(function ControlTracks({ layout }: { readonly layout: StageLayout }) {
  const controller = usePlayground(controllerHost);
  const liveBrokers = usePlayground((state) => state.view.truth.liveBrokers);
  if (controller === null) return null;
  return (
    <g>
      {layout.cards.map((card) => {
        if (card.host === controller || !liveBrokers.includes(card.brokerId)) return null;
        const route = routeOf(layout, controller, card.host, 'control');
        if (route === null) return null;
        const start = pointAlong(route.track, 0);
        const end = pointAlong(route.track, route.track.length);
        return (
          <g key={card.host}>
            <path d={trackPath(route.track)} fill="none" stroke="var(--control)" strokeWidth={1.3} opacity={0.55} />
            <Port x={start.x} y={start.y} color="var(--control)" />
            <Port x={end.x} y={end.y} color="var(--control)" />
          </g>
        );
      })}
    </g>
  );
});

function controllerHost(state: PlaygroundState): string | null {
  const { truth, brokers } = state.view;
  return brokers.find((broker) => broker.brokerId === truth.controller && isAtWork(broker.process))?.host ?? null;
}
