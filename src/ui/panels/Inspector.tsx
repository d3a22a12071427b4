import { useId, type KeyboardEvent } from 'react';
import { changeLook, type PanelTab } from '../../playground/store/playground-store.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { ConfigsPanel } from './ConfigsPanel.tsx';
import { DetailsPanel } from './DetailsPanel.tsx';
import { EventsPanel } from './EventsPanel.tsx';
import { LensPanel } from './LensPanel.tsx';

const TABS: readonly PanelTab[] = ['lens', 'details', 'events', 'configs'];

/** The side panel. Only the open tab is rendered. */
export function Inspector() {
  const { playground } = usePage();
  const words = useWords();
  const tab = usePlayground((state) => state.look.tab);
  const id = useId();
  const isOpen = usePlayground((state) => state.look.panelOpen);
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length];
    if (by === 0 || next === undefined) return;
    event.preventDefault();
    changeLook(playground.store, { tab: next });
    document.getElementById(`${id}-${next}`)?.focus();
  };
  return (
    <aside className={isOpen ? 'side open' : 'side'} aria-label={words.panel.label}>
      <div className="tabs" role="tablist" onKeyDown={onKeyDown}>
        {TABS.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === tab}
            aria-controls={`${id}-panel`}
            tabIndex={name === tab ? 0 : -1}
            onClick={() => changeLook(playground.store, { tab: name })}
          >
            {words.panel.tabs[name]}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${tab}`} tabIndex={0}>
        <TabContent tab={tab} />
      </div>
    </aside>
  );
}

export function TabContent({ tab }: { readonly tab: PanelTab }) {
  switch (tab) {
    case 'lens':
      return <LensPanel />;
    case 'details':
      return <DetailsPanel />;
    case 'events':
      return <EventsPanel />;
    default:
      return <ConfigsPanel />;
  }
}
