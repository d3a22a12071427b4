import { arrayForEach } from '../engine/kernel/persistent-array.ts';
import type { Packet } from '../engine/machine/contract.ts';
import { baseOffset, lastOffset } from '../engine/protocol/record-batch.ts';
import type { RequestFrame, ResponseFrame, WireMessage } from '../engine/protocol/wire.ts';
import type { ZooKeeperMessage } from '../engine/protocol/zookeeper-messages.ts';
import type { World } from '../engine/world/world-state.ts';
import type { MessageKind, MessageView } from './view.ts';

export const MESSAGE_LIMIT = 500;
/** Said all the time and telling nothing: the picture leaves them out. */
const QUIET: readonly ZooKeeperMessage['kind'][] = ['zkPing', 'zkPong', 'zabPing', 'zabPong'];
const SEQUENCE_SPAN = 4294967296;

export interface Messages {
  readonly messages: readonly MessageView[];
  readonly unseenMessageCount: number;
}

/** Everything under way between two machines at this moment, in order of arrival. */
export function messagesOf(world: World): Messages {
  const found: MessageView[] = [];
  let count = 0;
  const add = (packet: Packet, held: boolean): void => {
    if (packet.message === null || packet.from === packet.to || isQuiet(packet.message)) return;
    count += 1;
    if (found.length < MESSAGE_LIMIT) found.push(messageOf(world, packet, packet.message, held));
  };
  for (const runner of world.runners) {
    for (const event of runner.heap.items) if (event.input.type === 'packet') add(event.input.packet, false);
    arrayForEach(runner.state.links, (link) => {
      for (const packet of link?.held ?? []) add(packet, true);
    });
  }
  found.sort((a, b) => a.arrivesUs - b.arrivesUs || a.id - b.id);
  return { messages: found, unseenMessageCount: count - found.length };
}

function isQuiet(message: WireMessage): boolean {
  return message.kind !== 'request' && message.kind !== 'response' && QUIET.includes(message.kind);
}

function messageOf(world: World, packet: Packet, message: WireMessage, held: boolean): MessageView {
  const { hosts } = world.surroundings;
  const told = describe(message);
  return {
    id: packet.from * SEQUENCE_SPAN + packet.sequence,
    kind: told.kind === 'control' ? kindBetween(world, packet) : told.kind,
    from: hosts[packet.from] ?? '',
    to: hosts[packet.to] ?? '',
    sentUs: packet.sentUs,
    arrivesUs: packet.arrivesUs,
    label: told.label,
    api: told.api,
    answer: message.kind === 'response' || message.kind === 'zkReply',
    held,
    sizeBytes: message.sizeBytes,
    fields: told.fields,
  };
}

/** What a client and a broker say between them is not the controller's, whatever the API: it has the client's colour. */
function kindBetween(world: World, packet: Packet): MessageKind {
  for (const rank of [packet.from, packet.to]) {
    const kind = world.runners[rank]?.environment.spec.process.kind;
    if (kind === 'producer') return 'produce';
    if (kind === 'consumer') return 'fetch';
  }
  return 'control';
}

interface Told {
  readonly kind: MessageKind;
  readonly label: string;
  readonly api: string;
  readonly fields: readonly (readonly [string, string])[];
}

function describe(message: WireMessage): Told {
  if (message.kind === 'request') return describeRequest(message);
  if (message.kind === 'response') return describeResponse(message);
  return { kind: 'zk', label: zooKeeperLabel(message), api: message.kind, fields: [] };
}

