import * as zlib from "node:zlib";
import { CryoscopeError, readChunks, type ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import { decodeInWorker } from "./codecs/in-worker.ts";
import type { Packet } from "./codecs/codec.ts";
import { throughDecoder } from "./decoder.ts";
import { createSpill } from "./spill.ts";
import { xzPackets } from "./xz.ts";
import { inflateZstd, type Inflated, type NativeZstd } from "./zstd.ts";

export type Compression = "gzip" | "zstd" | "xz" | "bzip2";

export interface InflateOptions {
  /** Folder for the spill file; the system's folder for temporary files when not given. */
  readonly spillFolder?: string;
  /**
   * Most bytes that may come out. Who names a number means it: then no ratio is asked of what stays below. Not given, it is
   * the free space of the spill folder, which is a limit in any case, and `maxRatio`.
   */
  readonly maxInflated?: number;
  /** How many times its size an archive may inflate to, once it is past 256 MiB. */
  readonly maxRatio?: number;
  readonly signal?: AbortSignal;
  /** Called with the compressed bytes that are done. */
  readonly progress?: (done: number, total: number) => void;
}

export interface InflatedSource {
  /** Random access to what came out. Closing it frees the spill file. */
  readonly source: ByteSource;
  /** Why the rest is missing, when the data is damaged or ends early. */
  readonly problem: string | undefined;
}

/** What a ratio is not asked of: so much disk any file may cost. */
const SMALL = 2 ** 28;
/** Bytes a step: small pieces stay in the processor's caches on their way. */
const CHUNK = 2 ** 17;
/**
 * Memory packs to a fifth or so. A heap that was touched once and is all zeros may reach some hundreds in parts, a whole
 * checkpoint doesn't; bombs have 1000 (gzip) to 100,000 (zstd).
 */
const MAX_RATIO = 200;

/**
 * Inflates once, from start to end, into an encrypted spill file. Damaged data gives what came before the damage,
 * with the `problem`. Throws `archive.damaged` when nothing came, `archive.tooBig`, `archive.bomb`,
 * `archive.spillFailed`, and the signal's reason.
 */
export async function inflate(
  packed: ByteSource,
  compression: Compression,
  file: string,
  { spillFolder, maxInflated, maxRatio, signal, progress }: InflateOptions = {},
): Promise<InflatedSource> {
  const spill = await createSpill(spillFolder);
  const ratio = maxRatio ?? (maxInflated === undefined ? MAX_RATIO : Infinity);
  let size = 0;
  let problem: string | undefined;
  try {
    for await (const { bytes, consumed } of inflated(packed, compression, file, signal)) {
      signal?.throwIfAborted();
      size += bytes.length;
      if (maxInflated !== undefined && size > maxInflated) throw archiveErrors.tooBig(file, maxInflated);
      if (size > spill.room) throw archiveErrors.noRoom(spill.folder, spill.room);
      if (size > SMALL && size > packed.size * ratio) throw archiveErrors.bomb(file, ratio);
      await spill.write(bytes);
      progress?.(consumed, packed.size);
    }
    progress?.(packed.size, packed.size);
  } catch (error) {
    const isDamage =
      error instanceof CryoscopeError && ["archive.damaged", "bytes.truncated"].includes(error.code);
    if (!isDamage || size === 0) {
      await spill.discard();
      throw error;
    }
    problem = `${error.sentence} What came before, ${size} bytes, is shown.`;
  }
  const source = await spill.finish().catch(async (error: unknown) => {
    await spill.discard();
    throw error;
  });
  return { source, problem };
}

/**
 * Inflates what is small, in memory. Throws `archive.damaged`, `bytes.truncated`, and `archive.tooBig` when more than
 * `maxInflated` bytes would come out.
 */
export async function inflateBytes(
  packed: ByteSource,
  compression: Compression,
  file: string,
  maxInflated: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const { bytes } of inflated(packed, compression, file, undefined)) {
    size += bytes.length;
    if (size > maxInflated) throw archiveErrors.tooBig(file, maxInflated);
    pieces.push(bytes);
  }
  return Buffer.concat(pieces, size);
}

/** What comes out, piece by piece. */
export function inflated(
  packed: ByteSource,
  compression: Compression,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Inflated> {
  if (compression === "gzip") return gunzip(packed, file, signal);
  if (compression === "xz") return inWorker("xz", xzPackets(packed), file);
  if (compression === "bzip2") return inWorker("bzip2", chunkPackets(packed), file);
  // Not in every runtime, whatever its types say.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: NativeZstd };
  return inflateZstd(packed, file, createZstdDecompress);
}

type PlacedPacket = Packet & {
  /** Where it ends in the file. */
  readonly end: number;
};

async function* chunkPackets(packed: ByteSource): AsyncGenerator<PlacedPacket> {
  let end = 0;
  for await (const bytes of readChunks(packed, { chunk: 2 ** 16 })) {
    end += bytes.length;
    yield { bytes, starts: end === bytes.length, end };
  }
}

async function* inWorker(
  codec: "xz" | "bzip2",
  packets: AsyncGenerator<PlacedPacket>,
  file: string,
): AsyncGenerator<Inflated> {
  let consumed = 0;
  async function* counted(): AsyncGenerator<Packet> {
    for await (const { bytes, starts, end } of packets) {
      consumed = end;
      yield { bytes, starts };
    }
  }
  const damaged = (cause: unknown): Error => archiveErrors.damaged(file, consumed, cause);
  for await (const bytes of decodeInWorker(codec, counted(), file, damaged)) yield { bytes, consumed };
}

async function* gunzip(
  packed: ByteSource,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Inflated> {
  let consumed = 0;
  async function* read(): AsyncGenerator<Uint8Array> {
    for await (const bytes of readChunks(packed, { chunk: CHUNK, ...(signal && { signal }) })) {
      consumed += bytes.length;
      yield bytes;
    }
  }
  for await (const bytes of throughDecoder(read(), zlib.createGunzip({ chunkSize: CHUNK }), (cause) =>
    archiveErrors.damaged(file, consumed, cause),
  ))
    yield { bytes, consumed };
}
