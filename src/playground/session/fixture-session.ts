import { applyDelta, wholeView } from '../../projection/apply-delta.ts';
import { EMPTY_VIEW, type BrokerView, type EventView, type LinkView, type View } from '../../projection/view.ts';
import type { Command } from '../../engine/world/command.ts';
import type { CommandOutcome, Session, SessionListener, SessionStatus, Speed } from './contract.ts';
import { fixtureFileContents, fixtureFiles } from './fixture-files.ts';
import { fixtureMessages } from './fixture-messages.ts';
import { FIXTURE_NOW_US, fixtureView, type FixtureScene } from './fixture-view.ts';

/** What the fixture needs of its surroundings. */
export interface FixtureClock {
  nowMs(): number;
  /** Calls back about once a frame until the answer is called. */
  everyFrame(work: () => void): () => void;
}

const OPENING_STATUS: SessionStatus = {
  playing: false,
  speed: 1,
  reachedSpeed: null,
  host: 'fixture',
  storage: 'memory',
  storageReason: null,
  scenarios: [{ name: 'fixture', title: { en: 'Leader failover', ko: '리더 장애 조치' }, opening: { en: '', ko: '' } }],
};

/**
 * A session over a prepared picture, for work on the page: time runs, messages travel, and commands change how things look,
 * without any of Kafka's rules behind it.
 */
export function fixtureSession(scene: FixtureScene, clock: FixtureClock): Session {
  let listener: SessionListener | null = null;
  let status = OPENING_STATUS;
  let playedUs = 0;
  let sinceMs = 0;
  let lastCommand = 0;
  let changes: ((view: View) => View)[] = [];
  const events: EventView[] = [];
  let stop = (): void => undefined;

  const presentUs = (): number => FIXTURE_NOW_US + playedUs + (status.playing ? Math.floor((clock.nowMs() - sinceMs) * 1000 * status.speed) : 0);
  const settle = (): void => {
    playedUs = presentUs() - FIXTURE_NOW_US;
    sinceMs = clock.nowMs();
  };
  let shown: View = EMPTY_VIEW;
  const show = (): void => {
    const nowUs = presentUs();
    const base = fixtureView(scene, nowUs - FIXTURE_NOW_US);
    const changed = changes.reduce<View>((view, change) => change(view), { ...base, messages: fixtureMessages(scene, nowUs, FIXTURE_NOW_US) });
    shown = applyDelta(EMPTY_VIEW, wholeView({ ...changed, events: [...changed.events, ...events.map((event, i) => ({ ...event, id: 1000 + i }))] }));
    listener?.view({ ...wholeView(shown), nowUs });
  };
  const tell = (change: Partial<SessionStatus>): void => {
    settle();
    status = { ...status, ...change };
    listener?.status(status);
    show();
  };

  const beginAnew = (): void => {
    changes = [];
    events.length = 0;
    playedUs = 0;
    sinceMs = clock.nowMs();
    listener?.opened(status, null);
    show();
  };
  return {
    can: { seek: false, changeTiming: false },
    open: (to) => {
      listener = to;
      sinceMs = clock.nowMs();
      if (scene === 'loading') return;
      if (scene === 'memory') status = { ...status, storageReason: 'refused' };
      to.opened(status, null);
      show();
      if (scene === 'failed')
        to.failed({
          kind: 'divergence',
          where: 'b2',
          message: 'the trace hash of b2 differs at the mark',
          atUs: presentUs(),
          replayLink: '#/1/fixture?t=24.3s',
        });
      stop = clock.everyFrame(() => {
        if (status.playing) show();
      });
    },
    presentUs,
    play: () => tell({ playing: true }),
    pause: () => tell({ playing: false }),
    setSpeed: (speed: Speed) => tell({ speed }),
    stepToNextEvent: () => {
      settle();
      playedUs += 600_000;
      tell({ playing: false });
    },
    seekTo: () => undefined,
    send: (command: Command): Promise<CommandOutcome> => {
      const refusal = refusalOf(shown, command);
      if (refusal !== null) return Promise.resolve({ ok: false, reason: refusal });
      lastCommand++;
      const atUs = presentUs();
      for (const [host, event] of eventsOf(command, lastCommand)) events.push({ id: 0, atUs, host, event });
      changes = [...changes, (view) => changedBy(view, command, atUs)];
      show();
      return Promise.resolve({ ok: true, commandId: lastCommand });
    },
    requestShareLink: () => Promise.resolve(`#/1/fixture?t=${(presentUs() / 1_000_000).toFixed(1)}s`),
    watchFiles: (watch) => {
      if (watch !== null) listener?.files(fixtureFiles(watch));
    },
    readFiles: (_host, prefix) => Promise.resolve(fixtureFileContents(prefix)),
    openScenario: beginAnew,
    continueInMemory: () => undefined,
    close: () => stop(),
  };
}

