declare module 'snappyjs' {
  /** Raw snappy, one block. */
  export function compress(bytes: Uint8Array): Uint8Array;
}
