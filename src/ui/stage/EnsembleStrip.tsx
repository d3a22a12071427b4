import { memo } from 'react';
import type { TruthView, ZooKeeperServerView } from '../../projection/view.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { focusPartition } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import type { Dictionary } from '../i18n/en.ts';
import { measure } from '../interactions/measure.ts';
import { pressable } from '../interactions/press.ts';
import type { Rect } from '../layout/geometry.ts';
import type { StageLayout } from '../layout/stage-layout.ts';
import { SvgText } from './SvgText.tsx';

/** The ensemble, and the truth that it holds: the one place where the truth stands. */
export const EnsembleStrip = memo(function EnsembleStrip({ layout }: { readonly layout: StageLayout }) {
  const ensemble = usePlayground((state) => state.view.ensemble);
  const words = useWords();
  const { strip } = layout;
  const quorum = ensemble.inQuorumCount > 0 ? words.stage.quorum(ensemble.inQuorumCount, ensemble.servers.length) : words.stage.noQuorum;
  const color = ensemble.inQuorumCount > ensemble.servers.length / 2 ? 'var(--isr)' : 'var(--out)';
  if (layout.form === 'phone') return <PhoneStrip strip={strip} quorum={`${ensemble.inQuorumCount}/${ensemble.servers.length}`} color={color} />;
  return (
    <g>
      <rect
        x={strip.x + 0.5}
        y={strip.y + 0.5}
        width={strip.width - 1}
        height={strip.height - 1}
        rx={12}
        fill="var(--card)"
        stroke="var(--line)"
        strokeWidth={1.2}
      />
      <SvgText x={strip.x + 14} y={strip.y + 23} text="ZooKeeper" size={13} bold />
      <SvgText x={strip.x + 14} y={strip.y + 40} text={quorum} size={11} color={color} room={92} />
      {layout.servers.map((placed) => {
        const server = ensemble.servers.find((row) => row.host === placed.host);
        return server === undefined ? null : <Server key={placed.host} server={server} box={placed} />;
      })}
      <path d={`M${layout.truth.x - 8} ${strip.y + 10}v${strip.height - 20}`} stroke="var(--line)" />
      <Truth room={layout.truth} />
    </g>
  );
});

function Server({ server, box }: { readonly server: ZooKeeperServerView; readonly box: Rect }) {
  const { playground } = usePage();
  const words = useWords();
  const isSelected = usePlayground((state) => state.look.selected?.kind === 'machine' && state.look.selected.host === server.host);
  const alive = server.process === 'running' || server.process === 'starting';
  const leads = alive && server.role === 'leading';
  const word = alive ? words.stage.roles[server.role] : words.stage.processes[server.process];
  const ink = leads ? 'var(--control)' : server.role === 'looking' && alive ? 'var(--dirty)' : alive ? 'var(--ink-2)' : 'var(--out)';
  const openMenu = (at: { readonly x: number; readonly y: number }): void =>
    changeLook(playground.store, { menu: { kind: 'machine', host: server.host, peer: null, at }, selected: { kind: 'machine', host: server.host } });
  return (
    <g {...pressable(openMenu)} aria-label={`${server.host}, ${word}`} aria-haspopup="menu" className="pressable">
      <rect
        className="hit"
        x={box.x + 0.5}
        y={box.y + 0.5}
        width={box.width - 1}
        height={box.height - 1}
        rx={8}
        fill={leads ? 'var(--control-soft)' : alive ? 'var(--raised)' : 'var(--bg-2)'}
        stroke={isSelected ? 'var(--focus)' : leads ? 'var(--control)' : alive ? 'var(--line)' : 'var(--dead)'}
        strokeWidth={isSelected ? 2 : 1}
        strokeDasharray={alive ? undefined : '4 3'}
      />
      <SvgText x={box.x + box.width / 2} y={box.y + 15} text={server.host} size={12} bold anchor="middle" color={alive ? 'var(--ink)' : 'var(--ink-2)'} />
      <SvgText x={box.x + box.width / 2} y={box.y + 28} text={word} size={11} anchor="middle" color={ink} room={box.width - 6} />
    </g>
  );
}

interface Fact {
  readonly path: string;
  readonly text: string;
  readonly color: string;
}

