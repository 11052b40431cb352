import Bunzip from "seek-bzip";
import { archiveErrors } from "../errors.ts";
import type { TakePacket } from "./codec.ts";

const PIECE = 1 << 18;

/**
 * The decoder asks for one byte after the other and gives one after the other: a block of at most 900,000 bytes, run
 * lengths apart, at a time.
 */
export function* decodeBzip2(take: TakePacket): Generator<Uint8Array> {
  let packed = new Uint8Array(0);
  let at = 0;
  const fill = (): boolean => {
    while (at >= packed.length) {
      const packet = take();
      if (packet === undefined) return false;
      packed = packet.bytes as Uint8Array<ArrayBuffer>;
      at = 0;
    }
    return true;
  };
  const ready: Uint8Array[] = [];
  let piece = new Uint8Array(PIECE);
  let size = 0;
  const input = {
    readByte(): number {
      if (!fill()) throw archiveErrors.codecBroken("the data ends early");
      return packed[at++] ?? 0;
    },
    read(buffer: Uint8Array, offset: number, length: number): number {
      for (let index = 0; index < length; index++) buffer[offset + index] = input.readByte();
      return length;
    },
    eof: () => !fill(),
  };
  const output = {
    writeByte(byte: number): void {
      piece[size++] = byte;
      if (size < PIECE) return;
      ready.push(piece);
      piece = new Uint8Array(PIECE);
      size = 0;
    },
  };
  // As `Bunzip.decode` does for several streams, but with a pause after each block.
  const decoder = new Bunzip(input, output);
  for (;;) {
    if (decoder._init_block()) decoder._read_bunzip();
    else {
      if (decoder.reader.read(32) >>> 0 !== decoder.streamCRC)
        throw archiveErrors.codecBroken("a checksum is wrong");
      if (input.eof()) break;
      decoder._start_bunzip(input, output);
    }
    yield* ready.splice(0);
  }
  yield piece.subarray(0, size);
}
