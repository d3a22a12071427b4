import { useEffect, useMemo, useRef, type RefObject } from 'react';
import type { MessageView } from '../../projection/view.ts';
import { useFrame, usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { canvasFont, measure } from '../interactions/measure.ts';
import type { Point } from '../layout/geometry.ts';
import type { StageLayout } from '../layout/stage-layout.ts';
import type { PlacedTag, TagPlace } from '../layout/tag-placement.ts';
import { packetUnder, packetsAt, paintPacket, paintTag, routeCache, tagsFor, type DrawnPacket, type PacketColors } from './packet-painter.ts';

const TAG_FONT = canvasFont({ size: 11, bold: true });

interface Frame {
  readonly packets: readonly DrawnPacket[];
  readonly tags: readonly PlacedTag[];
}

/** The message that is drawn at a point of the stage, if there is one. */
export type PacketHitTest = (at: Point) => MessageView | null;

/** Messages under way. They are many and move each frame, so they are painted; the list of them for all readers is in Details. */
export function PacketLayer({ layout, hitTest }: { readonly layout: StageLayout; readonly hitTest: RefObject<PacketHitTest> }) {
  const { playground } = usePage();
  const words = useWords();
  const theme = usePlayground((state) => state.preferences.theme);
  const count = usePlayground((state) => state.view.messages.length);
  const canvas = useRef<HTMLCanvasElement>(null);
  const routes = useMemo(() => routeCache(layout), [layout]);
  const colors = useRef<PacketColors | null>(null);
  const places = useRef(new Map<number, TagPlace>());
  const still = usePrefersStill();

  useEffect(() => {
    colors.current = null;
  }, [theme]);

  useFrame((nowUs) => {
    const target = canvas.current;
    const context = target?.getContext('2d') ?? null;
    if (target === null || context === null) return;
    fit(target, context, layout);
    colors.current ??= readColors(target);
    const packets = packetsAt({ layout, messages: playground.store.getState().view.messages, nowUs, routes, still });
    const tags = tagsFor(packets, places.current, measure);
    paint(context, { packets, tags, colors: colors.current, still });
    places.current = new Map(tags.map((tag) => [tag.id, tag.place]));
    hitTest.current = (at) => packetUnder(packets, tags, at);
  });

  return (
    <canvas
      ref={canvas}
      className="packets"
      role="img"
      aria-label={words.stage.packetsAria(count)}
      data-messages={count}
      style={{ width: layout.width, height: layout.height }}
    />
  );
}

function paint(context: CanvasRenderingContext2D, frame: Frame & { readonly colors: PacketColors; readonly still: boolean }): void {
  context.font = TAG_FONT;
  context.textBaseline = 'alphabetic';
  for (const packet of frame.packets) paintPacket(context, packet, frame.colors, frame.still);
  for (const tag of frame.tags) {
    const packet = frame.packets.find((candidate) => candidate.message.id === tag.id);
    if (packet !== undefined) paintTag(context, { tag, message: packet.message, colors: frame.colors });
  }
}

/** One canvas pixel a device pixel, cleared. */
function fit(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D, layout: StageLayout): void {
  const ratio = window.devicePixelRatio;
  const width = Math.round(layout.width * ratio);
  const height = Math.round(layout.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
}

function readColors(element: Element): PacketColors {
  const style = getComputedStyle(element);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    produce: token('--produce'),
    fetch: token('--fetch'),
    control: token('--control'),
    dead: token('--dead'),
    ground: token('--bg'),
    tag: token('--bg-2'),
  };
}

function usePrefersStill(): boolean {
  return useMemo(() => window.matchMedia('(prefers-reduced-motion: reduce)').matches, []);
}
