// A minidump as the core file that the same process would have had.
import { basename } from "node:path";
import type { ByteSource } from "../../bytes/index.ts";
import { NT, PF } from "../../memory/index.ts";
import { corefileErrors } from "../errors.ts";
import type { CoreFile, CoreSegment } from "../reader/core-file.ts";
import { auxiliaryOf } from "../reader/core-process.ts";
import type { CoreMappedFile, CoreProcess, CoreThread } from "../reader/core-process.ts";
import { MINIDUMP_MACHINES } from "./contexts.ts";
import type { MinidumpMachine } from "./contexts.ts";
import { mappingsOf } from "./mappings.ts";
import type { MinidumpMapping } from "./mappings.ts";
import type { Minidump, MinidumpThread } from "./minidump-file.ts";
import { storedPages } from "./stored-pages.ts";
import type { StoredRun } from "./stored-pages.ts";

export interface MinidumpCore {
  readonly core: CoreFile;
  readonly process: CoreProcess;
  /** What the offsets of the segments count in. */
  readonly pages: ByteSource;
  /** What a person should know of it. */
  readonly problems: readonly string[];
}

const AT_PAGESZ = 6n;
const WORD = 8;
const MAX_PID = 2 ** 31;

/** Throws `corefile.badMinidump` when it has no threads, or too much of something. */
export function coreOfMinidump(source: ByteSource, minidump: Minidump): MinidumpCore {
  if (minidump.threads.length === 0) throw corefileErrors.badMinidump("it has no threads");
  const machine = MINIDUMP_MACHINES[minidump.architecture];
  const page = pageSizeOf(minidump);
  const { runs, pages, partial } = storedPages(source, minidump.memory, page);
  const mappings = mappingsOf(minidump, runs, page);
  const problems =
    partial === 0
      ? []
      : [
          `Of ${partial} pages the minidump has only a part, as of stacks from their pointer on. The rest is shown as zero.`,
        ];
  return {
    core: {
      machine: machine?.elfMachine ?? 0,
      word: WORD,
      segments: segmentsOf(mappings, runs),
      notes: [],
      mappings,
    },
    process: processOf(minidump, mappings, machine),
    pages,
    problems,
  };
}

function pageSizeOf({ auxiliary }: Minidump): bigint {
  const told = auxiliaryOf(auxiliary, WORD).find(([type]) => type === AT_PAGESZ)?.[1];
  return told === 16_384n || told === 65_536n ? told : 4096n;
}

/** The mappings in parts: each begins with pages that are there, or has none. */
function segmentsOf(
  mappings: readonly MinidumpMapping[],
  runs: readonly StoredRun[],
): readonly CoreSegment[] {
  const segments: CoreSegment[] = [];
  let next = 0;
  for (const [index, mapping] of mappings.entries()) {
    const { start, end, flags, kind } = mapping;
    const isFile = mapping.path !== undefined && isUnchanged(mappings, index);
    const add = (from: bigint, to: bigint, offset: number, stored: number): void => {
      // The kernel's own pages are nobody's who could have left them out.
      if (to > from && (stored > 0 || (kind !== "vvar" && kind !== "vsyscall")))
        segments.push({ start: from, end: to, offset, stored, flags, isFile });
    };
    let at = start;
    while ((runs[next]?.end ?? end) <= start) next++;
    for (let each = next; at < end; each++) {
      const run = runs[each];
      const from = run && run.start < end ? (run.start > at ? run.start : at) : end;
      add(at, from, 0, 0);
      if (run === undefined || from === end) break;
      at = run.end < end ? run.end : end;
      add(from, at, run.offset + Number(from - run.start), Number(at - from));
    }
  }
  return segments;
}

/**
 * Whether what isn't stored of a mapping of a file is as in the file. Not what can be written to; nor what the linker made
 * read-only after it had written to it, which lies behind the code, and before the data.
 */
function isUnchanged(mappings: readonly MinidumpMapping[], index: number): boolean {
  const mapping = mappings[index];
  if (mapping === undefined || (mapping.flags & PF.w) !== 0) return false;
  if ((mapping.flags & PF.x) !== 0) return true;
  const ofFile = (each: MinidumpMapping | undefined): boolean => each?.path === mapping.path;
  if (ofFile(mappings[index + 1]) && ((mappings[index + 1]?.flags ?? 0) & PF.w) !== 0) return false;
  const before = mappings[index - 1];
  // The first one behind the code has constants; a second one has what was written to.
  return !ofFile(before) || before === undefined || (before.flags & PF.x) !== 0;
}

function processOf(
  minidump: Minidump,
  mappings: readonly MinidumpMapping[],
  machine: MinidumpMachine | undefined,
): CoreProcess {
  const { status, auxiliary, crashed } = minidump;
  const threads = minidump.threads.map((thread): CoreThread => {
    const context =
      crashed?.tid === thread.tid && crashed.context.length > 0 ? crashed.context : thread.context;
    const registers = machine?.registers(context, thread.teb);
    const notes = new Map(registers?.fxsave ? [[NT.fpregset, registers.fxsave] as const] : []);
    return { tid: thread.tid, general: registers?.general, notes, signal: 0, blocked: 0n };
  });
  const isCrashed = ({ tid }: { readonly tid: number }): boolean => tid === crashed?.tid;
  const number = (name: string): number => Number(statusOf(status, name).split("\t")[0] ?? 0) || 0;
  return {
    pid: pidOf(minidump, minidump.threads),
    ppid: number("PPid"),
    pgid: number("NSpgid"),
    sid: number("NSsid"),
    uid: number("Uid"),
    gid: number("Gid"),
    nice: 0,
    flags: 0,
    comm: statusOf(status, "Name") || basename(minidump.modules[0]?.path ?? ""),
    arguments: "",
    architecture: machine?.architecture,
    threads: [...threads.filter(isCrashed), ...threads.filter((thread) => !isCrashed(thread))],
    auxiliary: auxiliaryOf(auxiliary, WORD),
    auxiliaryBytes: auxiliary,
    files: mappings.flatMap((mapping) => fileOf(mapping, minidump)),
  };
}

function pidOf({ pid, status }: Minidump, [first]: readonly MinidumpThread[]): number {
  const told = [pid, Number(statusOf(status, "Tgid")), first?.tid];
  return told.find((each) => each !== undefined && each > 0 && each < MAX_PID) ?? 1;
}

/** The value of a line of /proc/PID/status. */
function statusOf(status: string, name: string): string {
  const line = status.split("\n").find((each) => each.startsWith(`${name}:\t`));
  return line?.slice(name.length + 2) ?? "";
}

function fileOf(
  { start, end, offset, path }: MinidumpMapping,
  { modules }: Minidump,
): readonly CoreMappedFile[] {
  if (path === undefined) return [];
  const buildId = offset === 0n ? modules.find((each) => each.start === start)?.buildId : undefined;
  return [{ start, end, offset, path, buildId }];
}
