import type { ByteSource } from "../../bytes/index.ts";
import { Cursor } from "../elf/cursor.ts";
import type { CoreFile, CoreSegment } from "./core-file.ts";
import type { CoreProcess } from "./core-process.ts";

/** What the kernel put on the stack before the program began (`fs/binfmt_elf.c: create_elf_tables`). */
export interface InitialStack {
  /** Where the number of arguments is. */
  readonly start: bigint;
  readonly argumentsStart: bigint;
  readonly environmentStart: bigint;
  readonly environmentEnd: bigint;
}

const AT_EXECFN = 31n;
/** Arguments and environment are a few megabytes at most, at the end of the stack. */
const MAX_STACK = 8 * 1024 * 1024;
const MAX_STRINGS = 1_000_000;

/** Finds the auxiliary vector on the stack, by its bytes, and goes back from there. Undefined where it isn't. */
export async function findInitialStack(
  source: ByteSource,
  core: CoreFile,
  { auxiliary, auxiliaryBytes, threads }: CoreProcess,
): Promise<InitialStack | undefined> {
  const name = auxiliary.find(([type]) => type === AT_EXECFN)?.[1] ?? threads[0]?.general?.["sp"];
  const segment = core.segments.find(({ start, end }) => name !== undefined && name >= start && name < end);
  if (segment === undefined || auxiliary.length < 4) return undefined;
  const { bytes, base } = await endOf(source, segment);
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(auxiliaryBytes);
  return at < 0 ? undefined : stackBefore(bytes, base, at, core.word, name ?? segment.end);
}

async function endOf(
  source: ByteSource,
  { start, offset, stored }: CoreSegment,
): Promise<{ readonly bytes: Uint8Array; readonly base: bigint }> {
  const skipped = Math.max(0, stored - MAX_STACK);
  const bytes = await source.read(offset + skipped, stored - skipped);
  return { bytes, base: start + BigInt(skipped) };
}

/** Number of arguments, pointers to them, 0, pointers to the environment, 0, auxiliary vector: read backwards. */
function stackBefore(
  bytes: Uint8Array,
  base: bigint,
  vector: number,
  word: 4 | 8,
  end: bigint,
): InitialStack | undefined {
  const wordAt = (at: number): bigint | undefined =>
    at < 0 || at + word > bytes.length ? undefined : new Cursor(bytes, true, at).unsigned(word);
  /** Goes back over pointers; gives where the first of them is. */
  const pointersBefore = (
    behind: number,
    isEnd: (value: bigint, count: number, at: number) => boolean,
  ): number | undefined => {
    let at = behind;
    for (let count = 0; count < MAX_STRINGS; count++) {
      const value = wordAt(at - word);
      if (value === undefined) return undefined;
      if (isEnd(value, count, at)) return at;
      at -= word;
    }
    return undefined;
  };
  if (wordAt(vector - word) !== 0n) return undefined;
  const environment = pointersBefore(vector - word, (value) => value === 0n);
  if (environment === undefined) return undefined;
  // On 32-bit Arm the program's first instructions put the place of the arguments where their number was.
  const args = pointersBefore(
    environment - word,
    (value, count, at) => value === BigInt(count) || value === base + BigInt(at),
  );
  if (args === undefined) return undefined;
  const first = wordAt(args);
  const variables = wordAt(environment);
  if (first === undefined || first === 0n) return undefined;
  return {
    start: base + BigInt(args - word),
    argumentsStart: first,
    environmentStart: variables === undefined || variables === 0n ? end : variables,
    environmentEnd: end,
  };
}