/** Three facts of the tree, as wide as they need to be; a path is cut before its value is. */
function Truth({ room }: { readonly room: Rect }) {
  const truth = usePlayground((state) => state.view.truth);
  const partition = usePlayground(focusPartition);
  const words = useWords();
  const facts = factsOf(words, truth, partition);
  const wished = facts.map((fact) => Math.max(measure(fact.text, { size: 13, bold: true }), Math.min(120, measure(fact.path, { size: 11, mono: true }))) + 16);
  const total = wished.reduce((sum, width) => sum + width, 0);
  const spare = Math.max(0, (room.width - total) / facts.length);
  let x = room.x;
  return (
    <g>
      {facts.map((fact, i) => {
        const width = ((wished[i] ?? 0) * Math.min(total, room.width)) / total + spare;
        const at = x;
        x += width;
        return (
          <g key={i}>
            <SvgText x={at} y={room.y + 22} text={fact.path} size={11} mono color="var(--ink-3)" room={width - 10} />
            <SvgText x={at} y={room.y + 40} text={fact.text} size={13} bold color={fact.color} room={width - 8} />
          </g>
        );
      })}
    </g>
  );
}

function factsOf(words: Dictionary, truth: TruthView, partition: ReturnType<typeof focusPartition>): Fact[] {
  const { stage } = words;
  if (!truth.known) return [{ path: '/', text: stage.unknown, color: 'var(--out)' }];
  const facts: Fact[] = [
    {
      path: '/controller',
      text: truth.controller === null ? stage.nobody : stage.controllerFact(truth.controller, truth.controllerEpoch),
      color: truth.controller === null ? 'var(--out)' : 'var(--control)',
    },
    {
      path: '/brokers/ids',
      text: truth.liveBrokers.length === 0 ? stage.nobody : truth.liveBrokers.join(', '),
      color: truth.liveBrokers.length === 0 ? 'var(--out)' : 'var(--ink)',
    },
  ];
  if (partition !== null && partition.leader !== null) {
    facts.push({
      path: `${partition.topic}/partitions/${partition.partition}/state`,
      text: partitionFact(words, partition),
      color: partition.leader < 0 ? 'var(--out)' : 'var(--leader)',
    });
  }
  return facts;
}

function partitionFact(words: Dictionary, partition: NonNullable<ReturnType<typeof focusPartition>>): string {
  const isr = partition.isr.join(' ');
  return partition.leader === null || partition.leader < 0
    ? words.stage.partitionOffline(partition.leaderEpoch, isr)
    : words.stage.partitionFact(partition.leader, partition.leaderEpoch, isr);
}

/** On a phone the truth about one partition, in one line. */
function PhoneStrip({ strip, quorum, color }: { readonly strip: Rect; readonly quorum: string; readonly color: string }) {
  const { playground } = usePage();
  const words = useWords();
  const truth = usePlayground((state) => state.view.truth);
  const partition = usePlayground(focusPartition);
  const server = usePlayground((state) => state.view.ensemble.servers[0]?.host ?? null);
  const text = !truth.known ? words.stage.unknown : partition === null || partition.leader === null ? '' : partitionFact(words, partition);
  const gold = truth.known && partition !== null && partition.leader !== null && partition.leader >= 0;
  const openMenu = (at: { readonly x: number; readonly y: number }): void => {
    if (server !== null) changeLook(playground.store, { menu: { kind: 'machine', host: server, peer: null, at } });
  };
  const name = measure('ZooKeeper', { size: 13, bold: true }) + 20;
  const used = name + measure(quorum, { size: 12 });
  return (
    <g {...pressable(openMenu)} aria-label={`ZooKeeper ${quorum}. ${text}`} aria-haspopup="menu" className="pressable">
      <rect
        className="hit"
        x={strip.x + 0.5}
        y={strip.y + 0.5}
        width={strip.width - 1}
        height={strip.height - 1}
        rx={10}
        fill="var(--card)"
        stroke="var(--line)"
      />
      <SvgText x={strip.x + 12} y={strip.y + 25} text="ZooKeeper" size={13} bold />
      <SvgText x={strip.x + name} y={strip.y + 25} text={quorum} size={12} color={color} />
      <SvgText
        x={strip.x + strip.width - 12}
        y={strip.y + 25}
        text={text}
        size={13}
        bold
        anchor="end"
        color={gold ? 'var(--leader)' : 'var(--out)'}
        room={strip.width - used - 24}
      />
    </g>
  );
}
