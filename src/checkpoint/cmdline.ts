import { decodeText } from "../bytes/index.ts";
import { pageSizeOf } from "../criu/index.ts";
import type { MessageMap } from "../criu/index.ts";
import type { Layer } from "./layers.ts";
import { readPages } from "./pages.ts";
import type { Report } from "./problems.ts";

/** Longest command line that is read, in bytes. The kernel allows 6 MiB; nobody reads that in a list. */
const MAX_CMDLINE = 128 * 1024;

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
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function splitArguments(bytes: Uint8Array): readonly string[] {
  const parts = decodeText(bytes).split("\0");
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
