import { assert } from '../../engine/kernel/assert.ts';
import {
  DecodeError,
  newReader,
  readFloat64,
  readInt16,
  readInt32,
  readInt8,
  writeFloat64,
  writeInt16,
  writeInt32,
  writeInt8,
  type Reader,
  type Writer,
} from '../../engine/protocol/codec.ts';
import { decodeFrame, encodeFrame } from '../../engine/protocol/frames.ts';
import { API_KEYS, type ApiName } from '../../engine/protocol/generated/apis.ts';
import type { WireMessage } from '../../engine/protocol/wire.ts';
import { decodeZooKeeperMessage, encodeZooKeeperMessage } from '../../engine/protocol/zookeeper-messages.ts';
import type { Packet } from '../../engine/machine/contract.ts';

/** Numbers of kinds are places in these lists. */
const PACKET_KINDS: readonly Packet['kind'][] = ['syn', 'synAck', 'data', 'fin', 'rst'];
const NO_MESSAGE = 0;
const KAFKA_REQUEST = 1;
const KAFKA_RESPONSE = 2;
const ZOOKEEPER = 3;

const COUNT_BYTES = 4;
/** kind, message kind, six int32, three float64, API key, version, message length. */
const HEADER_BYTES = 1 + 1 + 6 * 4 + 3 * 8 + 2 + 2 + 4;

const API_OF_KEY: ReadonlyMap<number, ApiName> = new Map((Object.keys(API_KEYS) as ApiName[]).map((api) => [API_KEYS[api], api]));

/**
 * Packets of one window for one receiver, as one buffer of their own that may be transferred. Kafka messages travel as the bytes
 * that Kafka would send, so a field that its version does not carry does not arrive.
 */
export function encodePackets(packets: readonly Packet[]): ArrayBuffer {
  const messages = packets.map((packet) => encodeMessage(packet.message));
  const sizeBytes = messages.reduce((sum, message) => sum + HEADER_BYTES + message.length, COUNT_BYTES);
  const buffer = new ArrayBuffer(sizeBytes);
  const writer: Writer = { bytes: new Uint8Array(buffer), view: new DataView(buffer), at: 0 };
  writeInt32(writer, packets.length);
  for (const [i, packet] of packets.entries()) {
    const message = messages[i];
    assert(message !== undefined, 'a message a packet');
    writePacket(writer, packet, message);
  }
  assert(writer.at === sizeBytes, `to write ${sizeBytes} bytes, wrote ${writer.at}`);
  return buffer;
}

function encodeMessage(message: WireMessage | null): Uint8Array {
  if (message === null) return new Uint8Array(0);
  if (message.kind !== 'request' && message.kind !== 'response') return encodeZooKeeperMessage(message);
  const bytes = encodeFrame(message);
  assert(
    bytes.length === message.sizeBytes,
    `${message.api} ${message.kind} v${message.version} to have the ${message.sizeBytes} bytes it says, has ${bytes.length}`,
  );
  return bytes;
}

function writePacket(writer: Writer, packet: Packet, message: Uint8Array): void {
  const kafka = packet.message?.kind === 'request' || packet.message?.kind === 'response' ? packet.message : null;
  writeInt8(writer, PACKET_KINDS.indexOf(packet.kind));
  writeInt8(writer, messageKindOf(packet.message));
  writeInt32(writer, packet.from);
  writeInt32(writer, packet.to);
  writeInt32(writer, packet.fromSocket);
  writeInt32(writer, packet.toSocket);
  writeInt32(writer, packet.port);
  writeInt32(writer, packet.sizeBytes);
  writeFloat64(writer, packet.sentUs);
  writeFloat64(writer, packet.arrivesUs);
  writeFloat64(writer, packet.sequence);
  writeInt16(writer, kafka === null ? -1 : API_KEYS[kafka.api]);
  writeInt16(writer, kafka === null ? -1 : kafka.version);
  writeInt32(writer, message.length);
  writer.bytes.set(message, writer.at);
  writer.at += message.length;
}

function messageKindOf(message: WireMessage | null): number {
  if (message === null) return NO_MESSAGE;
  if (message.kind === 'request') return KAFKA_REQUEST;
  return message.kind === 'response' ? KAFKA_RESPONSE : ZOOKEEPER;
}

/** What `encodePackets` wrote, in order. Record batches are views of the buffer. Throws `DecodeError` for anything else. */
export function decodePackets(buffer: ArrayBuffer): Packet[] {
  const reader = newReader(new Uint8Array(buffer));
  const packets: Packet[] = [];
  const count = readInt32(reader);
  if (count < 0 || count * HEADER_BYTES > buffer.byteLength) throw new DecodeError(`${count} packets in ${buffer.byteLength} bytes`);
  for (let i = 0; i < count; i++) packets.push(readPacket(reader));
  if (reader.at !== buffer.byteLength) throw new DecodeError(`${buffer.byteLength - reader.at} bytes left over`);
  return packets;
}

function readPacket(reader: Reader): Packet {
  const kind = PACKET_KINDS[readInt8(reader)];
  if (kind === undefined) throw new DecodeError(`no kind of packet before byte ${reader.at}`);
  const messageKind = readInt8(reader);
  const from = readInt32(reader);
  const to = readInt32(reader);
  const fromSocket = readInt32(reader);
  const toSocket = readInt32(reader);
  const port = readInt32(reader);
  const sizeBytes = readInt32(reader);
  const sentUs = readFloat64(reader);
  const arrivesUs = readFloat64(reader);
  const sequence = readFloat64(reader);
  const message = readMessage(reader, messageKind);
  return { kind, from, to, fromSocket, toSocket, port, message, sizeBytes, sentUs, arrivesUs, sequence };
}

function readMessage(reader: Reader, messageKind: number): WireMessage | null {
  const apiKey = readInt16(reader);
  const version = readInt16(reader);
  const length = readInt32(reader);
  if (length < 0 || length > reader.bytes.length - reader.at)
    throw new DecodeError(`a message of ${length} bytes with ${reader.bytes.length - reader.at} left`);
  const bytes = reader.bytes.subarray(reader.at, reader.at + length);
  reader.at += length;
  switch (messageKind) {
    case NO_MESSAGE:
      return null;
    case ZOOKEEPER:
      return decodeZooKeeperMessage(bytes);
    case KAFKA_REQUEST:
    case KAFKA_RESPONSE: {
      const api = API_OF_KEY.get(apiKey);
      if (api === undefined) throw new DecodeError(`no API with key ${apiKey}`);
      return decodeFrame(bytes, { kind: messageKind === KAFKA_REQUEST ? 'request' : 'response', api, version });
    }
    default:
      throw new DecodeError(`no kind of message ${messageKind}`);
  }
}
