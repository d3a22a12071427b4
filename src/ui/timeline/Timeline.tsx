import { memo, useMemo, useRef } from 'react';
import { markerOf, type Marker, type MarkerTone } from '../../projection/narration/markers.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import type { EventView } from '../../projection/view.ts';
import { useFrame, usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Glyph, Icon } from '../components/Icon.tsx';
import { measure } from '../interactions/measure.ts';
import { useSize } from '../interactions/use-size.ts';
import { clockText, placeMarkLabels, spanOf, ticksOf, timeWindow, type TimeWindow } from '../layout/timeline-layout.ts';
import { SvgText } from '../stage/SvgText.tsx';
import { TrafficWave } from './TrafficWave.tsx';

const LINE_Y = 34;
const LABEL_Y = 13;
const HEAD_Y = 60;
const PAD = 38;
const ZOOMS = [0.25, 0.5, 1, 2, 4, 8] as const;

/** Virtual time from left to right: what happened, where we are, and what lies ahead empty. */
export function Timeline() {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const words = useWords();
  return (
    <div className="timeline" role="group" aria-label={words.timeline.label}>
      <div ref={frame} className="timeline-line">
        {size === null || size.width < 40 ? null : <Line width={size.width} />}
      </div>
      <ZoomButtons />
    </div>
  );
}

function ZoomButtons() {
  const { playground } = usePage();
  const words = useWords();
  const zoom = usePlayground((state) => state.look.timelineZoom);
  const at = ZOOMS.findIndex((value) => value === zoom);
  const turn = (by: number): void => {
    const next = ZOOMS[at + by];
    if (next !== undefined) changeLook(playground.store, { timelineZoom: next });
  };
  return (
    <div className="timeline-zoom">
      <button
        type="button"
        className="btn icon small"
        disabled={at <= 0}
        onClick={() => turn(-1)}
        aria-label={words.timeline.zoomIn}
        title={words.timeline.zoomIn}
      >
        <Icon name="plus" size={12} />
      </button>
      <button
        type="button"
        className="btn icon small"
        disabled={at >= ZOOMS.length - 1}
        onClick={() => turn(1)}
        aria-label={words.timeline.zoomOut}
        title={words.timeline.zoomOut}
      >
        <Icon name="minus" size={12} />
      </button>
    </div>
  );
}

/** Where the window begins; a number, so that a component renders again only when it moves. */
function useTimeWindow(): TimeWindow {
  const spanUs = usePlayground((state) => spanOf(state.view.run.timing, state.look.timelineZoom));
  const fromUs = usePlayground((state) => timeWindow(state.view.nowUs, spanOf(state.view.run.timing, state.look.timelineZoom)).fromUs);
  return useMemo(() => ({ fromUs, toUs: fromUs + spanUs }), [fromUs, spanUs]);
}

function Line({ width }: { readonly width: number }) {
  const window = useTimeWindow();
  const x0 = PAD;
  const x1 = width - PAD;
  const ticks = useMemo(() => ticksOf(window, x0, x1), [window, x0, x1]);
  const xOf = (atUs: number): number => x0 + ((atUs - window.fromUs) / (window.toUs - window.fromUs)) * (x1 - x0);
  return (
    <>
      <Played window={window} x0={x0} x1={x1} />
      <svg width={width} height={80}>
        <TrafficWave window={window} x0={x0} x1={x1} y={LINE_Y} />
        {ticks.map((tick) => (
          <g key={tick.atUs}>
            <path d={`M${tick.x} ${LINE_Y + 4}v${tick.label === null ? 3 : 6}`} stroke="var(--line-2)" />
            {tick.label === null ? null : <SvgText x={tick.x} y={LINE_Y + 21} text={tick.label} size={11} mono color="var(--ink-3)" anchor="middle" />}
          </g>
        ))}
        <Marks window={window} x0={x0} x1={x1} xOf={xOf} />
      </svg>
      <Playhead window={window} x0={x0} x1={x1} />
    </>
  );
}

interface Span {
  readonly window: TimeWindow;
  readonly x0: number;
  readonly x1: number;
}

function placeOf({ window, x0, x1 }: Span, atUs: number): number {
  const t = (atUs - window.fromUs) / (window.toUs - window.fromUs);
  return x0 + Math.max(0, Math.min(1, t)) * (x1 - x0);
}

/** How far the run has come. Moved by the compositor alone, as it moves each frame. */
function Played(span: Span) {
  const bar = useRef<HTMLDivElement>(null);
  useFrame((nowUs) => {
    if (bar.current !== null) bar.current.style.transform = `scaleX(${((placeOf(span, nowUs) - span.x0) / (span.x1 - span.x0)).toFixed(5)})`;
  });
  const place = { left: span.x0, top: LINE_Y - 1.5, width: span.x1 - span.x0 };
  return (
    <>
      <div className="timeline-track" style={place} />
      <div ref={bar} className="timeline-track played" style={place} />
    </>
  );
}

