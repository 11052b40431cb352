import type { MessageMap } from "../criu/index.ts";
import type { Layer } from "./layers.ts";
import { readPages } from "./pages.ts";
import type { Report } from "./problems.ts";

/** Longest command line that is read, in bytes. The kernel allows 6 MiB; nobody reads that in a list. */
const MAX_CMDLINE = 128 * 1024;

/** auxv key of the page size (`AT_PAGESZ`). */
const AT_PAGESZ = 6n;
const PAGE_SIZES = new Set([4096n, 8192n, 16384n, 65536n]);

type Mm = MessageMap["mm_entry"];

/**
 * The page size of a process, in bytes. Images don't record it, but every process got it in its auxiliary vector. Where
 * that is unreadable, all of its mappings begin and end at multiples of it, and with smaller pages some wouldn't.
 */
export function pageSizeOf(mm: Pick<Mm, "mm_saved_auxv">, vmas: Mm["vmas"] = []): number {
  const auxv = mm.mm_saved_auxv;
  for (let index = 0; index + 1 < auxv.length; index += 2) {
    const value = auxv[index + 1];
    if (auxv[index] === AT_PAGESZ && value !== undefined && PAGE_SIZES.has(value)) return Number(value);
  }
  return alignmentOf(vmas);
}

/** Mappings that say something of the page size by how they lie. */
const MIN_VMAS = 4;

/** The largest page size of Linux's machines at which all mappings could lie; 4096 when they are few. */
function alignmentOf(vmas: Mm["vmas"]): number {
  if (vmas.length < MIN_VMAS) return 4096;
  let bits = 0n;
  for (const { start, end } of vmas) bits |= start | end;
  return [65536, 16384].find((size) => bits % BigInt(size) === 0n) ?? 4096;
}

/**
 * The arguments as they are in the process's memory, read the way the kernel serves /proc/PID/cmdline
 * (`fs/proc/base.c: get_mm_cmdline`): arguments end with NUL; a process that wrote its title over them, into the
 * environment if need be, has one string that ends at its first NUL. Undefined when the memory isn't there.
 */
export async function readCmdline(
  layers: readonly Layer[],
  pid: number,
  mm: Omit<MessageMap["mm_entry"], "vmas">,
  report: Report,
): Promise<readonly string[] | undefined> {
  const start = mm.mm_arg_start;
  const end = mm.mm_arg_end;
  if (end <= start) return [];
  const envEnd = mm.mm_env_start === end && mm.mm_env_end > end ? mm.mm_env_end : end;
  const argLength = bounded(end - start);
  const pieces = await readPages(layers, String(pid), start, bounded(envEnd - start), pageSizeOf(mm), report);
  const bytes = leadingBytes(pieces.map((piece) => piece.bytes));
  if (bytes.length === 0) return undefined;
  const overwritten = bytes.length > argLength && bytes[argLength - 1] !== 0;
  return overwritten ? [title(bytes)] : splitArguments(bytes.subarray(0, argLength));
}

const bounded = (length: bigint): number =>
  Number(length < BigInt(MAX_CMDLINE) ? length : BigInt(MAX_CMDLINE));

function title(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function splitArguments(bytes: Uint8Array): readonly string[] {
  const parts = new TextDecoder().decode(bytes).split("\0");
  // The last argument's NUL ends it and starts no other.
  if (parts.at(-1) === "") parts.pop();
  // A title written over the arguments leaves NULs up to their end; they are no arguments. A single one may be.
  const last = parts.findLastIndex((part) => part !== "");
  return parts.length - last > 2 ? parts.slice(0, last + 1) : parts;
}

/** The bytes up to the first piece that isn't there. */
function leadingBytes(pieces: readonly (Uint8Array | undefined)[]): Uint8Array {
  const missing = pieces.indexOf(undefined);
  return Buffer.concat(
    pieces.slice(0, missing < 0 ? undefined : missing).filter((piece) => piece !== undefined),
  );
}
