import { changeLook, changePreferences, type PlaygroundState } from '../../playground/store/playground-store.ts';
import { focusKey } from '../../playground/store/selectors.ts';
import { Icon, Logo } from '../components/Icon.tsx';
import type { IconName } from '../components/icons.ts';
import { Narrator } from '../narrator/Narrator.tsx';
import { FilesPanel } from '../panels/files/FilesPanel.tsx';
import { TabContent } from '../panels/Inspector.tsx';
import { Stage } from '../stage/Stage.tsx';
import { Timeline } from '../timeline/Timeline.tsx';
import { Transport } from '../timeline/Transport.tsx';
import { InvariantsPill, ShareButton } from './Header.tsx';
import { usePage, usePlayground, useWords } from './playground-context.tsx';
import { MemoryBanner, MomentBanner } from './RunStates.tsx';

type PhonePart = PlaygroundState['look']['phonePart'];

/** One part at a time, everything thumb-sized. */
export function PhonePage() {
  const part = usePlayground((state) => state.look.phonePart);
  const files = usePlayground((state) => state.look.files);
  return (
    <div className="app phone">
      <PhoneHeader />
      <PartitionPicks />
      <main className="main">
        <MemoryBanner />
        <MomentBanner />
        {files !== null ? (
          <FilesPanel look={files} isPhone />
        ) : part === 'stage' ? (
          <Stage />
        ) : (
          <div className="phone-panel">
            <TabContent tab={part} />
          </div>
        )}
      </main>
      <Narrator />
      <div className="time">
        <Transport />
        <Timeline />
      </div>
      <PhoneNav />
    </div>
  );
}

function PhoneHeader() {
  const title = usePlayground((state) => state.view.run.title[state.preferences.language]);
  return (
    <header className="top">
      <div className="logo">
        <Logo />
        <span className="phone-title">{title}</span>
      </div>
      <span className="spacer" />
      <InvariantsPill />
      <ShareButton />
      <MoreMenu />
    </header>
  );
}

/** Everything that has its own button on a wide page. */
function MoreMenu() {
  const { playground } = usePage();
  const words = useWords();
  const preferences = usePlayground((state) => state.preferences);
  const items: readonly { readonly icon: IconName; readonly text: string; readonly press: () => void }[] = [
    { icon: 'book', text: words.header.scenarios, press: () => changeLook(playground.store, { dialog: 'scenarios' }) },
    { icon: 'plus', text: words.stage.topic, press: () => changeLook(playground.store, { dialog: 'createTopic' }) },
    { icon: 'plus', text: words.stage.producer, press: () => changeLook(playground.store, { dialog: 'addProducer' }) },
    { icon: 'plus', text: words.stage.consumer, press: () => changeLook(playground.store, { dialog: 'addConsumer' }) },
    { icon: 'plus', text: words.stage.brokerWord, press: () => changeLook(playground.store, { dialog: 'addBroker' }) },
    { icon: 'layers', text: words.codecs.title, press: () => changeLook(playground.store, { dialog: 'compareCodecs' }) },
    { icon: 'antenna', text: words.menu.send, press: () => changeLook(playground.store, { dialog: 'produce' }) },
    {
      icon: preferences.theme === 'dark' ? 'sun' : 'moon',
      text: preferences.theme === 'dark' ? words.theme.toLight : words.theme.toDark,
      press: () => changePreferences(playground.store, { theme: preferences.theme === 'dark' ? 'light' : 'dark' }),
    },
    { icon: 'info', text: words.language.other, press: () => changePreferences(playground.store, { language: preferences.language === 'en' ? 'ko' : 'en' }) },
  ];
  return (
    <details className="more">
      <summary className="btn icon" aria-label={words.header.more}>
        <Icon name="dots" size={17} />
      </summary>
      <div className="more-items">
        {items.map((item) => (
          <button
            key={item.text}
            type="button"
            className="menu-item"
            onClick={(event) => {
              event.currentTarget.closest('details')?.removeAttribute('open');
              item.press();
            }}
          >
            <Icon name={item.icon} size={15} />
            <span>{item.text}</span>
          </button>
        ))}
      </div>
    </details>
  );
}

function PartitionPicks() {
  const { playground } = usePage();
  const words = useWords();
  const partitions = usePlayground((state) => state.view.partitions);
  const focus = usePlayground(focusKey);
  return (
    <div className="picks" role="radiogroup" aria-label={words.phone.partitions}>
      {partitions.map((row) => (
        <button
          key={row.key}
          type="button"
          role="radio"
          aria-checked={row.key === focus}
          className="pill"
          onClick={() => changeLook(playground.store, { chosenPartition: row.key })}
        >
          {row.key}
        </button>
      ))}
    </div>
  );
}

const PARTS: readonly { readonly part: PhonePart; readonly icon: IconName }[] = [
  { part: 'stage', icon: 'layers' },
  { part: 'lens', icon: 'search' },
  { part: 'events', icon: 'list' },
  { part: 'details', icon: 'info' },
  { part: 'configs', icon: 'gear' },
];

function PhoneNav() {
  const { playground } = usePage();
  const words = useWords();
  const current = usePlayground((state) => state.look.phonePart);
  return (
    <nav className="nav" aria-label={words.phone.nav}>
      {PARTS.map(({ part, icon }) => (
        <button
          key={part}
          type="button"
          aria-current={part === current ? 'page' : undefined}
          onClick={() => changeLook(playground.store, { files: null, phonePart: part, ...(part === 'stage' ? {} : { tab: part }) })}
        >
          <Icon name={icon} size={20} />
          {part === 'stage' ? words.phone.stage : words.panel.tabs[part]}
        </button>
      ))}
    </nav>
  );
}
