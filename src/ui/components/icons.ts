/** Path data on a 16 by 16 grid: `fill` shapes and `stroke` lines. */
export interface IconShape {
  readonly fill?: string;
  readonly stroke?: string;
}

export type IconName = keyof typeof ICONS;

export const ICONS = {
  crown: { fill: 'M2.2 4.6 5.2 7.4 8 3l2.8 4.4 3-2.8-1.1 7.2H3.3z M3.3 12.6h9.4v1.2H3.3z' },
  check: { stroke: 'M3.2 8.6l3.2 3.2 6.4-7.2' },
  slash: { stroke: 'M4 12 12 4' },
  cross: { stroke: 'M4 4l8 8M12 4l-8 8' },
  power: { stroke: 'M8 2v6M4.6 4.4a5 5 0 1 0 6.8 0' },
  play: { fill: 'M5 3.2v9.6L13 8z' },
  pause: { fill: 'M4.4 3.4h2.4v9.2H4.4zM9.2 3.4h2.4v9.2H9.2z' },
  previous: { fill: 'M12.6 3.6v8.8L6 8zM3.6 3.6h1.8v8.8H3.6z' },
  next: { fill: 'M3.4 3.6v8.8L10 8zM10.6 3.6h1.8v8.8h-1.8z' },
  share: { stroke: 'M8 10V2.4M5 5l3-3 3 3M3 8.4v5.2h10V8.4' },
  moon: { fill: 'M9.6 2.2a6 6 0 1 0 4.2 8.6A5.2 5.2 0 0 1 9.6 2.2z' },
  sun: {
    stroke:
      'M8 1.6v1.6M8 12.8v1.6M1.6 8h1.6M12.8 8h1.6M3.5 3.5l1.1 1.1M11.4 11.4l1.1 1.1M3.5 12.5l1.1-1.1M11.4 4.6l1.1-1.1M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z',
  },
  book: { stroke: 'M8 4c-1.6-1.2-3.6-1.4-5.6-1.2v9.6c2-.2 4 0 5.6 1.2 1.6-1.2 3.6-1.4 5.6-1.2V2.8C11.6 2.6 9.6 2.8 8 4zm0 0v9.6' },
  shield: { stroke: 'M8 1.8 13 3.6v4c0 3.2-2.1 5.6-5 6.6-2.9-1-5-3.4-5-6.6v-4zM5.6 7.8l1.8 1.8 3-3.4' },
  shieldBroken: { stroke: 'M8 1.8 13 3.6v4c0 3.2-2.1 5.6-5 6.6-2.9-1-5-3.4-5-6.6v-4zM6 6l4 4M10 6l-4 4' },
  clock: { stroke: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 4.8V8l2.2 1.6' },
  ghost: { stroke: 'M3.4 13.4V7.2a4.6 4.6 0 0 1 9.2 0v6.2l-1.6-1.2-1.5 1.2L8 12.2l-1.5 1.2L5 12.2zM6.4 7v.6M9.6 7v.6' },
  hexagon: { stroke: 'M8 1.8 13.4 4.9v6.2L8 14.2 2.6 11.1V4.9zM8 5.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2z' },
  disk: {
    stroke:
      'M2.4 4.4c0-1.2 2.4-2 5.6-2s5.6.8 5.6 2v7.2c0 1.2-2.4 2-5.6 2s-5.6-.8-5.6-2zM2.4 4.4c0 1.2 2.4 2 5.6 2s5.6-.8 5.6-2M2.4 8c0 1.2 2.4 2 5.6 2s5.6-.8 5.6-2',
  },
  drop: { fill: 'M8 1.6c2.2 3 4.2 5.2 4.2 7.8a4.2 4.2 0 0 1-8.4 0C3.8 6.8 5.8 4.6 8 1.6z' },
  cut: { stroke: 'M2 8h3.4M10.6 8H14M6.4 4.6 9.6 11.4' },
  cable: { stroke: 'M2 8h12M4 6v4M12 6v4' },
  gear: { stroke: 'M2.6 4.6h6M11.8 4.6h1.6M2.6 11.4h1.6M7.4 11.4h6M10.2 2.8v3.6M5.8 9.6v3.6' },
  chevronDown: { stroke: 'M3.6 5.6 8 10.4l4.4-4.8' },
  plus: { stroke: 'M8 3v10M3 8h10' },
  minus: { stroke: 'M3 8h10' },
  dots: { fill: 'M3 6.8a1.2 1.2 0 1 0 .01 0zM8 6.8a1.2 1.2 0 1 0 .01 0zM13 6.8a1.2 1.2 0 1 0 .01 0z' },
  search: { stroke: 'M7 2.6a4.4 4.4 0 1 0 0 8.8 4.4 4.4 0 0 0 0-8.8zM10.2 10.2l3.4 3.4' },
  list: { stroke: 'M5.4 4h8M5.4 8h8M5.4 12h8M2.6 4h.2M2.6 8h.2M2.6 12h.2' },
  layers: { stroke: 'M8 2.4 14 5.6 8 8.8 2 5.6zM2.6 8.4 8 11.3l5.4-2.9M2.6 11 8 13.9l5.4-2.9' },
  info: { stroke: 'M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 7.4v3.6M8 5v.2' },
  panel: { stroke: 'M2.4 3h11.2v10H2.4zM10 3v10' },
  warning: { stroke: 'M8 2.4 14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.2' },
  bolt: { fill: 'M9.2 1.6 3.4 9h3.8l-.6 5.4L12.6 7H8.8z' },
  antenna: { stroke: 'M8 14V7M5 4.4a4.2 4.2 0 0 0 0 5.2M11 4.4a4.2 4.2 0 0 1 0 5.2M8 5.6a1.2 1.2 0 1 0 .01 0z' },
} as const satisfies Readonly<Record<string, IconShape>>;
