import { useState, type ReactNode } from 'react';
import type { LinkedMoment, SessionFailure } from '../../playground/session/contract.ts';
import type { EventView } from '../../projection/view.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon, Logo } from '../components/Icon.tsx';
import { clockText } from '../layout/timeline-layout.ts';

export function Loading() {
  const words = useWords();
  return (
    <div className="overlay" role="status">
      <div className="overlay-card">
        <Logo />
        <h2>{words.states.loading}</h2>
        <p>{words.states.loadingHint}</p>
      </div>
    </div>
  );
}

/** What failed and where, with a link that leads there again. */
export function Failed({ failure }: { readonly failure: SessionFailure }) {
  const { playground } = usePage();
  const words = useWords();
  const scenario = usePlayground((state) => state.view.run.scenario);
  const first = usePlayground((state) => state.status?.scenarios[0]?.name ?? '');
  const [copied, setCopied] = useState(false);
  const copy = (link: string): void => {
    navigator.clipboard.writeText(new URL(link, window.location.href).href).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div className="overlay" role="alert">
      <div className="overlay-card failed">
        <h2>
          <Icon name="warning" size={20} />
          {words.states.failedTitle}
        </h2>
        <p>{words.states.failedKinds[failure.kind]}</p>
        <dl className="pairs">
          <div>
            <dt>{words.states.failedWhere}</dt>
            <dd className="mono">{failure.where}</dd>
          </div>
          <div>
            <dt>{words.states.failedWhen}</dt>
            <dd className="mono">{clockText(failure.atUs, 'millis')}</dd>
          </div>
        </dl>
        <pre>{failure.message}</pre>
        <div className="actions">
          {failure.replayLink === null ? null : (
            <>
              <a className="btn pri" href={failure.replayLink}>
                <Icon name="play" size={13} />
                {words.states.replay}
              </a>
              <button type="button" className="btn" onClick={() => copy(failure.replayLink ?? '')}>
                <Icon name={copied ? 'check' : 'share'} size={13} />
                {copied ? words.header.shared : words.states.copyLink}
              </button>
            </>
          )}
          {failure.kind === 'storage' ? (
            <button type="button" className="btn" onClick={() => playground.continueInMemory()}>
              {words.states.inMemory}
            </button>
          ) : null}
          <button type="button" className="btn" onClick={() => playground.openScenario({ name: scenario === '' ? first : scenario })}>
            {words.states.newRun}
          </button>
        </div>
      </div>
    </div>
  );
}

/** Says whether the moment that a link leads to came out as the link says. An equal one has been seen once it moves on. */
export function MomentBanner() {
  const words = useWords();
  const moment = usePlayground((state) => state.linkedMoment);
  const isPlaying = usePlayground((state) => state.phase === 'playing');
  const [dismissed, setDismissed] = useState<LinkedMoment | null>(null);
  if (moment === null || moment === dismissed || (isPlaying && moment.said === moment.came)) return null;
  return (
    <div className="banner" role="status">
      <Icon name={moment.said === moment.came ? 'check' : 'warning'} size={15} />
      <span>{moment.said === moment.came ? words.states.momentEqual(moment.came) : words.states.momentDiffers(moment)}</span>
      <button type="button" className="btn icon ghost small" onClick={() => setDismissed(moment)} aria-label={words.states.dismiss}>
        <Icon name="cross" size={12} />
      </button>
    </div>
  );
}

/** Says that nothing outlives this page, and why; after a reload, what it was that did not. */
export function MemoryBanner() {
  const { memoryOnlySinceUs } = usePage();
  const words = useWords();
  const reason = usePlayground((state) => state.status?.storageReason ?? null);
  const lost = usePlayground((state) => (memoryOnlySinceUs !== null && wasReloaded(state.view.events) ? clockText(memoryOnlySinceUs, 'millis') : null));
  return (
    <>
      {lost === null ? null : <Banner>{words.states.memoryLost(lost)}</Banner>}
      {reason === null ? null : (
        <Banner>
          {reason === 'evicted' ? (
            words.states.evicted
          ) : (
            <>
              <b>{words.states.memory}</b>: {words.states.memoryReasons[reason]}
            </>
          )}
        </Banner>
      )}
    </>
  );
}

function wasReloaded(events: readonly EventView[]): boolean {
  return events.some((told) => told.event.type === 'SiteReloaded');
}

function Banner({ children }: { readonly children: ReactNode }) {
  const words = useWords();
  const [dismissed, setDismissed] = useState(false);
  if (dismissed) return null;
  return (
    <div className="banner" role="status">
      <Icon name="disk" size={15} />
      <span>{children}</span>
      <button type="button" className="btn icon ghost small" onClick={() => setDismissed(true)} aria-label={words.states.dismiss}>
        <Icon name="cross" size={12} />
      </button>
    </div>
  );
}
