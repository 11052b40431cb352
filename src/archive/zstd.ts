import { cachedSource, readExactly, type ByteSource } from "../bytes/index.ts";
import type { Packet } from "./codecs/codec.ts";
import { decodeInWorker } from "./codecs/in-worker.ts";
import { throughDecoder } from "./decoder.ts";
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

/** Makes the runtime's own decoder of one frame, where the runtime has one (Node from 22.15). */
export type NativeZstd = (options: { readonly chunkSize: number }) => NodeJS.ReadWriteStream;

/** Bytes that come out at a time; Node's own default, 16 KiB, asks a thread for each. */
const OUTPUT = 2 ** 18;

/**
 * Inflates zstd, natively or with zstddec (WebAssembly, in a worker). The stream is cut by its own framing first: Node's
 * decoder stops silently after the first frame and at an early end, and memory and progress stay known. Throws `archive.damaged`
 * and `bytes.truncated`.
 */
export async function* inflateZstd(
  source: ByteSource,
  file: string,
  native: NativeZstd | undefined,
): AsyncGenerator<Inflated> {
  const pieces = zstdPieces(source, file);
  if (native === undefined) {
    let consumed = 0;
    async function* packets(): AsyncGenerator<Packet> {
      for await (const { bytes, startsFrame, end } of pieces) {
        consumed = end;
        yield { bytes, starts: startsFrame };
      }
    }
    const damaged = (cause: unknown): Error => archiveErrors.damaged(file, consumed, cause);
    for await (const bytes of decodeInWorker("zstd", packets(), file, damaged)) yield { bytes, consumed };
    return;
  }
  let next = await pieces.next();
  async function* frame(): AsyncGenerator<Piece> {
    do {
      if (next.done) return;
      yield next.value;
      next = await pieces.next();
    } while (!next.done && !next.value.startsFrame);
  }
  while (!next.done) yield* withNode(frame(), native({ chunkSize: OUTPUT }), file);
}

async function* withNode(
  frame: AsyncIterable<Piece>,
  decoder: NodeJS.ReadWriteStream,
  file: string,
): AsyncGenerator<Inflated> {
  let consumed = 0;
  async function* packed(): AsyncGenerator<Uint8Array> {
    for await (const { bytes, end } of frame) {
      consumed = end;
      yield bytes;
    }
  }
  for await (const bytes of throughDecoder(packed(), decoder, (cause) =>
    archiveErrors.damaged(file, consumed, cause),
  ))
    yield { bytes, consumed };
}

interface Piece {
  readonly bytes: Uint8Array;
  /** The frame's header comes before the block. */
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
    const lead = Buffer.concat([magic, flags, header]);
    let last = false;
    for (let startsFrame = true; !last; startsFrame = false) {
      const head = await take(3);
      const bits = number(head);
      last = (bits & 1) === 1;
      const type = (bits >> 1) & 3;
      const size = bits >> 3;
      if (type === 3 || size > MAX_BLOCK) throw broken("a block of an impossible kind or size");
      // A run-length block holds one byte, whatever it inflates to.
      const body = await take(type === 1 ? 1 : size);
      const bytes = Buffer.concat(startsFrame ? [lead, head, body] : [head, body]);
      yield { bytes, startsFrame, end: at };
    }
    if ((flags[0] ?? 0) & 4) yield { bytes: await take(4), startsFrame: false, end: at };
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
