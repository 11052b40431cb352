import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";
import { corefileErrors } from "../errors.ts";

/** One instruction as the processor would take it. */
export interface Instruction {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly mnemonic: string;
  /** What stands behind the mnemonic; "" where nothing does. */
  readonly operands: string;
}

/** Reads machine code of one kind. */
export interface Disassembler {
  /** Bytes of an instruction: the least, and where all are equally long also the most. */
  readonly step: number;
  /** The longest an instruction can be. */
  readonly longest: number;
  /** The instructions from the first byte on, `most` at most, up to the first that is none. */
  decode(bytes: Uint8Array, address: bigint, most: number): readonly Instruction[];
}

/** Machine code that can be read, by the names CRIU has for the machines; `THUMB` is Arm's other instruction set. */
export type Code = "X86_64" | "AARCH64" | "ARM" | "THUMB";

/** `cs_arch` and `cs_mode` of Capstone 5 (`include/capstone/capstone.h`). A new kind of code is a row. */
const CODES: Readonly<Record<Code, { arch: number; mode: number; step: number; longest: number }>> = {
  X86_64: { arch: 3, mode: 8, step: 1, longest: 15 },
  AARCH64: { arch: 1, mode: 0, step: 4, longest: 4 },
  ARM: { arch: 0, mode: 64, step: 4, longest: 4 },
  THUMB: { arch: 0, mode: 80, step: 2, longest: 4 },
};

/** The part of WebAssembly's interface that is used; Node's types lack it where there is no browser. */
interface WebAssemblyRuntime {
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, object>>,
  ): Promise<{ readonly instance: { readonly exports: Readonly<Record<string, unknown>> } }>;
}

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** The exports of the WebAssembly of capstone-wasm 1.0.3, whose linker gave them letters. */
interface Exports {
  readonly c: Memory;
  /** What runs before anything else. */
  readonly d: () => void;
  readonly cs_open: (arch: number, mode: number, handle: number) => number;
  readonly cs_disasm: (
    ...args: [handle: number, code: number, size: number, address: bigint, most: number, found: number]
  ) => number;
  readonly cs_free: (instructions: number, count: number) => void;
  readonly malloc: (size: number) => number;
}

const EXPORT_NAMES = { cs_open: "i", cs_disasm: "l", cs_free: "m", malloc: "x" } as const;

/** `struct cs_insn` of a 32-bit machine. */
const INSN = { size: 240, address: 8, length: 16, bytes: 18, mnemonic: 42, operands: 74, end: 234 } as const;
const [POINTER, PAGE] = [4, 65_536];
/** Room for the code of one call. */
const ROOM = 16_384;

/** Path of the packed WebAssembly from the file that this code is bundled into; scripts/build.ts sets it. */
declare const CAPSTONE_WASM: string | undefined;

let library: Promise<Exports> | undefined;
const opened = new Map<Code, Promise<Disassembler>>();

/**
 * The disassembler for `code`, by Capstone in WebAssembly, which is loaded when it is first asked for. Throws
 * `corefile.disassembler` where that can't be done.
 */
export function disassemblerFor(code: Code): Promise<Disassembler> {
  const known = opened.get(code) ?? open(code);
  opened.set(code, known);
  return known;
}

async function open(code: Code): Promise<Disassembler> {
  const { arch, mode, step, longest } = CODES[code];
  library ??= load();
  const capstone = await library.catch((error: unknown) => {
    library = undefined;
    opened.clear();
    throw corefileErrors.disassembler(error);
  });
  const [place, found, room] = [capstone.malloc(POINTER), capstone.malloc(POINTER), capstone.malloc(ROOM)];
  const status = capstone.cs_open(arch, mode, place);
  if (status !== 0) throw corefileErrors.disassembler(`status ${status}`);
  const handle = view(capstone).getUint32(place, true);
  return {
    ...{ step, longest },
    decode(bytes, address, most) {
      const given = bytes.subarray(0, ROOM);
      new Uint8Array(capstone.c.buffer).set(given, room);
      const count = capstone.cs_disasm(handle, room, given.length, BigInt.asIntN(64, address), most, found);
      if (count === 0) return [];
      const first = view(capstone).getUint32(found, true);
      const instructions = Array.from({ length: count }, (_, index) =>
        instructionAt(capstone, first + index * INSN.size),
      );
      capstone.cs_free(first, count);
      return instructions;
    },
  };
}

// The memory may have grown since, and has another buffer then.
const view = ({ c }: Exports): DataView => new DataView(c.buffer);

function instructionAt(capstone: Exports, at: number): Instruction {
  const memory = Buffer.from(capstone.c.buffer);
  const text = (from: number, to: number): string => {
    const field = memory.subarray(at + from, at + to);
    const end = field.indexOf(0);
    return field.toString("latin1", 0, end < 0 ? undefined : end);
  };
  return {
    address: memory.readBigUInt64LE(at + INSN.address),
    bytes: Uint8Array.from(
      memory.subarray(at + INSN.bytes, at + INSN.bytes + memory.readUInt16LE(at + INSN.length)),
    ),
    mnemonic: text(INSN.mnemonic, INSN.operands),
    operands: text(INSN.operands, INSN.end),
  };
}

async function load(): Promise<Exports> {
  const known: { memory?: Memory } = {};
  const imports = {
    // emscripten_resize_heap(bytes), emscripten_memcpy_js(to, from, length).
    a: (bytes: number): number => {
      const { memory } = known;
      if (memory === undefined) return 0;
      const more = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
      if (more > 0) memory.grow(more);
      return 1;
    },
    b: (to: number, from: number, length: number): void => {
      if (known.memory) new Uint8Array(known.memory.buffer).copyWithin(to, from, from + length);
    },
  };
  // The global is what its interface says.
  const runtime = WebAssembly as unknown as WebAssemblyRuntime;
  const { exports } = (await runtime.instantiate(await readLibrary(), { a: imports })).instance;
  for (const [name, letter] of Object.entries(EXPORT_NAMES))
    if (typeof exports[letter] !== "function") throw corefileErrors.disassembler(`it has no ${name}`);
  const named = Object.fromEntries(Object.entries(EXPORT_NAMES).map(([name, at]) => [name, exports[at]]));
  // The version is locked, and that what is called is there was looked at.
  const ready = { c: exports["c"], d: exports["d"], ...named } as unknown as Exports;
  known.memory = ready.c;
  ready.d();
  return ready;
}

async function readLibrary(): Promise<Uint8Array> {
  if (typeof CAPSTONE_WASM === "string")
    return promisify(brotliDecompress)(await readFile(join(__dirname, CAPSTONE_WASM)));
  return readFile(new URL("../../../node_modules/capstone-wasm/dist/capstone.wasm", import.meta.url));
}
