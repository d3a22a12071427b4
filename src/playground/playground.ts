import { createActor } from 'xstate';
import type { Session, ScenarioChoice } from './session/contract.ts';
import { sessionLifecycle } from './session/lifecycle.ts';
import { createTraffic, type Traffic } from './store/traffic.ts';
import { applyView, createPlaygroundStore, forgetView, type PlaygroundState, type PlaygroundStore, type Preferences } from './store/playground-store.ts';

/** The application without React: one store, one session, and the life they share. */
export interface Playground {
  readonly store: PlaygroundStore;
  readonly session: Session;
  /** For the wave under the timeline. */
  readonly traffic: Traffic;
  /** Starts another run. */
  openScenario(choice: ScenarioChoice): void;
  /** Plays the run on without its storage, after that failed. */
  continueInMemory(): void;
  /** Ends the session and everything with it. */
  close(): void;
}

/** Opens the session and keeps the store up to date with it. */
export function startPlayground(session: Session, preferences: Preferences): Playground {
  const store = createPlaygroundStore(preferences);
  const traffic = createTraffic();
  const lifecycle = createActor(sessionLifecycle);
  lifecycle.subscribe((snapshot) => {
    const phase: PlaygroundState['phase'] = snapshot.matches('failed')
      ? 'failed'
      : snapshot.matches({ live: 'playing' })
        ? 'playing'
        : snapshot.matches({ live: 'paused' })
          ? 'paused'
          : 'loading';
    store.setState({ phase, status: snapshot.context.status, failure: snapshot.context.failure });
  });
  lifecycle.start();
  session.open({
    opened: (status, linkedMoment) => {
      store.setState({ linkedMoment });
      lifecycle.send({ type: 'opened', status });
    },
    view: (delta) => {
      if (delta.messages !== undefined) traffic.see(delta.messages);
      applyView(store, delta);
    },
    files: (files) => store.setState({ files }),
    status: (status) => lifecycle.send({ type: 'status', status }),
    failed: (failure) => lifecycle.send({ type: 'failed', failure }),
  });
  const beginAnew = (): void => {
    traffic.forget();
    lifecycle.send({ type: 'reopen' });
    forgetView(store);
  };
  // Only an open panel holds the subscription.
  const forgetFiles = store.subscribe((state, before) => {
    const [now, then] = [state.look.files, before.look.files];
    if (now?.host === then?.host && now?.path === then?.path && now?.from === then?.from && (now?.dropped === null) === (then?.dropped === null)) return;
    if (now?.host !== then?.host) store.setState({ files: null });
    session.watchFiles(now === null || now.dropped !== null ? null : { host: now.host, path: now.path, from: now.from });
  });
  return {
    store,
    session,
    traffic,
    openScenario: (choice) => {
      beginAnew();
      session.openScenario(choice);
    },
    continueInMemory: () => {
      beginAnew();
      session.continueInMemory();
    },
    close: () => {
      forgetFiles();
      session.close();
      lifecycle.stop();
    },
  };
}