function Playhead(span: Span) {
  const head = useRef<HTMLDivElement>(null);
  const clock = useRef<HTMLSpanElement>(null);
  useFrame((nowUs) => {
    if (head.current !== null) head.current.style.transform = `translateX(${placeOf(span, nowUs).toFixed(1)}px)`;
    if (clock.current !== null) clock.current.textContent = clockText(nowUs, 'millis');
  });
  return (
    <div ref={head} className="playhead" style={{ height: HEAD_Y + 19 }}>
      <span ref={clock} className="mono" />
    </div>
  );
}

const TONES: Readonly<Record<MarkerTone, string>> = {
  out: 'var(--out)',
  isr: 'var(--isr)',
  leader: 'var(--leader)',
  control: 'var(--control)',
  plain: 'var(--ink-2)',
};

/** Marks that stand closer than this are one. */
const MERGE_PIXELS = 9;

interface PlacedMark {
  readonly event: EventView;
  readonly marker: Marker;
  readonly x: number;
}

const Marks = memo(function Marks({ window, x1, xOf }: Span & { readonly xOf: (atUs: number) => number }) {
  const events = usePlayground((state) => state.view.events);
  const language = usePlayground((state) => state.preferences.language);
  const marks = useMemo(() => {
    const placed: PlacedMark[] = [];
    for (const event of events) {
      if (event.atUs < window.fromUs || event.atUs > window.toUs) continue;
      const marker = markerOf(language, event);
      if (marker === null) continue;
      const next = { event, marker, x: xOf(event.atUs) };
      const last = placed[placed.length - 1];
      if (last === undefined || next.x - last.x >= MERGE_PIXELS) placed.push(next);
      else if (marker.weight > last.marker.weight) placed[placed.length - 1] = { ...next, x: last.x };
    }
    return placed;
  }, [events, language, window, xOf]);
  const labels = useMemo(() => {
    const wishes = marks.map((mark) => ({ x: mark.x, width: measure(mark.marker.label, { size: 11 }), weight: mark.marker.weight }));
    return placeMarkLabels(wishes, 2, x1 + PAD - 2);
  }, [marks, x1]);
  return (
    <g>
      {marks.map((mark, i) => (
        <Mark key={mark.event.id} mark={mark} labelX={labels[i]?.x ?? null} />
      ))}
    </g>
  );
});

function Mark({ mark, labelX }: { readonly mark: PlacedMark; readonly labelX: number | null }) {
  const color = TONES[mark.marker.tone];
  return (
    <g>
      <title>{`${clockText(mark.event.atUs, 'millis')} ${mark.marker.label}`}</title>
      {labelX === null ? null : <path d={`M${mark.x} ${LINE_Y}V${LABEL_Y + 5}`} stroke={color} strokeWidth={1.3} />}
      <MarkShape mark={mark} color={color} />
      {labelX === null ? null : <SvgText x={labelX} y={LABEL_Y} text={mark.marker.label} size={11} color={color} />}
    </g>
  );
}

function MarkShape({ mark, color }: { readonly mark: PlacedMark; readonly color: string }) {
  const { x } = mark;
  switch (mark.marker.shape) {
    case 'cross':
      return (
        <g>
          <circle cx={x} cy={LINE_Y} r={7} fill="var(--bg-2)" stroke={color} strokeWidth={1.5} />
          <Glyph name="cross" x={x - 5} y={LINE_Y - 5} size={10} color={color} weight={2.4} />
        </g>
      );
    case 'crown':
      return (
        <g>
          <circle cx={x} cy={LINE_Y} r={8} fill="var(--leader-fill)" />
          <Glyph name="crown" x={x - 5.5} y={LINE_Y - 5.8} size={11} color="var(--on-leader)" />
        </g>
      );
    case 'diamond':
      return <path d={`M${x} ${LINE_Y - 6}l6 6-6 6-6-6z`} fill="var(--bg-2)" stroke={color} strokeWidth={1.5} />;
    case 'dot':
      return <circle cx={x} cy={LINE_Y} r={4} fill="var(--bg-2)" stroke={color} strokeWidth={1.5} />;
    default:
      return (
        <g>
          <circle cx={x} cy={LINE_Y} r={6} fill="var(--bg-2)" stroke={color} strokeWidth={1.5} />
          <path d={`M${x - 3} ${LINE_Y}h6${mark.marker.shape === 'plus' ? `M${x} ${LINE_Y - 3}v6` : ''}`} stroke={color} strokeWidth={1.8} />
        </g>
      );
  }
}
