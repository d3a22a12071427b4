import { useMemo } from 'react';
import type { PartitionView, ReplicaView } from '../../projection/view.ts';
import { byteSize } from '../../projection/narration/words.ts';
import { focusPartition } from '../../playground/store/selectors.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import { epochAt, spreadLabels, tankWindow } from '../layout/tank-window.ts';
import { brokerLook, replicaLook } from '../stage/appearance.ts';
import { SvgText } from '../stage/SvgText.tsx';
import { EpochStripe, Tank } from '../stage/Tank.tsx';
import { leadingReplica, type ReplicaRow } from './leading-replica.ts';
import { whyHighWatermark } from './why-high-watermark.ts';

/** One partition's replicas side by side by offset, and why its water stands where it stands. */
export function LensPanel() {
  const words = useWords();
  const partition = usePlayground(focusPartition);
  if (partition === null) return <p className="empty">{words.panel.noPartition}</p>;
  return (
    <>
      <Facts partition={partition} />
      <Lens partition={partition} />
      <Why partition={partition} />
      <Lesson />
      <LeaderDisk partition={partition} />
    </>
  );
}

function useReplicas(partition: PartitionView): readonly ReplicaRow[] {
  const brokers = usePlayground((state) => state.view.brokers);
  return useMemo(() => {
    const rows: ReplicaRow[] = [];
    for (const broker of brokers) {
      const replica = broker.replicas.find((row) => row.key === partition.key);
      if (replica !== undefined) rows.push({ broker, replica });
    }
    return rows;
  }, [brokers, partition.key]);
}

