import type { AddressSpace } from "./space/address-space.ts";
import type { Area } from "./space/areas.ts";
import type { Run } from "./space/runs.ts";

/** Pages of an area that are looked at. */
const SAMPLES = 16;
/** Runs of an area that are looked at for pages; there can be a million. */
const MAX_RUNS = 4096;

/**
 * Shannon entropy of an area's bytes, in bits a byte (0 to 8), of some pages spread over what can be had of it: about 8
 * is random, compressed or encrypted, 4 to 6 is text or code. Undefined when there is nothing but zeros and gaps.
 */
export async function sampledEntropy(space: AddressSpace, area: Area): Promise<number | undefined> {
  const runs: Run[] = [];
  let pages = 0;
  let seen = 0;
  for (const run of space.runs(area.start, area.end)) {
    if (++seen > MAX_RUNS) break;
    if (run.where.kind === "none") continue;
    runs.push(run);
    pages += run.last - run.first;
  }
  if (pages === 0) return undefined;
  const counts = new Uint32Array(256);
  let total = 0;
  for (const page of spread(runs, pages)) {
    const bytes = await space.readBytes(BigInt(page) * BigInt(space.pageSize), space.pageSize);
    for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
    total += bytes.length;
  }
  return total === 0 || counts[0] === total ? undefined : entropyOf(counts, total);
}

/** Page numbers, as evenly spread over the runs as can be. */
function* spread(runs: readonly Run[], pages: number): Generator<number> {
  const wanted = Math.min(SAMPLES, pages);
  let index = 0;
  let before = 0;
  for (let sample = 0; sample < wanted; sample++) {
    const nth = Math.floor(((sample + 0.5) * pages) / wanted);
    for (let run = runs[index]; run && before + run.last - run.first <= nth; run = runs[index]) {
      before += run.last - run.first;
      index++;
    }
    const run = runs[index];
    if (run) yield run.first + nth - before;
  }
}

function entropyOf(counts: Uint32Array, total: number): number {
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / total) * Math.log2(count / total);
  return bits;
}
