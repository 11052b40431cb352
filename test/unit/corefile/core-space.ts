// The memory of a process as an ELF core of gdb has it, in the shape that walks of stacks read.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource, openFileSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import type { Registers } from "../../../src/checkpoint/index.ts";
import type { AddressSpace, Area, CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { readCore } from "./core-notes.ts";
import type { ReadCore } from "./core-notes.ts";

export interface CoreProcess {
  readonly memory: CheckpointMemory;
  readonly space: AddressSpace;
  readonly threads: readonly { readonly tid: number; readonly registers: Registers }[];
  close(): Promise<void>;
}

const NT_PRSTATUS = 1;
const NT_FILE = 0x4649_4c45;
const GENERAL =
  "r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss fs_base gs_base ds es fs gs";

/** The core in a fixture. The program is there unless `without` says so; `stripped` takes its sections from it. */
export async function coreProcess(
  name: string,
  { without = false, stripped = false, program: called = "calls", core: dumped = "core" } = {},
): Promise<CoreProcess> {
  const folder = await fixture(name);
  const core = await readCore(join(folder, dumped));
  const file = join(folder, called);
  const program = stripped ? bufferSource(withoutSections(await readFile(file))) : await openFileSource(file);
  return { ...processOf(core, without ? undefined : program), close: async () => program.close?.() };
}

/** `e_shoff`, `e_shnum` and `e_shstrndx` are 0 where there are none (System V gABI). */
function withoutSections(program: Buffer): Buffer {
  const bytes = Buffer.from(program);
  bytes.writeBigUInt64LE(0n, 40);
  bytes.writeUInt32LE(0, 60);
  return bytes;
}

export function processOf(core: ReadCore, program: ByteSource | undefined): Omit<CoreProcess, "close"> {
  const files = filesOf(core);
  const areas = core.segments.map(({ start, size, flags }): Area => {
    const file = files.find((each) => start >= each.start && start < each.end);
    return areaOf(start, start + size, flags, file && file.offset + (start - file.start));
  });
  const found = program ? { path: "/calls", from: "sysroot" as const, source: program } : "noFile";
  // Of the memory of a checkpoint, the walk of a stack asks for the files behind it only.
  const memory = { files: { find: () => Promise.resolve(found) } } as unknown as CheckpointMemory;
  return { memory, space: spaceOf(core, areas), threads: threadsOf(core) };
}

/** A space with these bytes at `start`, as a stack. */
export const spaceOf = (core: Pick<ReadCore, "segments">, areas: readonly Area[]): AddressSpace => {
  const space: Partial<AddressSpace> = {
    areas,
    areaAt: (address) => areas.find(({ start, end }) => address >= start && address < end),
    readBytes: (address, length) => {
      const segment = core.segments.find(
        ({ start, bytes }) => address >= start && address < start + BigInt(bytes.length),
      );
      const at = segment ? Number(address - segment.start) : 0;
      return Promise.resolve(segment?.bytes.subarray(at, at + length) ?? new Uint8Array(0));
    },
  };
  // The rest is not asked for.
  return space as AddressSpace;
};

export const areaOf = (start: bigint, end: bigint, flags: number, offset: bigint | undefined): Area => ({
  ...{ start, end, offset: offset ?? 0n, shmid: 0n, first: 0, last: 0, hugetlb: false },
  permissions: `r${(flags & 2) === 0 ? "-" : "w"}${(flags & 1) === 0 ? "-" : "x"}p`,
  kind: offset === undefined ? "anonymous" : "file",
  name: offset === undefined ? undefined : "/calls",
  fileId: offset === undefined ? undefined : 1,
  ...{ flags: [], advice: [], vmFlags: [], openFlags: undefined, backing: { kind: "zero" } },
});

function filesOf({ notes }: ReadCore): readonly { start: bigint; end: bigint; offset: bigint }[] {
  const note = notes.find(({ type }) => type === NT_FILE)?.content;
  if (note === undefined) return [];
  const page = note.readBigUInt64LE(8);
  return Array.from({ length: Number(note.readBigUInt64LE(0)) }, (_, index) => ({
    start: note.readBigUInt64LE(16 + index * 24),
    end: note.readBigUInt64LE(24 + index * 24),
    offset: note.readBigUInt64LE(32 + index * 24) * page,
  }));
}

function threadsOf({ notes }: ReadCore): CoreProcess["threads"] {
  return notes
    .filter(({ type }) => type === NT_PRSTATUS)
    .map(({ content }) => {
      const general = Object.fromEntries(
        GENERAL.split(" ").map((name, index) => [name, content.readBigUInt64LE(112 + index * 8)]),
      );
      return { tid: content.readUInt32LE(32), registers: registersWith(general) };
    });
}

/** Registers of the 64-bit PC with these values. */
export const registersWith = (general: Readonly<Record<string, bigint>>): Registers => ({
  architecture: "X86_64",
  programCounter: general["ip"] ?? 0n,
  stackPointer: general["sp"] ?? 0n,
  ...{ general, floating: {}, tls: undefined, clearTidAddress: 0n, compat: false },
});
