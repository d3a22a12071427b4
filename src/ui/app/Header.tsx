import { useEffect, useRef, useState } from 'react';
import { changeLook, changePreferences } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { showNotice } from '../components/notices.ts';
import { Icon, Logo } from '../components/Icon.tsx';

/** What runs here, whether it is sound, and how to take it along. */
export function Header() {
  const words = useWords();
  return (
    <header className="top">
      <div className="logo">
        <Logo />
        <span className="logo-word" title={words.header.source}>
          {words.appName}
        </span>
      </div>
      <RunTitle />
      <span className="spacer" />
      <InvariantsPill />
      <AddButtons />
      <TimingSegment />
      <LanguageButton />
      <ThemeButton />
      <ScenariosButton />
      <ShareButton />
      <PanelButton />
    </header>
  );
}

function RunTitle() {
  const language = usePlayground((state) => state.preferences.language);
  const title = usePlayground((state) => state.view.run.title[state.preferences.language]);
  const facts = usePlayground((state) => state.view.run.facts);
  return (
    <div className="crumb" lang={language}>
      <b>{title}</b>
      <span className="crumb-facts">{facts}</span>
    </div>
  );
}

export function InvariantsPill() {
  const { playground } = usePage();
  const words = useWords();
  const invariants = usePlayground((state) => state.view.invariants);
  const holding = invariants.filter((row) => row.holds).length;
  const all = invariants.length;
  const ok = holding === all;
  const text = all === 0 ? words.header.invariantsNone : words.header.invariantsHold(holding, all);
  return (
    <button
      type="button"
      className={`pill ${all === 0 ? '' : ok ? 'ok' : 'bad'}`}
      onClick={() => changeLook(playground.store, { tab: 'configs', phonePart: 'configs', panelOpen: true })}
      aria-label={text}
    >
      <Icon name={ok ? 'shield' : 'shieldBroken'} size={14} />
      <span className="pill-long">{text}</span>
      <span className="pill-short">{words.header.invariantsShort(holding, all)}</span>
    </button>
  );
}

function AddButtons() {
  const { playground } = usePage();
  const words = useWords();
  return (
    <div className="seg add-buttons">
      <button type="button" onClick={() => changeLook(playground.store, { dialog: 'createTopic' })} aria-label={words.stage.add(words.stage.topic)}>
        <Icon name="plus" size={12} />
        {words.stage.topic}
      </button>
      <button type="button" onClick={() => changeLook(playground.store, { dialog: 'addBroker' })} aria-label={words.stage.add(words.stage.brokerWord)}>
        <Icon name="plus" size={12} />
        {words.stage.brokerWord}
      </button>
    </div>
  );
}

function TimingSegment() {
  const { playground } = usePage();
  const words = useWords();
  const timing = usePlayground((state) => state.view.run.timing);
  const scenario = usePlayground((state) => state.view.run.scenario);
  return (
    <div className="seg timing" role="radiogroup" aria-label={words.header.timing}>
      {(['classroom', 'kafka'] as const).map((name) => (
        <button
          key={name}
          type="button"
          role="radio"
          aria-checked={timing === name}
          disabled={timing !== name && !playground.session.can.changeTiming}
          title={words.header.timingHint(words.timing[name])}
          onClick={() => (timing === name ? undefined : playground.openScenario({ name: scenario, timing: name }))}
        >
          {words.timing[name]}
        </button>
      ))}
    </div>
  );
}

function LanguageButton() {
  const { playground } = usePage();
  const words = useWords();
  const language = usePlayground((state) => state.preferences.language);
  return (
    <button
      type="button"
      className="btn ghost language"
      lang={language === 'en' ? 'ko' : 'en'}
      aria-label={words.language.switch}
      onClick={() => changePreferences(playground.store, { language: language === 'en' ? 'ko' : 'en' })}
    >
      {words.language.other}
    </button>
  );
}

function ThemeButton() {
  const { playground } = usePage();
  const words = useWords();
  const theme = usePlayground((state) => state.preferences.theme);
  const label = theme === 'dark' ? words.theme.toLight : words.theme.toDark;
  return (
    <button
      type="button"
      className="btn icon theme"
      aria-label={label}
      title={label}
      onClick={() => changePreferences(playground.store, { theme: theme === 'dark' ? 'light' : 'dark' })}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} size={16} />
    </button>
  );
}

function ScenariosButton() {
  const { playground } = usePage();
  const words = useWords();
  return (
    <button type="button" className="btn scenarios" onClick={() => changeLook(playground.store, { dialog: 'scenarios' })} aria-label={words.header.scenarios}>
      <Icon name="book" size={15} />
      <span className="btn-word">{words.header.scenarios}</span>
    </button>
  );
}

/** Only on a page too narrow for the panel beside the stage. */
function PanelButton() {
  const { playground } = usePage();
  const words = useWords();
  const isOpen = usePlayground((state) => state.look.panelOpen);
  return (
    <button
      type="button"
      className="btn icon panel-toggle"
      aria-label={words.panel.label}
      aria-expanded={isOpen}
      onClick={() => changeLook(playground.store, { panelOpen: !isOpen })}
    >
      <Icon name="panel" size={16} />
    </button>
  );
}

const SAID_MS = 2500;

/** Copies the link, puts it into the address bar, and says so. */
export function ShareButton() {
  const { playground } = usePage();
  const words = useWords();
  const [said, setSaid] = useState<'nothing' | 'copied' | 'failed'>('nothing');
  const timer = useRef<number | null>(null);
  useEffect(() => () => (timer.current === null ? undefined : window.clearTimeout(timer.current)), []);
  const share = async (): Promise<void> => {
    const link = await playground.session.requestShareLink().catch((error: unknown) => {
      showNotice({ kind: 'refused', text: error instanceof Error ? error.message : String(error) });
      return null;
    });
    if (link === null) return;
    const whole = new URL(link, window.location.href).href;
    setSaid((await copyText(whole)) ? 'copied' : 'failed');
    if (timer.current !== null) window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setSaid('nothing'), SAID_MS);
  };
  const text = said === 'copied' ? words.header.shared : said === 'failed' ? words.header.shareFailed : words.header.share;
  return (
    <button type="button" className="btn pri share" onClick={() => void share()} aria-label={text}>
      <Icon name={said === 'copied' ? 'check' : 'share'} size={15} />
      <span className="btn-word" role="status">
        {text}
      </span>
    </button>
  );
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
