import * as zlib from "node:zlib";
import { CryoscopeError, readChunks, type ByteSource } from "../bytes/index.ts";
import { archiveErrors } from "./errors.ts";
import { throughDecoder } from "./decoder.ts";
import { createSpill } from "./spill.ts";
import { inflateZstd, type Inflated, type NativeZstd } from "./zstd.ts";

export type Compression = "gzip" | "zstd";

export interface InflateOptions {
  /** Folder for the spill file; the system's folder for temporary files when not given. */
  readonly spillFolder?: string;
  /** Most bytes that may come out. The free space of the spill folder is a limit too. */
  readonly maxInflated?: number;
  /** How many times its size an archive may inflate to, once it is past 64 MiB. */
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

const TEBI = 2 ** 40;
/** What a ratio is not asked of. */
const SMALL = 2 ** 26;
/** Bytes a step. */
const CHUNK = 2 ** 18;
/** gzip can't do better than 1032; zstd packs a GiB of zeros, which checkpoints do hold, into less than 100 KiB. */
const MAX_RATIO = 20_000;

/**
 * Inflates once, from start to end, into an encrypted spill file. Damaged data gives what came before the damage,
 * with the `problem`. Throws `archive.damaged` when nothing came, `archive.tooBig`, `archive.bomb`,
 * `archive.spillFailed`, and the signal's reason.
 */
export async function inflate(
  packed: ByteSource,
  compression: Compression,
  file: string,
  { spillFolder, maxInflated = TEBI, maxRatio = MAX_RATIO, signal, progress }: InflateOptions = {},
): Promise<InflatedSource> {
  const spill = await createSpill(spillFolder);
  const limit = Math.min(maxInflated, spill.room);
  let size = 0;
  let problem: string | undefined;
  try {
    for await (const { bytes, consumed } of inflated(packed, compression, file, signal)) {
      signal?.throwIfAborted();
      size += bytes.length;
      if (size > limit) throw archiveErrors.tooBig(file, limit);
      if (size > SMALL && size > packed.size * maxRatio) throw archiveErrors.bomb(file, maxRatio);
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
  return { source: spill.finish(), problem };
}

function inflated(
  packed: ByteSource,
  compression: Compression,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Inflated> {
  if (compression === "gzip") return gunzip(packed, file, signal);
  // Not in every runtime, whatever its types say.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: NativeZstd };
  return inflateZstd(packed, file, createZstdDecompress);
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
