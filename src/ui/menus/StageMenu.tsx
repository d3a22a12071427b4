import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { changeLook, type OpenMenu } from '../../playground/store/playground-store.ts';
import { isCut } from '../../playground/store/selectors.ts';
import { usePage, usePlayground, useWords } from '../app/playground-context.tsx';
import { Icon } from '../components/Icon.tsx';
import type { IconName } from '../components/icons.ts';
import { brokerIdOf } from '../../projection/narration/words.ts';
import { clamp } from '../layout/geometry.ts';
import { actionText, keepsFiles, machineActions, peersOf } from './machine-actions.ts';
import { ACTION_ICONS, hintOf } from './MachineActions.tsx';
import { useSend } from './use-send.ts';

/** The menu of the thing that was pressed on the stage. */
export function StageMenu() {
  const menu = usePlayground((state) => state.look.menu);
  if (menu === null) return null;
  return menu.kind === 'machine' ? <MachineMenu key={menu.host} menu={menu} /> : <LinkMenu key={`${menu.host} ${menu.peer ?? ''}`} menu={menu} />;
}

function MachineMenu({ menu }: { readonly menu: OpenMenu }) {
  const { playground } = usePage();
  const words = useWords();
  const send = useSend();
  const view = usePlayground((state) => state.view);
  const { host } = menu;
  const isProducer = view.producers.some((row) => row.host === host);
  const brokerId = brokerIdOf(host);
  return (
    <Popover menu={menu} title={brokerId === null ? host : words.stage.broker(brokerId)}>
      {isProducer ? (
        <Item icon="antenna" text={words.menu.send} hint="" onPress={() => changeLook(playground.store, { menu: null, dialog: 'produce' })} />
      ) : null}
      {machineActions(view, host).map((action) => (
        <Item
          key={action.id + (action.dir ?? '')}
          icon={ACTION_ICONS[action.id]}
          text={actionText(words, action)}
          hint={hintOf(words, action.id, !keepsFiles(view, host))}
          onPress={() => send(action.commands)}
        />
      ))}
      {keepsFiles(view, host) ? (
        <Item
          icon="list"
          text={words.files.open}
          hint={words.files.openHint}
          onPress={() => changeLook(playground.store, { menu: null, files: { host, path: null, from: 0, dropped: null } })}
        />
      ) : null}
      <Item
        icon="info"
        text={words.menu.details}
        hint=""
        onPress={() => changeLook(playground.store, { menu: null, tab: 'details', phonePart: 'details', panelOpen: true, selected: { kind: 'machine', host } })}
      />
      <p className="menu-head" role="presentation">
        {words.menu.cables}
      </p>
      <div className="cables" role="presentation">
        {peersOf(view, host).map((peer) => {
          const cut = isCut(view.links, host, peer);
          return (
            <button
              key={peer}
              type="button"
              role="menuitemcheckbox"
              aria-checked={!cut}
              tabIndex={-1}
              className={cut ? 'cable-chip cut' : 'cable-chip'}
              aria-label={words.stage.linkAria(host, peer, cut ? words.stage.linkCut : words.stage.linkWhole)}
              onClick={() => send([{ type: cut ? 'healLink' : 'cutLink', from: host, to: peer }])}
            >
              <Icon name={cut ? 'cross' : 'cable'} size={12} />
              {peer}
            </button>
          );
        })}
      </div>
    </Popover>
  );
}

function LinkMenu({ menu }: { readonly menu: OpenMenu }) {
  const words = useWords();
  const send = useSend();
  const links = usePlayground((state) => state.view.links);
  const peer = menu.peer ?? '';
  const cut = isCut(links, menu.host, peer);
  return (
    <Popover menu={menu} title={`${menu.host} – ${peer}`}>
      <Item
        icon={cut ? 'cable' : 'cut'}
        text={cut ? words.menu.heal : words.menu.cut}
        hint=""
        onPress={() => send([{ type: cut ? 'healLink' : 'cutLink', from: menu.host, to: peer }])}
      />
    </Popover>
  );
}

interface ItemProps {
  readonly icon: IconName;
  readonly text: string;
  readonly hint: string;
  readonly onPress: () => void;
}

function Item({ icon, text, hint, onPress }: ItemProps) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} className="menu-item" onClick={onPress}>
      <Icon name={icon} size={15} />
      <span>{text}</span>
      <small>{hint}</small>
    </button>
  );
}

const EDGE = 8;

/** Stands where it was opened, within the window; arrow keys move, Escape closes and gives the focus back. */
function Popover({ menu, title, children }: { readonly menu: OpenMenu; readonly title: string; readonly children: ReactNode }) {
  const { playground } = usePage();
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<{ left: number; top: number } | null>(null);
  const close = (): void => changeLook(playground.store, { menu: null });

  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const { width, height } = element.getBoundingClientRect();
    setPlace({
      left: clamp(menu.at.x + 6, EDGE, Math.max(EDGE, window.innerWidth - width - EDGE)),
      top: clamp(menu.at.y + 6, EDGE, Math.max(EDGE, window.innerHeight - height - EDGE)),
    });
  }, [menu.at]);

  useEffect(() => {
    const before = document.activeElement;
    itemsOf(box.current)[0]?.focus();
    return () => {
      if (before instanceof HTMLElement || before instanceof SVGElement) before.focus();
    };
  }, []);

  useEffect(() => {
    const onPointerDown = (event: PointerEvent): void => {
      if (event.target instanceof Node && box.current?.contains(event.target) !== true) changeLook(playground.store, { menu: null });
    };
    window.addEventListener('pointerdown', onPointerDown, true);
    return () => window.removeEventListener('pointerdown', onPointerDown, true);
  }, [playground]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const items = itemsOf(box.current);
    const at = items.findIndex((item) => item === document.activeElement);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: items.length - 1,
    };
    const next = moves[event.key];
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      close();
    } else if (next !== undefined) {
      event.preventDefault();
      items[(next + items.length) % items.length]?.focus();
    }
  };

  return (
    <div
      ref={box}
      className="menu"
      role="menu"
      aria-label={title}
      onKeyDown={onKeyDown}
      style={place === null ? { left: menu.at.x, top: menu.at.y, opacity: 0 } : place}
    >
      <p className="menu-title" role="presentation">
        {title}
      </p>
      {children}
    </div>
  );
}

function itemsOf(box: HTMLElement | null): HTMLElement[] {
  return box === null ? [] : Array.from(box.querySelectorAll<HTMLElement>('[role^="menuitem"]'));
}
