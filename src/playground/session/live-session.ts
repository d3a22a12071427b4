import type { Scenario } from '../../engine/world/scenario.ts';
import { builtInScenario, builtInScenarios } from '../scenarios/built-in-scenarios.ts';
import { firstLook } from '../scenarios/first-look.ts';
import { ENGINE_VERSION } from '../engine-version.ts';
import { decodeLink } from '../sharing/link.ts';
import type { EncodedLink, SharedRun } from '../sharing/shared-run.ts';
import type { FromRunWorker, GivenRun, RunChoice, RunStatus, ToRunWorker } from '../workers/messages.ts';
import { newRequests } from './requests.ts';
import { viewChannel } from './view-channel.ts';
import type { CommandOutcome, LinkedMoment, ScenarioChoice, Session, SessionFailure, SessionListener, SessionStatus } from './contract.ts';

/** The page opens on a cluster that already serves: so much of a built-in run is played before the first picture. */
const OPENING_MOMENT_US = 22_000_000;

/** What the session needs of the browser around it. */
export interface LiveSurroundings {
  readonly location: Location;
  /** Takes the link out of the address, so that a reload goes on with the run instead of opening the link again. */
  forgetLink(): void;
  spawnRunWorker(): Worker;
  /** Calls back about once a frame until the answer is called. */
  everyFrame(work: (wallMs: number) => void): () => void;
}

/** The session that runs the engine: a Worker that drives the run, one for its history, one for each machine. */
export function liveSession(surroundings: LiveSurroundings): Session {
  let listener: SessionListener | null = null;
  let worker: Worker | null = null;
  let stopFrames = (): void => undefined;
  let choice: GivenRun | null = null;
  /** What a link says of the moment it leads to; null when this run comes from none. */
  let linked: LinkSays | null = null;
  const commands = newRequests<CommandOutcome>();
  const shares = newRequests<EncodedLink>();
  const view = viewChannel(() => listener);

  const post = (message: ToRunWorker, transfer: Transferable[] = []): void => worker?.postMessage(message, transfer);
  const whole = (status: RunStatus): SessionStatus => ({ ...status, host: 'workers', scenarios: SCENARIOS });

  const onMessage = (message: FromRunWorker): void => {
    switch (message.type) {
      case 'opened':
        return listener?.opened(whole(message.status), linkedMoment(linked, message.traceHash));
      case 'status':
        return listener?.status(whole(message.status));
      case 'commandDone':
        return commands.answer(message.request, message.outcome);
      case 'shared':
        return shares.answer(message.request, message.link);
      case 'failed':
        return listener?.failed(message.failure);
      case 'closed':
        worker?.terminate();
        return;
    }
  };

  const start = (run: RunChoice, inMemory: boolean): void => {
    choice = run.kind === 'given' ? run : run.otherwise;
    stopFrames();
    const previous = worker;
    if (previous !== null) {
      previous.onmessage = null;
      previous.postMessage({ type: 'close' } satisfies ToRunWorker);
      setTimeout(() => previous.terminate(), 300);
    }
    worker = surroundings.spawnRunWorker();
    worker.onmessage = (event: MessageEvent) => onMessage(event.data as FromRunWorker);
    worker.onerror = (event) => listener?.failed({ kind: 'assertion', where: 'worker', message: event.message, atUs: view.presentUs(), replayLink: null });
    const viewPort = view.open();
    post({ type: 'open', choice: run, viewPort, inMemory }, [viewPort]);
    stopFrames = surroundings.everyFrame((wallMs) => {
      post({ type: 'frame', wallMs });
      view.want();
    });
  };

  return {
    can: { seek: false, changeTiming: true },
    open: (to) => {
      listener = to;
      const { choice: opening, problem, says } = choiceOf(surroundings);
      linked = says;
      start(opening, false);
      if (problem !== null) to.failed(problem);
    },
    presentUs: view.presentUs,
    play: () => post({ type: 'play' }),
    pause: () => post({ type: 'pause' }),
    setSpeed: (speed) => post({ type: 'speed', speed }),
    stepToNextEvent: () => post({ type: 'stepToNextEvent' }),
    seekTo: () => undefined,
    send: (command) => commands.ask((request) => post({ type: 'command', request, command })),
    requestShareLink: async () => {
      const link = await shares.ask((request) => post({ type: 'share', request }));
      if (!link.ok) throw new Error(link.reason);
      return `${surroundings.location.href.split('#')[0] ?? ''}${link.link}`;
    },
    watchFiles: view.watchFiles,
    readFiles: view.readFiles,
    openScenario: (wanted) => {
      linked = null;
      start({ kind: 'given', ...givenScenario(wanted) }, false);
    },
    continueInMemory: () => {
      if (choice !== null) start({ kind: 'given', ...choice }, true);
    },
    close: () => {
      stopFrames();
      post({ type: 'close' });
    },
  };
}

const SCENARIOS = builtInScenarios.map(({ name, title, text }) => ({ name, title, opening: { en: openingOf(text?.en), ko: openingOf(text?.ko) } }));

/** The first paragraph of a scenario's text. */
function openingOf(text: string | undefined): string {
  return text?.split('\n\n')[0] ?? '';
}

/** A built-in scenario at its opening moment; an unknown name is the first one. */
function givenScenario(wanted: ScenarioChoice): GivenRun {
  const found = builtInScenario(wanted.name) ?? firstLook;
  const scenario: Scenario = wanted.timing === undefined ? found : { ...found, cluster: { ...found.cluster, timing: wanted.timing } };
  return { scenario, seed: wanted.seed ?? scenario.seed, script: 'played', commands: [], momentUs: OPENING_MOMENT_US, traceHash: null };
}

/** What a link says of its moment. */
type LinkSays = Pick<SharedRun, 'engineVersion' | 'traceHash'>;

function linkedMoment(says: LinkSays | null, came: string): LinkedMoment | null {
  return says === null || says.traceHash === null
    ? null
    : { said: says.traceHash, came, otherEngine: says.engineVersion !== null && says.engineVersion !== ENGINE_VERSION };
}

/** What the address of the page asks for: a link's run, or whatever was left here before, or the first scenario. */
function choiceOf(surroundings: LiveSurroundings): { readonly choice: RunChoice; readonly problem: SessionFailure | null; readonly says: LinkSays | null } {
  const otherwise: RunChoice = { kind: 'resume', otherwise: givenScenario({ name: firstLook.name }) };
  const { hash } = surroundings.location;
  if (!hash.startsWith('#/')) return { choice: otherwise, problem: null, says: null };
  const decoded = decodeLink(hash);
  if (!decoded.ok)
    return {
      choice: otherwise,
      problem: { kind: 'link', where: `character ${decoded.position}`, message: decoded.reason, atUs: 0, replayLink: null },
      says: null,
    };
  const { scenario, seed, script, commands, momentUs, traceHash } = decoded.run;
  surroundings.forgetLink();
  return {
    choice: { kind: 'given', scenario, seed, script, commands, momentUs: momentUs === 0 && script === 'played' ? OPENING_MOMENT_US : momentUs, traceHash },
    problem: null,
    says: decoded.run,
  };
}
