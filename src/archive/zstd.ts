import { Decompress } from "fzstd";
import { cachedSource, readExactly, type ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";

/** As the reference decoder does by default (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`): a bigger window is a bigger buffer. */
const MAX_WINDOW = 2 ** 27;
const MAX_BLOCK = 128 * 1024;
const FRAME = 0xfd2fb528;
/** The last four bits are free. */
const SKIPPABLE = 0x184d2a50;

/** Part of a compressed stream, inflated, and how much of the stream is done with. */
export interface Inflated {
  readonly bytes: Uint8Array;
  readonly consumed: number;
}

/**
 * Inflates zstd without help of the runtime (Node has it from 22.15). The decoder gets one block at a time, so that
 * no step makes more than 128 KiB, however well the data is packed. Checksums of frames are not verified.
 */
export async function* inflateZstd(source: ByteSource, file: string): AsyncGenerator<Inflated> {
  let inflated: Uint8Array[] = [];
  const decoderOfFrame = (): Decompress =>
    new Decompress((bytes) => {
      inflated.push(bytes);
    });
  let decoder = decoderOfFrame();
  for await (const piece of zstdPieces(source, file)) {
    try {
      if (piece.startsFrame) decoder = decoderOfFrame();
      decoder.push(piece.bytes);
    } catch (cause) {
      throw archiveErrors.damaged(file, piece.end - piece.bytes.length, cause);
    }
    for (const bytes of inflated) yield { bytes, consumed: piece.end };
    inflated = [];
  }
}

/** A frame's header with its first block, or a block. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly startsFrame: boolean;
  /** Where it ends in the stream. */
  readonly end: number;
}

/** Cuts the stream by its own framing (RFC 8878, 3.1), and refuses frames that ask for too much memory. */
async function* zstdPieces(packed: ByteSource, file: string): AsyncGenerator<Piece> {
  const source = cachedSource(packed, 2);
  let at = 0;
  const take = async (length: number): Promise<Uint8Array> => {
    const bytes = await readExactly(source, at, length, { file });
    at += length;
    return bytes;
  };
  const broken = (what: string): Error => archiveErrors.damaged(file, at, what);

  while (at < source.size) {
    const magic = await take(4);
    const kind = number(magic);
    if (kind - (kind % 16) === SKIPPABLE) {
      const length = number(await take(4));
      at += length;
      continue;
    }
    if (kind !== FRAME) throw broken("no zstd frame starts here");
    const flags = await take(1);
    const { window, header } = await frameHeader(flags[0] ?? 0, take);
    if (window > MAX_WINDOW)
      throw broken(`a window of ${window} bytes is asked for, ${MAX_WINDOW} are allowed`);
    let lead: Uint8Array = Buffer.concat([magic, flags, header]);
    let last = false;
    let startsFrame = true;
    while (!last) {
      const head = await take(3);
      const bits = number(head);
      last = (bits & 1) === 1;
      const type = (bits >> 1) & 3;
      const size = bits >> 3;
      if (type === 3 || size > MAX_BLOCK) throw broken("a block of an impossible kind or size");
      // A run-length block holds one byte, whatever it inflates to.
      const body = await take(type === 1 ? 1 : size);
      const bytes = Buffer.concat([lead, head, body]);
      lead = new Uint8Array(0);
      // The decoder waits for 18 bytes before it looks at a frame; 17 zeros are past the
      // frame's end, and too few to be looked at as the next one.
      yield { bytes: last ? Buffer.concat([bytes, Buffer.alloc(17)]) : bytes, startsFrame, end: at };
      startsFrame = false;
    }
    if ((flags[0] ?? 0) & 4) await take(4);
  }
}

async function frameHeader(
  flags: number,
  take: (length: number) => Promise<Uint8Array>,
): Promise<{ window: number; header: Uint8Array }> {
  const singleSegment = (flags & 0x20) !== 0;
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3] ?? 0;
  const header = await take((singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes);
  if (singleSegment)
    return { window: number(header.subarray(dictionaryBytes)) + (sizeBytes === 2 ? 256 : 0), header };
  const exponent = 2 ** (10 + ((header[0] ?? 0) >> 3));
  return { window: exponent + (exponent / 8) * ((header[0] ?? 0) & 7), header };
}

/** Little endian. */
function number(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}