function Facts({ partition }: { readonly partition: PartitionView }) {
  const { playground } = usePage();
  const words = useWords();
  const leading = leadingReplica(useReplicas(partition), partition);
  const outside = partition.replicas.filter((id) => !partition.isr.includes(id));
  return (
    <section className="sec">
      <h3 className="f15">{partition.key}</h3>
      <dl className="facts">
        <div>
          <dt>{words.panel.leader}</dt>
          <dd className="gold">
            <Icon name="crown" size={16} />
            <span className="ink">{partition.leader === null || partition.leader < 0 ? '–' : partition.leader}</span>
          </dd>
        </div>
        <div>
          <dt>{words.panel.epoch}</dt>
          <dd>{partition.leaderEpoch}</dd>
        </div>
        <div>
          <dt>{words.panel.isr}</dt>
          <dd className="rings">
            {partition.isr.map((id) => (
              <span key={id} className="ring in" title={words.stage.roleNames.isr}>
                {id}
              </span>
            ))}
            {outside.map((id) => (
              <span key={id} className="ring out" title={words.stage.roleNames.out}>
                {id}
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>{words.panel.highWatermarkAndEnd}</dt>
          <dd>{leading === undefined ? '–' : `${leading.highWatermark} / ${leading.logEndOffset}`}</dd>
        </div>
      </dl>
      <div className="actions">
        <button type="button" className="btn" onClick={() => changeLook(playground.store, { dialog: 'topicSettings' })}>
          <Icon name="gear" size={13} />
          {words.panel.topicSettings}
        </button>
        <button type="button" className="btn" onClick={() => changeLook(playground.store, { dialog: 'deleteRecords' })}>
          <Icon name="cut" size={13} />
          {words.panel.deleteRecords}
        </button>
      </div>
    </section>
  );
}

const LENS_ROWS = 11;
const LENS_HEIGHT = 198;
const LENS_TOP = 26;
const LENS_LEFT = 34;
const LABELS_WIDTH = 68;
const LENS_WIDTH = 292;

function Lens({ partition }: { readonly partition: PartitionView }) {
  const words = useWords();
  const truth = usePlayground((state) => state.view.truth);
  const rows = useReplicas(partition);
  const greatestEnd = rows.reduce((end, row) => Math.max(end, row.replica.logEndOffset), 0);
  const window = tankWindow(greatestEnd, LENS_ROWS);
  const leading = leadingReplica(rows, partition);
  const step = Math.min(64, (LENS_WIDTH - LENS_LEFT - LABELS_WIDTH) / Math.max(1, rows.length));
  const tankWidth = Math.min(52, step - 10);
  const rowHeight = LENS_HEIGHT / LENS_ROWS;
  const heightOf = (offset: number): number => LENS_TOP + LENS_HEIGHT - (offset - window.base) * rowHeight;
  const axis = Array.from({ length: Math.ceil(LENS_ROWS / 2) }, (_, i) => window.base + i * 2);
  const epochs = epochsOf(rows.map((row) => row.replica));
  const right = LENS_LEFT + rows.length * step;
  return (
    <section className="sec lens">
      <svg
        width={LENS_WIDTH}
        height={LENS_TOP + LENS_HEIGHT + 30}
        role="img"
        aria-label={`${partition.key}: ${rows.map((row) => `${words.panel.lensBroker(row.broker.brokerId)} HW ${row.replica.highWatermark} LEO ${row.replica.logEndOffset}`).join(', ')}`}
      >
        {axis.map((offset) => (
          <SvgText key={offset} x={26} y={heightOf(offset) - rowHeight / 2 + 4} text={String(offset)} size={11} mono anchor="end" color="var(--ink-3)" />
        ))}
        {rows.map(({ broker, replica }, i) => {
          const isDead = brokerLook(broker, truth) === 'dead' || replica.role === 'failed';
          const look = replicaLook(replica, partition, broker, isDead);
          return (
            <g key={broker.host}>
              <SvgText
                x={LENS_LEFT + i * step + tankWidth / 2}
                y={14}
                text={step < 60 ? String(broker.brokerId) : words.panel.lensBroker(broker.brokerId)}
                size={12}
                bold={look === 'leader'}
                anchor="middle"
                color={isDead ? 'var(--ink-2)' : 'var(--ink)'}
              />
              <Tank
                replica={replica}
                look={look}
                isDead={isDead}
                window={window}
                x={LENS_LEFT + i * step}
                y={LENS_TOP}
                width={tankWidth}
                height={LENS_HEIGHT}
                numbered={tankWidth >= 24}
              />
            </g>
          );
        })}
        {leading === undefined ? null : <LensLines leading={leading} rows={rows.map((row) => row.replica)} x0={28} x1={right} heightOf={heightOf} />}
        {epochs.slice(-4).map((epoch, i) => (
          <g key={epoch}>
            <EpochStripe epoch={epoch} x={36 + i * 62} y={LENS_TOP + LENS_HEIGHT + 13} width={4} height={13} />
            <SvgText x={45 + i * 62} y={LENS_TOP + LENS_HEIGHT + 24} text={words.stage.epoch(epoch)} size={11} color="var(--ink-2)" />
          </g>
        ))}
      </svg>
    </section>
  );
}

interface LensLinesProps {
  readonly leading: ReplicaView;
  readonly rows: readonly ReplicaView[];
  readonly x0: number;
  readonly x1: number;
  readonly heightOf: (offset: number) => number;
}

interface LensLabel {
  readonly y: number;
  readonly text: string;
  readonly color: string;
  /** Where its line begins; null for a label without one. */
  readonly x0: number | null;
  readonly dash: string;
}

/** The leader's high watermark across all tanks, its log end, and where another log parts from it. */
function LensLines({ leading, rows, x0, x1, heightOf }: LensLinesProps) {
  const words = useWords();
  const apart = rows.find((row) => row.divergedFrom !== null);
  const top = LENS_TOP + 6;
  const bottom = LENS_TOP + LENS_HEIGHT;
  const labels: LensLabel[] = [];
  labels.push({ y: heightOf(leading.logEndOffset), text: words.stage.logEnd(leading.logEndOffset), color: 'var(--ink-2)', x0: x0 + 60, dash: '2 3' });
  if (apart !== undefined && apart.divergedFrom !== null && apart.divergedFrom < leading.logEndOffset) {
    const mine = epochAt(apart.epochs, apart.divergedFrom);
    const theirs = epochAt(leading.epochs, apart.divergedFrom);
    labels.push({ y: heightOf(apart.divergedFrom) - 10, text: words.panel.differs(apart.divergedFrom), color: 'var(--out)', x0: null, dash: '' });
    labels.push({ y: heightOf(apart.divergedFrom) + 3, text: words.panel.epochs(mine, theirs), color: 'var(--ink-2)', x0: null, dash: '' });
  }
  labels.push({ y: heightOf(leading.highWatermark), text: words.stage.highWatermark(leading.highWatermark), color: 'var(--surf)', x0, dash: '5 3' });
  labels.sort((a, b) => a.y - b.y);
  const heights = spreadLabels(
    labels.map((label) => Math.max(top, Math.min(bottom, label.y))),
    14,
    bottom,
  );
  return (
    <g>
      {labels.map((label, i) => {
        const y = heights[i] ?? label.y;
        const lineY = Math.max(top, Math.min(bottom, label.y));
        return (
          <g key={label.text}>
            {label.x0 === null ? null : (
              <path d={`M${label.x0} ${lineY}H${x1}L${x1 + 5} ${y}`} fill="none" stroke={label.color} strokeWidth={1.3} strokeDasharray={label.dash} />
            )}
            <SvgText x={x1 + 7} y={y + 4} text={label.text} size={11} bold color={label.color} room={LABELS_WIDTH} />
          </g>
        );
      })}
    </g>
  );
}

function epochsOf(replicas: readonly ReplicaView[]): number[] {
  const epochs: number[] = [];
  for (const replica of replicas) for (const span of replica.epochs) if (!epochs.includes(span.epoch)) epochs.push(span.epoch);
  return epochs.sort((a, b) => a - b);
}

function Why({ partition }: { readonly partition: PartitionView }) {
  const words = useWords();
  const brokers = usePlayground((state) => state.view.brokers);
  const topics = usePlayground((state) => state.view.topics);
  const leading = leadingReplica(useReplicas(partition), partition);
  const steps = whyHighWatermark(words, { brokers, topics }, partition);
  return (
    <section className="sec">
      <h3>
        <Icon name="search" size={14} />
        {words.panel.whyHighWatermark(leading?.highWatermark ?? 0)}
      </h3>
      <ol className="why">
        {steps.map((step, i) => (
          <li key={step} className={i === steps.length - 1 ? 'now' : undefined}>
            {step}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What of the leader's bytes is on the device, and what a power cut could take. */
function LeaderDisk({ partition }: { readonly partition: PartitionView }) {
  const { playground } = usePage();
  const words = useWords();
  const rows = useReplicas(partition);
  const storage = usePlayground((state) => state.status?.storage ?? 'memory');
  if (rows.length === 0) return null;
  return (
    <section className="sec">
      <h3>
        {words.panel.disks}
        <small>{words.panel.storage[storage]}</small>
      </h3>
      <div className="files">
        {rows.map(({ broker }) => {
          const all = broker.disk.flushedBytes + broker.disk.dirtyBytes;
          return (
            <div key={broker.host} className="file-row">
              <button
                type="button"
                className="link"
                onClick={() => changeLook(playground.store, { files: { host: broker.host, path: null, from: 0, dropped: null } })}
              >
                {words.panel.lensBroker(broker.brokerId)}
              </button>
              <span className="bar" aria-hidden="true">
                <i style={{ width: `${all === 0 ? 0 : (broker.disk.flushedBytes / all) * 100}%` }} />
                <i style={{ width: `${all === 0 ? 0 : (broker.disk.dirtyBytes / all) * 100}%` }} />
              </span>
              <span className="n">{byteSize(all)}</span>
            </div>
          );
        })}
      </div>
      <p className="note">
        <span className="bar swatch" aria-hidden="true">
          <i style={{ width: 0 }} />
          <i style={{ width: '100%' }} />
        </span>
        {words.panel.powerCutNote}
      </p>
    </section>
  );
}

function Lesson() {
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  const text = usePlayground((state) => state.view.run.text[state.preferences.language]);
  const paragraphs = useMemo(() => text.split('\n\n').filter((paragraph) => paragraph !== ''), [text]);
  if (paragraphs.length === 0) return null;
  return (
    <section className="sec lesson" lang={language}>
      <h3>
        <Icon name="book" size={14} />
        {words.panel.lesson}
      </h3>
      {paragraphs.map((paragraph, i) => (
        <p key={i}>{paragraph}</p>
      ))}
    </section>
  );
}
