/** The parts of kafkajs that are measured; it has no types for them. */
declare module 'kafkajs/src/protocol/decoder.js' {
  export interface Decoder {
    readInt32(): number;
  }
  const decoder: new (bytes: Buffer) => Decoder;
  export default decoder;
}
declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  export default function record(fields: { offsetDelta: number; timestampDelta: number; key: Buffer; value: Buffer; headers: object }): unknown;
}
declare module 'kafkajs/src/protocol/recordBatch/v0/index.js' {
  const batch: {
    RecordBatch(fields: { firstTimestamp: number; maxTimestamp: number; lastOffsetDelta: number; records: readonly unknown[] }): Promise<unknown>;
  };
  export default batch;
}
declare module 'kafkajs/src/protocol/recordBatch/v0/decoder.js' {
  import type { Decoder } from 'kafkajs/src/protocol/decoder.js';
  export default function readBatch(decoder: Decoder): Promise<{ readonly records: readonly unknown[] }>;
}
