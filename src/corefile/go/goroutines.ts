import type { Registers } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { exactMemory } from "../exact-memory.ts";
import type { ExactMemory } from "../exact-memory.ts";
import type { LoadedModule, LoadedModules } from "../unwind/loaded-modules.ts";
import { goroutineLayout } from "./layout.ts";
import type { GoroutineLayout } from "./layout.ts";

/** A goroutine that no thread runs: it waits, or its turn has not come. */
export interface Goroutine {
  readonly id: bigint;
  /** `waiting`, `runnable` …, as Go's own traces say it; of one that waits, for what: `chan receive`. */
  readonly status: string;
  /** Where it goes on, as far as its registers were kept. */
  readonly registers: Registers;
}

export interface Goroutines {
  readonly found: readonly Goroutine[];
  /** There are more than were read. */
  readonly hasMore: boolean;
}

/** Of a program with more, so many are read. */
export const MAX_GOROUTINES = 10_000;
/** Go's linker leaves one of these in every program. */
const SECTIONS = [".gopclntab", ".data.rel.ro.gopclntab", ".note.go.buildid"];
/** `runtime2.go`: `_Gidle` … A bit above them says that the collector looks at the stack. */
const STATUS: Readonly<Record<number, string>> = {
  1: "runnable",
  2: "running",
  3: "syscall",
  4: "waiting",
  8: "copystack",
  9: "preempted",
  10: "leaked",
};
const STATUS_BITS = 0xfff;
const [IN_SYSCALL, WAITING] = [3, 4];
const MAX_REASON = 64;
const NONE: Goroutines = { found: [], hasMore: false };

/** How a machine's registers are called that a goroutine keeps when it leaves its thread. */
const KEPT: Readonly<Record<string, { readonly pc: string; readonly fp: string }>> = {
  X86_64: { pc: "ip", fp: "bp" },
  AARCH64: { pc: "pc", fp: "x29" },
};

/**
 * The goroutines of a process on whose stacks none of `threads` stands, by `runtime.allgs` and the layout of `runtime.g`
 * that the program's debug information tells (`runtime/runtime2.go`, `proc.go`). None where it has none, or is no Go.
 */
export async function findGoroutines(
  space: AddressSpace,
  modules: LoadedModules,
  threads: readonly Registers[],
  limit = MAX_GOROUTINES,
): Promise<Goroutines> {
  const [first] = threads;
  const kept = KEPT[first?.architecture ?? ""];
  if (first === undefined || kept === undefined) return NONE;
  for (const module of await modules.all()) {
    if (!module.elf.sections.some(({ name }) => SECTIONS.includes(name))) continue;
    const list = await module.symbols.named("runtime.allgs").catch(() => undefined);
    const layout = list && (await goroutineLayout(module).catch(() => undefined));
    if (list === undefined || layout === undefined) continue;
    const memory = exactMemory(space);
    const at = list.address + module.bias;
    const [array, count] = [await memory.word(at), await memory.word(at + 8n)];
    if (array === undefined || count === undefined) continue;
    const pointers = threads.map(({ stackPointer }) => stackPointer);
    const reasonOf = waitReasons(module, memory);
    const found: Goroutine[] = [];
    const wanted = count > limit ? limit : Number(count);
    for (let index = 0; index < wanted; index++) {
      const address = await memory.word(array + BigInt(index * 8));
      const goroutine =
        address &&
        (await readGoroutine(
          { memory, layout, reasonOf, architecture: first.architecture, kept },
          address,
          pointers,
        ));
      if (goroutine) found.push(goroutine);
    }
    return { found, hasMore: count > limit };
  }
  return NONE;
}

interface Reading {
  readonly memory: ExactMemory;
  readonly layout: GoroutineLayout;
  readonly reasonOf: (reason: number) => Promise<string | undefined>;
  readonly architecture: string;
  readonly kept: { readonly pc: string; readonly fp: string };
}

async function readGoroutine(
  { memory, layout, reasonOf, architecture, kept }: Reading,
  address: bigint,
  threads: readonly bigint[],
): Promise<Goroutine | undefined> {
  const bytes = await memory.bytes(address, layout.size);
  if (bytes === undefined) return undefined;
  const wordAt = (offset: number): bigint => bytes.readBigUInt64LE(offset);
  const status = bytes.readUInt32LE(layout.status) & STATUS_BITS;
  const word = STATUS[status];
  const [low, high] = [wordAt(layout.stackLow), wordAt(layout.stackHigh)];
  if (word === undefined || threads.some((pointer) => pointer >= low && pointer < high)) return undefined;
  const reason = status === WAITING ? await reasonOf(bytes.readUInt8(layout.waitReason)) : undefined;
  const inCall = status === IN_SYSCALL && wordAt(layout.callStack) !== 0n;
  const stackPointer = wordAt(inCall ? layout.callStack : layout.stack);
  const programCounter = wordAt(inCall ? layout.callCounter : layout.counter);
  const framePointer = wordAt(layout.frame);
  const general = { sp: stackPointer, [kept.pc]: programCounter, [kept.fp]: framePointer };
  return {
    id: wordAt(layout.id),
    status: reason ?? word,
    registers: {
      ...{ architecture, programCounter, stackPointer, general, floating: {} },
      ...{ tls: undefined, clearTidAddress: 0n, compat: false },
    },
  };
}

/** What a goroutine waits for, in the words of the program itself. */
function waitReasons(
  { symbols, bias, elf }: LoadedModule,
  memory: ExactMemory,
): (reason: number) => Promise<string | undefined> {
  const known = new Map<number, Promise<string | undefined>>();
  const read = async (reason: number): Promise<string | undefined> => {
    const table = await symbols.named("runtime.waitReasonStrings").catch(() => undefined);
    if (table === undefined || BigInt(reason) * 16n + 16n > table.size) return undefined;
    const at = table.address + bias + BigInt(reason) * 16n;
    const [start, length] = [await memory.word(at), await memory.word(at + 8n)];
    if (start === undefined || length === undefined || length > MAX_REASON) return undefined;
    const bytes =
      (await memory.bytes(start, Number(length))) ??
      // Constants that nobody wrote to: a core may leave them to the program's file.
      Buffer.from(await elf.readAt(BigInt.asUintN(64, start - bias), Number(length)));
    return bytes.length === 0 ? undefined : bytes.toString();
  };
  return (reason) => {
    const text = known.get(reason) ?? read(reason);
    known.set(reason, text);
    return text;
  };
}
