import { area, curveBasis } from 'd3-shape';
import { memo, useMemo } from 'react';
import { TRAFFIC_STRETCH_US } from '../../playground/store/traffic.ts';
import { usePage, usePlayground } from '../app/playground-context.tsx';
import type { TimeWindow } from '../layout/timeline-layout.ts';

interface WaveProps {
  readonly window: TimeWindow;
  readonly x0: number;
  readonly x1: number;
  readonly y: number;
}

const REDRAW_US = 500_000;
const GREATEST_HEIGHT = 13;
const SAMPLES = 160;

/** How busy the wires were, as a swell above the line. */
export const TrafficWave = memo(function TrafficWave({ window, x0, x1, y }: WaveProps) {
  const { playground } = usePage();
  const untilUs = usePlayground((state) => Math.floor(state.view.nowUs / REDRAW_US) * REDRAW_US);
  const path = useMemo(() => {
    const step = Math.max(TRAFFIC_STRETCH_US, (window.toUs - window.fromUs) / SAMPLES);
    const points: { readonly x: number; readonly count: number }[] = [];
    for (let atUs = window.fromUs; atUs <= Math.min(untilUs, window.toUs); atUs += step) {
      let count = 0;
      for (let inner = atUs; inner < atUs + step; inner += TRAFFIC_STRETCH_US) count += playground.traffic.at(inner);
      points.push({ x: x0 + ((atUs - window.fromUs) / (window.toUs - window.fromUs)) * (x1 - x0), count });
    }
    const greatest = points.reduce((most, point) => Math.max(most, point.count), 4);
    return area<{ readonly x: number; readonly count: number }>()
      .x((point) => point.x)
      .y0(y)
      .y1((point) => y - (point.count / greatest) * GREATEST_HEIGHT)
      .curve(curveBasis)(points);
  }, [playground, window, x0, x1, y, untilUs]);
  return path === null ? null : <path d={path} fill="var(--accent)" opacity={0.34} />;
});
