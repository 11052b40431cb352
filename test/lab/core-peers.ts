// What gdb and lldb say of a core in the lab, taken apart.
import assert from "node:assert/strict";
import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { openFileSink, writeCore } from "../../src/corefile/index.ts";
import type { CheckpointMemory } from "../../src/memory/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { withMemoryOf } from "../unit/memory/support.ts";
import { PROGRAMS, succeed } from "./frozen-programs.ts";
import type { PrintedFrame, PrintedThread } from "./frozen-programs.ts";

/** Debuggers look up how the threads' library lists them, which a core of the outside must not be asked for. */
const GDB = ["-nx", "-batch", "-ex", "set backtrace past-main on", "-ex", "set auto-load no"];

export interface GdbThread {
  readonly tid: number;
  readonly frames: readonly {
    readonly pc: string;
    readonly name: string | null;
    readonly line: number;
    readonly inlined: boolean;
  }[];
}

export function gdb(program: string, core: string, ...commands: readonly string[]): string {
  return succeed("gdb", [...GDB, ...commands.flatMap((each) => ["-ex", each]), program, core]);
}

export function gdbThreads(program: string, core: string): readonly GdbThread[] {
  const text = succeed("gdb", [...GDB, "-x", `${PROGRAMS}/frames.py`, program, core]);
  const line = text.split("\n").find((each) => each.startsWith("FRAMES "));
  assert.ok(line, text.slice(-2000));
  return JSON.parse(line.slice("FRAMES ".length)) as readonly GdbThread[];
}

export const REGISTERS: readonly string[] =
  "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split(" ");

/** The general registers of each thread, as `NAME VALUE`. */
export function gdbRegisters(program: string, core: string): ReadonlyMap<number, readonly string[]> {
  const threads = "for t in gdb.selected_inferior().threads() if t.switch() is None";
  const value = "int(gdb.newest_frame().read_register(n)) & (2**64 - 1)";
  const rows = `[print('REGISTER', t.ptid[1], n, '%x' % (${value})) ${threads} for n in '${REGISTERS.join(" ")}'.split()]`;
  const found = new Map<number, string[]>();
  for (const [, tid, name, hexes] of gdb(program, core, `python ${rows}`).matchAll(
    /^REGISTER (\d+) (\w+) ([0-9a-f]+)$/gm,
  )) {
    const row = found.get(Number(tid)) ?? [];
    found.set(Number(tid), row);
    row.push(`${name ?? ""} ${hexes ?? ""}`);
  }
  return found;
}

export function lldb(program: string, core: string, commands: readonly string[]): string {
  const words = [`target create --core ${core} ${program}`, ...commands];
  return succeed("lldb-19", ["--no-lldbinit", "--batch", ...words.flatMap((each) => ["-o", each])]);
}

/** The same of lldb. */
export function lldbRegisters(program: string, core: string): ReadonlyMap<number, readonly string[]> {
  const text = lldb(program, core, ["thread list"]);
  const tids = [...text.matchAll(/^[ *]*thread #(\d+): tid = (\d+)/gm)].map(
    ([, number, tid]) => [number ?? "", Number(tid)] as const,
  );
  const each = tids.flatMap(([number, tid]) => [
    `thread select ${number}`,
    `script print("THREAD ${tid}")`,
    `register read ${REGISTERS.join(" ")}`,
  ]);
  const found = new Map<number, string[]>();
  let row: string[] = [];
  for (const line of lldb(program, core, each).split("\n")) {
    const tid = /^THREAD (\d+)$/.exec(line)?.[1];
    if (tid !== undefined) found.set(Number(tid), (row = []));
    const [, name, value] = /^ +(\w+) = 0x([0-9a-f]+)/.exec(line) ?? [];
    if (name !== undefined) row.push(`${name} ${BigInt(`0x${value ?? ""}`).toString(16)}`);
  }
  return found;
}

/** Writes the core of a process to `path`. */
export async function coreTo(path: string, memory: CheckpointMemory, pid: number): Promise<void> {
  const sink = await openFileSink(path);
  await writeCore(memory.checkpoint, memory, pid, sink);
  await sink.done();
}

/** Makes the core of the frozen program `threads`, and the root that its files are found in. */
export async function coreWithRoot(core: string, root: string): Promise<void> {
  mkdirSync(dirname(core), { recursive: true });
  const from = await fixture("memory/elfcore");
  cpSync(join(from, "root"), root, { recursive: true });
  await withMemoryOf(join(from, "img"), (memory) => coreTo(core, memory, 1));
}

/** A stretch of memory that can be touched, and how. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly access: string;
}

/** By address; neighbours that can be touched alike are one. Without the pages of the kernel's own that no dump has. */
function joined(mappings: readonly Mapping[]): readonly Mapping[] {
  const all: Mapping[] = [];
  for (const one of mappings.filter(({ access }) => access !== "---")) {
    const last = all.at(-1);
    if (last?.end === one.start && last.access === one.access) all.splice(-1, 1, { ...last, end: one.end });
    else all.push(one);
  }
  return all;
}

/** Pages that the kernel has in every process, and dumps and cores have or not. */
const KERNELS = /^\[(?:vvar|vsyscall)/;

/** What `/proc/PID/maps` says, and what lldb says that a core of the same process has. */
export function mappings(
  maps: string,
  { program, core }: { readonly program: string; readonly core: string },
): { readonly kernel: readonly Mapping[]; readonly lldb: readonly Mapping[] } {
  const rows = [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (...)\S (?:\S+ ){2}\d+ *(.*)$/gm)].map(
    ([, start, end, access = "", name = ""]) => ({
      ...{ start: BigInt(`0x${start ?? ""}`), end: BigInt(`0x${end ?? ""}`), access, name },
    }),
  );
  const own = rows.filter(({ name }) => KERNELS.test(name));
  const regions = [
    ...lldb(program, core, ["memory region --all"]).matchAll(
      /^\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\) ([r-][w-][x-])/gm,
    ),
  ].map(([, start = "", end = "", access = ""]) => ({ start: BigInt(start), end: BigInt(end), access }));
  return {
    kernel: joined(
      rows.filter((row) => !own.includes(row)).map(({ start, end, access }) => ({ start, end, access })),
    ),
    lldb: joined(regions.filter((one) => !own.some(({ start, end }) => one.start < end && start < one.end))),
  };
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;
export const native = ({ frames }: PrintedThread): readonly PrintedFrame[] =>
  frames.filter(({ language }) => language === "native");

export function ours(threads: readonly PrintedThread[], tid: number): readonly PrintedFrame[] {
  const found = threads.find((each) => each.tid === tid);
  assert.ok(found, `thread ${tid}`);
  return native(found);
}
