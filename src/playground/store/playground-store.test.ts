import { describe, expect, test } from 'vitest';
import type { PartitionView } from '../../projection/view.ts';
import { applyView, changeLook, createPlaygroundStore, forgetView } from './playground-store.ts';
import { focusKey, focusPartition } from './selectors.ts';

function partition(topic: string, number: number): PartitionView {
  return {
    key: `${topic}-${number}`,
    topic,
    partition: number,
    replicas: [1],
    adding: [],
    removing: [],
    leader: 1,
    leaderEpoch: 0,
    isr: [1],
    partitionEpoch: 0,
  };
}

function storeWith(...rows: readonly PartitionView[]): ReturnType<typeof createPlaygroundStore> {
  const store = createPlaygroundStore({ language: 'en', theme: 'dark' });
  applyView(store, { nowUs: 1, partitions: { order: rows.map((row) => row.key), changed: rows } });
  return store;
}

describe('the store', () => {
  test('[R1] a frame without news leaves every selected thing as it was', () => {
    const store = storeWith(partition('orders', 0));
    const before = focusPartition(store.getState());
    applyView(store, { nowUs: 2, partitions: { changed: [partition('orders', 0)] } });
    expect(focusPartition(store.getState())).toBe(before);
    expect(store.getState().view.nowUs).toBe(2);
  });

  test('[R2] the focus is the chosen partition, or the first that is not internal', () => {
    const store = storeWith(partition('__consumer_offsets', 0), partition('orders', 0), partition('orders', 1));
    expect(focusKey(store.getState())).toBe('orders-0');
    changeLook(store, { chosenPartition: 'orders-1' });
    expect(focusKey(store.getState())).toBe('orders-1');
    changeLook(store, { chosenPartition: 'gone-7' });
    expect(focusKey(store.getState())).toBe('orders-0');
  });

  test('[R3] another run begins with an empty view and keeps the open tab', () => {
    const store = storeWith(partition('orders', 0));
    changeLook(store, { tab: 'events', chosenPartition: 'orders-0' });
    forgetView(store);
    expect(store.getState().view.partitions).toEqual([]);
    expect(store.getState().look).toMatchObject({ tab: 'events', chosenPartition: null });
  });
});
