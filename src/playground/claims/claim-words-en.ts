import type { Bounds, Claim, EventPattern } from '../../engine/world/claim.ts';
import { unreachable } from '../../engine/kernel/assert.ts';
import { keyOf } from './evidence.ts';
import { listOf, patternText } from './values.ts';

/** A claim in one English sentence. */
export function claimInEnglish(claim: Claim): string {
  const at = `At ${seconds(claim.atMs)}`;
  switch (claim.type) {
    case 'leader':
      return `${at}, ${claim.leader < 0 ? 'nobody' : `broker ${claim.leader}`} leads ${keyOf(claim)}${claim.leaderEpoch === undefined ? '' : ` in leader epoch ${claim.leaderEpoch}`}.`;
    case 'isr':
      return `${at}, the ISR of ${keyOf(claim)} is ${listOf(claim.isr)}${claim.anyOrder === true ? ', in any order' : ''}.`;
    case 'replica': {
      const fields = [
        claim.role === undefined ? '' : `role ${claim.role}`,
        claim.leader === undefined ? '' : `leader ${claim.leader}`,
        claim.leaderEpoch === undefined ? '' : `leader epoch ${claim.leaderEpoch}`,
        claim.highWatermark === undefined ? '' : `high watermark ${claim.highWatermark}`,
        claim.logEndOffset === undefined ? '' : `log end offset ${claim.logEndOffset}`,
      ];
      return `${at}, broker ${claim.brokerId} by itself has ${keyOf(claim)} with ${fields.filter((field) => field !== '').join(', ')}.`;
    }
    case 'highWatermark':
      return `${at}, the high watermark of ${keyOf(claim)}${onBroker(claim)} is ${bounds(claim)}.`;
    case 'highWatermarkUnchanged':
      return `From ${seconds(claim.fromMs)} to ${seconds(claim.atMs)}, the high watermark of ${keyOf(claim)}${onBroker(claim)} stands still.`;
    case 'logEquals':
      return `${at}, ${claim.brokerId === undefined ? `every replica of ${keyOf(claim)}` : `the log of ${keyOf(claim)} on broker ${claim.brokerId}`} holds exactly ${listOf(claim.records)}.`;
    case 'logsAgree':
      return `${at}, all replicas of ${keyOf(claim)} run, have what is committed, and differ nowhere.`;
    case 'recordLost':
      return `By ${seconds(claim.atMs)}, the record ${claim.value} of ${keyOf(claim)} was acknowledged and is in no log any more.`;
    case 'acknowledged':
      return `${during(claim)}, ${bounds(claim)} ${isOne(claim) ? 'record' : 'records'}${ofPartition(claim)} ${isOne(claim) ? 'is' : 'are'} acknowledged${claim.client === undefined ? '' : ` to ${claim.client}`}${acks(claim.acks)}.`;
    case 'consumed':
      return `${at}, ${claim.client} has read ${keyOf(claim)} up to ${bounds(claim)}.`;
    case 'controller': {
      const epoch = claim.epoch === undefined ? (claim.epochAtLeast === undefined ? '' : `at least ${claim.epochAtLeast}`) : String(claim.epoch);
      if (claim.brokerId === undefined) return `${at}, the controller epoch is ${epoch}.`;
      return `${at}, ${claim.brokerId < 0 ? 'nobody' : `broker ${claim.brokerId}`} is the controller${epoch === '' ? '' : `, in controller epoch ${epoch}`}.`;
    }
    case 'liveBrokers':
      return `${at}, the brokers registered in ZooKeeper are ${listOf(claim.brokerIds)}.`;
    case 'zooKeeperQuorum':
      return `${at}, ${claim.leader === undefined ? (claim.holds ? 'a ZooKeeper server' : 'no ZooKeeper server') : `zk${claim.leader}`} leads a majority.`;
    case 'process':
      return `${at}, the process of ${claim.machine} is ${claim.is}.`;
    case 'traceCount':
      return `${during(claim)}, ${patternText(claim)} ${times(claim)}.`;
    case 'inOrder':
      return `${during(claim)}, in this order: ${claim.events.map((one: EventPattern) => patternText(one)).join(', then ')}.`;
    case 'refused':
      return `${during(claim)}, ${claim.client ?? 'a client'} is told ${claim.error}.`;
    case 'commandRefused':
      return `${during(claim)}, the command ${claim.command} is refused${claim.because === undefined ? '' : ` (“${claim.because}”)`}.`;
    case 'noAcknowledgedRecordLost':
      return `${at}, no acknowledged record${claim.topic === undefined ? '' : ` of ${claim.topic}`} is lost${acks(claim.acks)}.`;
    case 'promiseVoided':
      return `By ${seconds(claim.atMs)}, the promise for ${keyOf(claim)} is void: ${claim.kind}.`;
    case 'invariantsHold':
      return `Up to ${seconds(claim.atMs)}, every invariant holds.`;
    default:
      return unreachable(claim);
  }
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

function during(span: { readonly sinceMs?: number; readonly atMs: number }): string {
  return span.sinceMs === undefined ? `Up to ${seconds(span.atMs)}` : `From ${seconds(span.sinceMs)} to ${seconds(span.atMs)}`;
}

function onBroker({ brokerId }: { readonly brokerId?: number }): string {
  return brokerId === undefined ? '' : ` on broker ${brokerId}`;
}

function ofPartition({ topic, partition }: { readonly topic?: string; readonly partition?: number }): string {
  if (topic !== undefined && partition !== undefined) return ` of ${topic}-${partition}`;
  return topic === undefined ? '' : ` of ${topic}`;
}

function acks(value: -1 | 0 | 1 | undefined): string {
  return value === undefined ? '' : ` (acks=${value === -1 ? 'all' : value})`;
}

function bounds({ atLeast, atMost }: Bounds): string {
  if (atLeast === atMost) return `exactly ${atLeast}`;
  if (atMost === undefined) return `at least ${atLeast}`;
  return atLeast === undefined ? `at most ${atMost}` : `${atLeast} to ${atMost}`;
}

function times(claim: Bounds): string {
  if (claim.atMost === 0) return 'never happens';
  return `happens ${bounds(claim)} ${isOne(claim) ? 'time' : 'times'}`;
}

function isOne({ atLeast, atMost }: Bounds): boolean {
  return (atMost ?? atLeast) === 1;
}