function refusalOf(view: View, command: Command): string | null {
  if (!('machine' in command)) return null;
  const known = view.brokers.some((row) => row.host === command.machine) || view.ensemble.servers.some((row) => row.host === command.machine);
  return known ? null : `there is no machine ${command.machine}`;
}

function eventsOf(command: Command, commandId: number): [string, EventView['event']][] {
  switch (command.type) {
    case 'killProcess':
      return [[command.machine, { type: 'ProcessKilled' }]];
    case 'stopProcess':
      return [[command.machine, { type: 'ProcessStopping' }]];
    case 'pauseProcess':
      return [[command.machine, { type: 'ProcessPaused' }]];
    case 'resumeProcess':
      return [[command.machine, { type: 'ProcessResumed', waitingInputs: 3 }]];
    case 'powerOff':
      return [[command.machine, { type: 'PoweredOff', lostBytes: 640, lostFiles: [], tornFiles: [] }]];
    case 'start':
      return [[command.machine, { type: 'ProcessStarting', incarnation: 2 }]];
    case 'cutLink':
      return [[command.from, { type: 'LinkCut', to: command.to }]];
    case 'healLink':
      return [[command.from, { type: 'LinkHealed', to: command.to }]];
    case 'createTopic':
      return command.replicationFactor !== undefined && command.replicationFactor > 2
        ? [
            [
              'admin',
              {
                type: 'CommandRefused',
                client: 'admin',
                commandId,
                error: 'INVALID_REPLICATION_FACTOR',
                message: `Unable to replicate the partition ${command.replicationFactor} time(s): The target replication factor of ${command.replicationFactor} cannot be reached because only 2 broker(s) are registered.`,
              },
            ],
          ]
        : [['admin', { type: 'CommandDone', client: 'admin', commandId, text: `Created topic ${command.topic}.` }]];
    default:
      return [];
  }
}

function changedBy(view: View, command: Command, atUs: number): View {
  switch (command.type) {
    case 'killProcess':
      return withProcess(view, command.machine, { process: 'killed', processSinceUs: atUs });
    case 'stopProcess':
      return withProcess(view, command.machine, { process: 'stopped', processSinceUs: atUs });
    case 'pauseProcess':
      return withProcess(view, command.machine, { process: 'paused', processSinceUs: atUs });
    case 'powerOff':
      return withProcess(view, command.machine, { process: 'off', processSinceUs: atUs });
    case 'resumeProcess':
    case 'start':
      return withProcess(view, command.machine, { process: 'running', processSinceUs: atUs });
    case 'cutLink':
      return withLink(view, { a: command.from, b: command.to, cut: 'both', slow: false });
    case 'healLink':
      return withLink(view, { a: command.from, b: command.to, cut: 'no', slow: false });
    default:
      return view;
  }
}

function withProcess(view: View, host: string, change: Pick<BrokerView, 'process' | 'processSinceUs'>): View {
  const alive = change.process === 'running' || change.process === 'paused';
  const messages = view.messages.filter((message) => alive || (message.from !== host && message.to !== host));
  return {
    ...view,
    messages,
    brokers: view.brokers.map((row) =>
      row.host === host ? { ...row, ...change, session: alive ? 'connected' : 'none', isController: alive && row.isController } : row,
    ),
    ensemble: {
      ...view.ensemble,
      servers: view.ensemble.servers.map((row) => (row.host === host ? { ...row, process: change.process, role: alive ? row.role : 'none' } : row)),
    },
  };
}

function withLink(view: View, link: LinkView): View {
  const others = view.links.filter((row) => !((row.a === link.a && row.b === link.b) || (row.a === link.b && row.b === link.a)));
  return { ...view, links: [...others, link] };
}
