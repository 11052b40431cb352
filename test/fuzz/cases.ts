import { checkArchive, checkImage } from "./checks.ts";
import type { Pulse } from "./checks.ts";
import { mutate } from "./mutations.ts";
import { randomOf } from "./random.ts";
import type { Random } from "./random.ts";
import { OTHER_NAMES } from "./samples.ts";
import type { FuzzSample } from "./samples.ts";
import { sealOf } from "./seal.ts";

export interface FuzzCase {
  readonly seed: number;
  readonly number: number;
  readonly sample: FuzzSample;
  /** Name it is opened by: mostly the sample's own. */
  readonly name: string;
  readonly bytes: Buffer;
  readonly done: readonly string[];
  readonly random: Random;
}

/** Case `number` of a run: the same for the same seed and samples. */
export function makeCase(
  groups: ReadonlyMap<string, readonly FuzzSample[]>,
  seed: number,
  number: number,
): FuzzCase {
  const random = randomOf(seed, number);
  const pick = (): FuzzSample => random.pick(random.pick([...groups.values()]));
  const sample = pick();
  const other = random.below(2) === 0 ? random.pick(groups.get(sample.group) ?? [sample]) : pick();
  const { bytes, done } = mutate(sample, other.bytes, random);
  const renamed = sample.kind === "image" && random.below(12) === 0;
  const name = renamed ? random.pick(OTHER_NAMES) : sample.name;
  // Version 1 of the images has no common magic before the type's.
  const old = sample.kind === "image" && random.below(20) === 0 && bytes.length > 4;
  return { seed, number, sample, name, bytes: old ? bytes.subarray(4) : bytes, done, random };
}

/** Checks a case. Throws where something doesn't hold. */
export async function checkCase({ sample, name, bytes, random }: FuzzCase, pulse?: Pulse): Promise<void> {
  if (sample.kind === "archive") {
    await checkArchive(name, bytes);
    return;
  }
  const seal = sample.sealed ? await sealOf() : undefined;
  await checkImage(name, bytes, random, { seal, ...(pulse && { pulse }) });
}
