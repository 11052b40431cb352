import { setImmediate } from "node:timers/promises";
import type { ByteSource } from "./source.ts";

/** What bytes look like from far away. */
export type ByteTexture = "constant" | "sparse" | "mixed" | "dense" | "random";

export interface EntropyBucket {
  readonly start: number;
  readonly end: number;
  /** Shannon entropy in bits per byte, 0 to 8, of the bytes that were sampled. */
  readonly entropy: number;
  readonly texture: ByteTexture;
}

/** Fewer bytes say nothing about their entropy. */
const SMALLEST = 256;
const PROBES = 4;
const PROBE = 1024;
const TURN_MS = 12;

/**
 * The entropy along a source in at most `buckets` parts of one size. Of a long part four probes of 1 KiB are read, so
 * a gibibyte costs as little as `buckets` × 4 KiB.
 */
export async function sampleEntropy(
  source: ByteSource,
  buckets: number,
  signal?: AbortSignal,
): Promise<readonly EntropyBucket[]> {
  const size = Math.max(SMALLEST, Math.ceil(source.size / Math.max(1, buckets)));
  const out: EntropyBucket[] = [];
  let turn = performance.now();
  for (let start = 0; start < source.size; start += size) {
    signal?.throwIfAborted();
    const end = Math.min(start + size, source.size);
    const counts = new Uint32Array(256);
    let total = 0;
    for (const bytes of await probes(source, start, end)) {
      for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
      total += bytes.length;
    }
    const entropy = entropyOf(counts, total);
    out.push({ start, end, entropy, texture: textureOf(entropy, total) });
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
  }
  return out;
}

async function probes(source: ByteSource, start: number, end: number): Promise<readonly Uint8Array[]> {
  if (end - start <= PROBES * PROBE) return [await source.read(start, end - start)];
  const step = (end - start - PROBE) / (PROBES - 1);
  return Promise.all(
    Array.from({ length: PROBES }, (_, index) => source.read(start + Math.floor(index * step), PROBE)),
  );
}

/** Shannon entropy in bits of `total` symbols that occur `counts` times. */
export function entropyOf(counts: Iterable<number>, total: number): number {
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / total) * Math.log2(count / total);
  return Math.max(0, bits);
}

/** Random bytes have less entropy than 8 bits in a small sample: some values haven't come up yet. */
function textureOf(entropy: number, total: number): ByteTexture {
  // Miller's and Madow's correction for 256 equally likely values.
  const most = Math.min(Math.log2(Math.max(2, total)), 8 - 255 / (2 * Math.LN2 * Math.max(total, 256)));
  if (entropy < 0.05) return "constant";
  const share = entropy / most;
  return share < 0.45 ? "sparse" : share < 0.8 ? "mixed" : share < 0.975 ? "dense" : "random";
}
