import type { FieldSchema, MessageSchema } from '../../engine/protocol/generate/schema.ts';
import { BadInput } from './checker.ts';

type Structs = ReadonlyMap<string, readonly FieldSchema[]>;

/** A message in the words of Kafka's toString, from the table of fields: `FetchRequestData(clusterId=null, replicaId=-1, ...)`. */
export function kafkaText(schema: MessageSchema, value: unknown): string {
  const structs = new Map<string, readonly FieldSchema[]>();
  collect(structs, schema.fields);
  for (const common of schema.commonStructs ?? []) {
    structs.set(common.name, common.fields);
    collect(structs, common.fields);
  }
  return structText(structs, { name: `${schema.name}Data`, fields: schema.fields }, value);
}

function collect(structs: Map<string, readonly FieldSchema[]>, fields: readonly FieldSchema[]): void {
  for (const field of fields) {
    if (field.fields === undefined) continue;
    structs.set(field.type.replace('[]', ''), field.fields);
    collect(structs, field.fields);
  }
}

function structText(structs: Structs, struct: { readonly name: string; readonly fields: readonly FieldSchema[] }, value: unknown): string {
  if (typeof value !== 'object' || value === null) return 'null';
  const values = value as Readonly<Record<string, unknown>>;
  const parts = struct.fields.map((field) => {
    const name = field.name.charAt(0).toLowerCase() + field.name.slice(1);
    return `${name}=${fieldText(structs, field, values[name])}`;
  });
  return `${struct.name}(${parts.join(', ')})`;
}

function fieldText(structs: Structs, field: FieldSchema, value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string' && field.type === 'string') return `'${value}'`;
  if (field.type === 'records') return recordsText(value);
  if (!field.type.startsWith('[]')) return itemText(structs, field.type, value);
  if (!Array.isArray(value)) throw new BadInput(`${field.name} is not an array`);
  return `[${value.map((item) => itemText(structs, field.type.slice(2), item)).join(', ')}]`;
}

function itemText(structs: Structs, type: string, value: unknown): string {
  const fields = structs.get(type);
  if (fields !== undefined) return structText(structs, { name: type, fields }, value);
  if (value instanceof Uint8Array) return `[${[...value].map((byte) => (byte << 24) >> 24).join(', ')}]`;
  return type === 'uuid' ? Buffer.from(String(value), 'hex').toString('base64url') : String(value);
}

function recordsText(value: unknown): string {
  let sizeBytes = 0;
  for (const batch of value as readonly Uint8Array[]) sizeBytes += batch.length;
  return `MemoryRecords(size=${sizeBytes}, buffer=java.nio.HeapByteBuffer[pos=0 lim=${sizeBytes} cap=${sizeBytes}])`;
}
