// @vitest-environment happy-dom
import { act } from 'react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Command } from '../../engine/world/command.ts';
import { startPlayground, type Playground } from '../../playground/playground.ts';
import type { Session } from '../../playground/session/contract.ts';
import { fixtureSession } from '../../playground/session/fixture-session.ts';
import type { FixtureScene } from '../../playground/session/fixture-view.ts';
import { changeLook } from '../../playground/store/playground-store.ts';
import { mountPage } from './mount.tsx';

interface Shown {
  readonly playground: Playground;
  readonly commands: Command[];
}

let unmount: (() => void) | null = null;

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  Object.defineProperty(HTMLElement.prototype, 'clientWidth', { configurable: true, get: () => 1120 });
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, get: () => 712 });
});

afterEach(() => {
  act(() => unmount?.());
  unmount = null;
  document.body.innerHTML = '';
});

async function show(scene: FixtureScene, language: 'en' | 'ko' = 'en'): Promise<Shown> {
  const commands: Command[] = [];
  const inner = fixtureSession(scene, { nowMs: () => 0, everyFrame: () => () => undefined });
  const session: Session = { ...inner, send: (command) => (commands.push(command), inner.send(command)) };
  const container = document.createElement('div');
  document.body.append(container);
  const playground = startPlayground(session, { language, theme: 'dark' });
  await act(async () => {
    unmount = mountPage(container, playground);
    await Promise.resolve();
  });
  return { playground, commands };
}

function labelled(label: RegExp): HTMLElement {
  const found = Array.from(document.querySelectorAll<HTMLElement>('[aria-label]')).find((element) => label.test(element.getAttribute('aria-label') ?? ''));
  if (found === undefined) throw new Error(`expected something labelled ${String(label)}`);
  return found;
}

async function press(element: Element, key?: string): Promise<void> {
  await act(async () => {
    element.dispatchEvent(
      key === undefined ? new MouseEvent('click', { bubbles: true }) : new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }),
    );
    await Promise.resolve();
  });
}

function menuItem(text: string): HTMLElement {
  const found = Array.from(document.querySelectorAll<HTMLElement>('[role="menuitem"]')).find((item) => item.textContent?.startsWith(text));
  if (found === undefined) throw new Error(`expected the menu item ${text}`);
  return found;
}

describe('the page', () => {
  test('[R2] every broker, server, client and cable can be reached and has a name', async () => {
    await show('failover');
    for (const label of [
      /^Broker 1, killed/,
      /^Broker 2, running/,
      /^zk1, leader/,
      /^producer producer-1/,
      /^consumer consumer-1/,
      /^Cable Broker 2 – Broker 3: whole/,
      /^orders-1: leader/,
    ]) {
      expect(labelled(label).getAttribute('tabindex'), String(label)).toBe('0');
    }
  });

  test('[R2] Enter on a broker opens its menu; kill gives the command; Escape closes it', async () => {
    const { commands } = await show('failover');
    await press(labelled(/^Broker 2, running/), 'Enter');
    await press(menuItem('Kill'));
    expect(commands).toEqual([{ type: 'killProcess', machine: 'b2' }]);
    expect(labelled(/^Broker 2, killed/)).toBeTruthy();
    await press(labelled(/^Broker 3, running/), 'Enter');
    await press(labelled(/^Broker 3$/), 'Escape');
    expect(document.querySelector('[role="menu"]')).toBeNull();
  });

  test('[R2] a cable is cut and healed by the keyboard', async () => {
    const { commands } = await show('failover');
    await press(labelled(/^Cable Broker 2 – Broker 3: whole/), 'Enter');
    await press(menuItem('Cut the cable'));
    await press(labelled(/^Cable Broker 2 – Broker 3: cut/), ' ');
    await press(menuItem('Heal the cable'));
    expect(commands.map((command) => command.type)).toEqual(['cutLink', 'healLink']);
  });

  test('[R3] another partition takes the focus when it is pressed', async () => {
    const { playground } = await show('failover');
    await press(labelled(/^orders-2: leader/));
    expect(playground.store.getState().look.chosenPartition).toBe('orders-2');
    expect(document.querySelector('.side h3')?.textContent).toBe('orders-2');
  });

  test('[R4] a topic that Kafka refuses: its error and words stand in the dialog', async () => {
    const { playground } = await show('failover');
    await act(async () => changeLook(playground.store, { dialog: 'createTopic' }));
    await act(async () => {
      const name = document.querySelector<HTMLInputElement>('dialog input');
      if (name === null) throw new Error('expected a name field');
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set?.call(name, 'clicks');
      name.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await act(async () => {
      document.querySelector('dialog form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
      await Promise.resolve();
    });
    await act(async () => Promise.resolve());
    expect(document.querySelector('dialog [role="alert"]')?.textContent).toContain('INVALID_REPLICATION_FACTOR');
  });

  test('[R5] the language changes every word at once', async () => {
    await show('failover', 'ko');
    expect(labelled(/^브로커 2, 실행 중/)).toBeTruthy();
    expect(document.querySelector('.narrator-line')?.textContent).toContain('브로커 2를 뽑았습니다');
    expect(document.documentElement.lang).toBe('ko');
  });

  test('[R6] loading, failed and memory-only say so', async () => {
    await show('loading');
    expect(document.querySelector('.overlay')?.textContent).toContain('Starting the cluster');
    act(() => unmount?.());
    await show('failed');
    expect(document.querySelector('.overlay [role="alert"], .overlay[role="alert"]')?.textContent).toContain('the trace hash of b2 differs');
    expect(document.querySelector('.overlay a')?.getAttribute('href')).toBe('#/1/fixture?t=24.3s');
    act(() => unmount?.());
    await show('memory');
    expect(document.querySelector('.banner')?.textContent).toContain('memory only');
  });

  test('[R7] text from a run is only ever text', async () => {
    const { playground } = await show('failover');
    await act(async () =>
      playground.store.setState((state) => ({ view: { ...state.view, run: { ...state.view.run, title: { en: '<img src=x onerror=alert(1)>', ko: '' } } } })),
    );
    expect(document.querySelector('img')).toBeNull();
    expect(document.querySelector('.crumb')?.textContent).toContain('<img src=x');
  });
});
