import type { EventView } from '../../projection/view.ts';

export const EVENTS: readonly (readonly [atMs: number, host: string, event: EventView['event']])[] = [
  [1200, 'b2', { type: 'ControllerElected', brokerId: 2, controllerEpoch: 4 }],
  [3000, 'b2', { type: 'TopicCreated', topic: 'orders', partitionCount: 3, controllerEpoch: 4 }],
  [
    8400,
    'b2',
    {
      type: 'IsrChanged',
      topic: 'orders',
      partition: 0,
      leader: 1,
      leaderEpoch: 3,
      isr: [1, 2],
      replicas: [1, 2, 3],
      previousIsr: [1, 2, 3],
      controllerEpoch: 4,
      by: 'leader',
    },
  ],
  [
    11_600,
    'b2',
    {
      type: 'IsrChanged',
      topic: 'orders',
      partition: 0,
      leader: 1,
      leaderEpoch: 3,
      isr: [1, 2, 3],
      replicas: [1, 2, 3],
      previousIsr: [1, 2],
      controllerEpoch: 4,
      by: 'leader',
    },
  ],
  [15_200, 'b2', { type: 'ControllerElected', brokerId: 2, controllerEpoch: 5 }],
];

export const KILLED: readonly (readonly [atMs: number, host: string, event: EventView['event']])[] = [
  [20_200, 'b1', { type: 'ProcessKilled' }],
  [23_600, 'b2', { type: 'BrokerFailureHandled', brokerIds: [1], controllerEpoch: 5 }],
  [
    23_980,
    'b2',
    {
      type: 'LeaderElected',
      topic: 'orders',
      partition: 0,
      leader: 2,
      leaderEpoch: 4,
      isr: [2, 3],
      replicas: [1, 2, 3],
      controllerEpoch: 5,
      strategy: 'offline',
    },
  ],
];

export const CABLE_CUT: readonly (readonly [atMs: number, host: string, event: EventView['event']])[] = [
  [20_200, 'b1', { type: 'LinkCut', to: 'zk1' }],
  [22_400, 'b1', { type: 'ZooKeeperSessionLost', brokerId: 1, state: 'disconnected' }],
  [23_600, 'b2', { type: 'BrokerFailureHandled', brokerIds: [1], controllerEpoch: 5 }],
  [
    23_980,
    'b2',
    {
      type: 'LeaderElected',
      topic: 'orders',
      partition: 0,
      leader: 2,
      leaderEpoch: 4,
      isr: [2, 3],
      replicas: [1, 2, 3],
      controllerEpoch: 5,
      strategy: 'offline',
    },
  ],
];
