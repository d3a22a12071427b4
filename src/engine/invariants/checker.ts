import type { TraceRecord } from '../machine/contract.ts';
import { acknowledgedRecords } from './acknowledged-records.ts';
import { committedPrefix } from './committed-prefix.ts';
import { consumersBelowHighWatermark } from './consumers-below-high-watermark.ts';
import { epochsNeverGoBack } from './epochs-never-go-back.ts';
import type { Breach, Ghosts, Invariant, Loss } from './invariant.ts';
import { noteCleaning } from './cleaned-below.ts';
import { newLostTails, noteLostTails } from './lost-tails.ts';
import { isrWithinReplicas } from './isr-within-replicas.ts';
import { oneLeaderAnEpoch } from './one-leader-an-epoch.ts';
import { applyToShadowLogs, newShadowLogs } from './shadow-logs.ts';
import { zooKeeperAgreement } from './zookeeper-agreement.ts';

/** All claims over one run, fed with its trace in order. Mutable: it is an observer, not part of the engine's state. */
export interface Checker {
  readonly ghosts: Ghosts;
  readonly invariants: readonly Invariant[];
}

export function newChecker(): Checker {
  const ghosts: Ghosts = {
    logs: newShadowLogs(),
    committed: new Map(),
    committedLate: new Map(),
    unclean: new Set(),
    acknowledged: new Map(),
    cleanedBelow: new Map(),
    lostTails: newLostTails(),
    losses: [],
    breaches: [],
    brokerOfHost: new Map(),
    isr: new Map(),
  };
  return {
    ghosts,
    invariants: [
      oneLeaderAnEpoch(),
      epochsNeverGoBack(),
      isrWithinReplicas(),
      committedPrefix(),
      acknowledgedRecords(),
      consumersBelowHighWatermark(),
      zooKeeperAgreement(),
    ],
  };
}

/** Reads one trace record. Ghost state first, so that every claim sees the world after the event. */
export function observe(checker: Checker, record: TraceRecord): void {
  const { event } = record;
  noteLostTails(checker.ghosts.lostTails, checker.ghosts, record);
  if ('brokerId' in event) {
    if (event.type === 'BrokerStarting') checker.ghosts.brokerOfHost.set(record.host, event.brokerId);
    if (event.type !== 'ControllerElected' && event.type !== 'ControllerResigned') applyToShadowLogs(checker.ghosts.logs, event);
  }
  noteCleaning(checker.ghosts, record);
  for (const invariant of checker.invariants) invariant.onTrace(record, checker.ghosts);
}

export function breachesOf(checker: Checker): readonly Breach[] {
  return checker.ghosts.breaches;
}

export function lossesOf(checker: Checker): readonly Loss[] {
  return checker.ghosts.losses;
}