function describeRequest(frame: RequestFrame): Told {
  const told = (kind: MessageKind, label: string, fields: readonly (readonly [string, string])[]): Told => ({
    kind,
    label,
    api: frame.api,
    fields: [['version', String(frame.version)], ['clientId', frame.clientId], ...fields],
  });
  switch (frame.api) {
    case 'Produce': {
      const parts = frame.body.topicData.flatMap((topic) => topic.partitionData.map((part) => `${topic.name}-${part.index}`));
      return told('produce', `Produce ×${parts.length}`, [
        ['acks', String(frame.body.acks)],
        ['partitions', parts.join(', ')],
      ]);
    }
    case 'Fetch': {
      const parts = frame.body.topics.flatMap((topic) => topic.partitions.map((part) => `${part.partition}@${part.fetchOffset}`));
      const first = frame.body.topics[0]?.partitions[0];
      return told('fetch', `Fetch ${first?.fetchOffset ?? ''}`.trim(), [
        ['partition@offset', parts.join(', ')],
        ['maxWaitMs', String(frame.body.maxWaitMs)],
      ]);
    }
    case 'LeaderAndIsr': {
      const parts = frame.body.topicStates.flatMap((topic) =>
        topic.partitionStates.map((part) => ({ ...part, name: `${topic.topicName}-${part.partitionIndex}` })),
      );
      const epoch = parts.reduce((greatest, part) => Math.max(greatest, part.leaderEpoch), 0);
      return told(
        'control',
        `LeaderAndIsr e${epoch}`,
        parts.map((part): readonly [string, string] => [part.name, `leader ${part.leader}, epoch ${part.leaderEpoch}, ISR ${part.isr.join(' ')}`]),
      );
    }
    case 'AlterPartition':
      return told(
        'control',
        'AlterPartition',
        frame.body.topics.flatMap((topic) =>
          topic.partitions.map((part): readonly [string, string] => [
            String(part.partitionIndex),
            `ISR ${part.newIsrWithEpochs.map((one) => one.brokerId).join(' ')}`,
          ]),
        ),
      );
    case 'UpdateMetadata':
    case 'StopReplica':
    case 'ControlledShutdown':
    case 'ElectLeaders':
    case 'CreateTopics':
    case 'CreatePartitions':
      return told('control', frame.api, []);
    default:
      return told(frame.api === 'OffsetForLeaderEpoch' || frame.api === 'ListOffsets' ? 'fetch' : 'control', frame.api, []);
  }
}

function describeResponse(frame: ResponseFrame): Told {
  const told = (kind: MessageKind, label: string, fields: readonly (readonly [string, string])[]): Told => ({
    kind,
    label,
    api: frame.api,
    fields: [['version', String(frame.version)], ...fields],
  });
  switch (frame.api) {
    case 'Produce': {
      const parts = frame.body.responses.flatMap((topic) =>
        topic.partitionResponses.map((part): readonly [string, string] => [
          `${topic.name}-${part.index}`,
          part.errorCode === 0 ? `offset ${part.baseOffset}` : `error ${part.errorCode}`,
        ]),
      );
      return told('produce', 'ack', parts);
    }
    case 'Fetch': {
      const parts = frame.body.responses.flatMap((topic) => topic.partitions);
      const batches = parts.flatMap((part) => part.records ?? []).filter((batch) => batch.length >= 61);
      const fields = parts.map((part): readonly [string, string] => [`partition ${part.partitionIndex}`, `high watermark ${part.highWatermark}`]);
      const first = batches[0];
      const last = batches[batches.length - 1];
      if (first === undefined || last === undefined) return told('fetch', `HW ${parts[0]?.highWatermark ?? ''}`.trim(), fields);
      const from = baseOffset(first);
      const to = lastOffset(last);
      return told('data', from === to ? String(from) : to > from ? `${from}–${to}` : `${batches.length} batches`, fields);
    }
    default:
      return told(frame.api === 'OffsetForLeaderEpoch' || frame.api === 'ListOffsets' ? 'fetch' : 'control', `${frame.api} ✓`, []);
  }
}

function zooKeeperLabel(message: ZooKeeperMessage): string {
  switch (message.kind) {
    case 'zkRequest':
      return message.operation.op;
    case 'zkReply':
      return message.result.error ?? 'ok';
    case 'zkWatchEvent':
      return `watch ${message.event}`;
    case 'zabNotification':
      return `vote ${message.vote.leader}`;
    case 'zabProposal':
      return `proposal ${(message.transaction.zxid % SEQUENCE_SPAN).toString(16)}`;
    case 'zabCommit':
      return `commit ${(message.zxid % SEQUENCE_SPAN).toString(16)}`;
    case 'zabAck':
      return `ack ${(message.zxid % SEQUENCE_SPAN).toString(16)}`;
    default:
      return message.kind.replace(/^(zk|zab)/, '');
  }
}
