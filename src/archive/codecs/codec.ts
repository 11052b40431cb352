/** Packings whose decoders are no part of the runtime, and run in a worker. */
export type CodecName = "zstd" | "xz" | "bzip2";

/** Packed bytes on their way to a decoder. */
export interface Packet {
  readonly bytes: Uint8Array;
  /** A frame (zstd) or stream (xz) of its own starts here. */
  readonly starts: boolean;
}

/** Gives the next packet, waiting for it; undefined at the end. */
export type TakePacket = () => Packet | undefined;

/** Decodes all packets, a bounded piece at a time. Throws an error of any kind for damaged data. */
export type Decode = (take: TakePacket) => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
