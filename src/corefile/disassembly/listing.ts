import type { AddressSpace } from "../../memory/index.ts";
import type { SourceLine } from "../dwarf/lines.ts";
import type { ElfSymbol } from "../elf/symbols.ts";
import type { LoadedModule, LoadedModules } from "../unwind/loaded-modules.ts";
import { targetOf } from "./annotate.ts";
import { disassemblerFor } from "./capstone.ts";
import type { Code, Disassembler, Instruction } from "./capstone.ts";

/** A line of a listing. */
export interface ListingRow {
  readonly address: bigint;
  /** Empty where memory can't be had. */
  readonly bytes: Uint8Array;
  /** `mov eax, 1`; undefined where memory can't be had. Bytes that are no instruction are `.byte 0x06`. */
  readonly text: string | undefined;
  /** The function it is in, and how far. */
  readonly function: { readonly name: string; readonly offset: bigint } | undefined;
  /** What an operand leads to: `0x401136 <main+0>`. */
  readonly target: string | undefined;
  readonly source: SourceLine | undefined;
}

export interface ListingOptions {
  /** Rows before the one at the address: they end where it begins. */
  readonly before?: number;
  /** Rows from the address on. */
  readonly count: number;
  /** Whether functions, targets and lines are looked up; yes when not given. */
  readonly names?: boolean;
  readonly signal?: AbortSignal;
}

/** Rows of one listing at most. */
export const MAX_ROWS = 10_000;
const CHUNK = 4096;
const ADDRESSES = 1n << 64n;
/** How far back the start of a function is used to read forward from. */
const MAX_BACK = 65_536;
/** Functions that are remembered while a listing is made. */
const MAX_KNOWN = 64;

/** A row before anything is looked up. */
interface Place {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly instruction: Pick<Instruction, "mnemonic" | "operands"> | undefined;
}

/**
 * Machine code around `address`, as many rows as asked for, whatever is there. What lies before it is read from the
 * starts of functions, since the length of an instruction is known from its start only; where no function is known, from
 * the place nearest by from which reading comes out at `address`. Throws `corefile.disassembler`.
 */
export async function listCode(
  space: AddressSpace,
  modules: LoadedModules,
  { architecture, address }: { readonly architecture: string; readonly address: bigint },
  { before = 0, count, names = true, signal }: ListingOptions,
): Promise<readonly ListingRow[] | undefined> {
  const code = codeAt(architecture, address);
  if (code === undefined) return undefined;
  const start = code === "THUMB" ? address & ~1n : address;
  const reader = { space, modules, disassembler: await disassemblerFor(code) };
  const places = [
    ...(await backward(reader, start, Math.min(before, MAX_ROWS), signal)),
    ...(await forward(reader, start, Math.min(count, MAX_ROWS), ADDRESSES)),
  ];
  const named = names ? namer(modules) : undefined;
  const rows: ListingRow[] = [];
  for (const place of places) {
    signal?.throwIfAborted();
    rows.push(await rowOf(place, named));
  }
  return rows;
}

/** Arm's Thumb code has odd addresses. */
const codeAt = (architecture: string, address: bigint): Code | undefined =>
  architecture === "ARM" && (address & 1n) === 1n ? "THUMB" : CODES.get(architecture);

const CODES: ReadonlyMap<string, Code> = new Map([
  ["X86_64", "X86_64"],
  ["AARCH64", "AARCH64"],
  ["ARM", "ARM"],
]);

interface Reader {
  readonly space: AddressSpace;
  readonly modules: LoadedModules;
  readonly disassembler: Disassembler;
}

/** `count` rows from `address` on, none of which begins at `end` or behind it. */
async function forward(reader: Reader, address: bigint, count: number, end: bigint): Promise<Place[]> {
  const { space, disassembler } = reader;
  const places: Place[] = [];
  let at = address;
  while (places.length < count && at < end) {
    const limit = end - at < BigInt(CHUNK) ? Number(end - at) : CHUNK;
    const bytes = await space.readBytes(at, limit);
    if (bytes.length === 0) {
      places.push({ address: at, bytes, instruction: undefined });
      at += BigInt(disassembler.step);
      continue;
    }
    // What is cut by the end of the chunk is read again; what memory or the limit cuts is taken as it is.
    const isWhole = bytes.length === CHUNK;
    const decoded = decodeAll(disassembler, bytes, at, count - places.length, isWhole);
    places.push(...decoded);
    const last = decoded.at(-1);
    if (last === undefined) break;
    at = last.address + BigInt(last.bytes.length);
  }
  return places;
}

/** All of `bytes`; with `isPart` without what an instruction at its end might lack. */
function decodeAll(
  disassembler: Disassembler,
  bytes: Uint8Array,
  address: bigint,
  most: number,
  isPart: boolean,
): readonly Place[] {
  const places: Place[] = [];
  const end = isPart ? bytes.length - disassembler.longest : bytes.length;
  for (let at = 0; at < end && places.length < most;) {
    const found = disassembler.decode(bytes.subarray(at), address + BigInt(at), most - places.length);
    for (const { bytes: taken, address: place, ...instruction } of found) {
      if (at >= end) break;
      places.push({ address: place, bytes: taken, instruction });
      at += taken.length;
    }
    if (at >= end || places.length >= most) break;
    const odd = bytes.subarray(at, Math.min(at + disassembler.step, bytes.length));
    const operands = [...odd].map((byte) => `0x${byte.toString(16).padStart(2, "0")}`).join(", ");
    places.push({
      ...{ address: address + BigInt(at), bytes: odd },
      instruction: { mnemonic: ".byte", operands },
    });
    at += odd.length;
  }
  return places;
}

/** `count` rows that end at `address`; fewer only at address 0. */
async function backward(
  reader: Reader,
  address: bigint,
  count: number,
  signal?: AbortSignal,
): Promise<readonly Place[]> {
  let places: readonly Place[] = [];
  let end = address;
  while (places.length < count && end > 0n) {
    signal?.throwIfAborted();
    const found = await endingAt(reader, end, count - places.length);
    const [first] = found;
    if (first === undefined) break;
    places = [...found, ...places];
    end = first.address;
  }
  return places.slice(-count || places.length);
}

/** Rows that end at `end`: at least one, more than `most` at times. */
async function endingAt(reader: Reader, end: bigint, most: number): Promise<readonly Place[]> {
  const { space, disassembler } = reader;
  const { step, longest } = disassembler;
  const start = await functionStart(reader, end - 1n);
  if (start !== undefined && end - start <= BigInt(MAX_BACK)) {
    const found = await forward(reader, start, MAX_BACK, end);
    if (endOf(found) === end) return found;
  }
  const single = end - BigInt(step) < 0n ? 0n : end - BigInt(step);
  if ((await space.readBytes(single, 1)).length === 0)
    return [{ address: single, bytes: new Uint8Array(0), instruction: undefined }];
  const back = Math.min(most * longest, CHUNK);
  for (let away = back - (back % step); away >= step; away -= step) {
    const from = end - BigInt(away);
    if (from < 0n || away < back - longest * 4) continue;
    const found = await forward(reader, from, MAX_BACK, end);
    if (endOf(found) === end && found.every(({ instruction }) => isCode(instruction))) return found;
  }
  // The longest single instruction that ends there, or a byte.
  for (let away = longest; away > step; away -= step) {
    if (end < BigInt(away)) continue;
    const found = await forward(reader, end - BigInt(away), 1, end);
    if (endOf(found) === end && found.every(({ instruction }) => isCode(instruction))) return found;
  }
  return forward(reader, single, 1, end);
}

const isCode = (instruction: Place["instruction"]): boolean =>
  instruction !== undefined && instruction.mnemonic !== ".byte";

function endOf(places: readonly Place[]): bigint | undefined {
  const last = places.at(-1);
  return last && last.address + BigInt(last.bytes.length);
}

async function functionStart({ modules }: Reader, address: bigint): Promise<bigint | undefined> {
  const module = await modules.at(address);
  const symbol = module && (await symbolAt(module, address));
  return symbol && symbol.address + module.bias;
}

const symbolAt = (module: LoadedModule, address: bigint): Promise<ElfSymbol | undefined> =>
  module.symbols.at(BigInt.asUintN(64, address - module.bias)).catch(() => undefined);

async function rowOf({ address, bytes, instruction }: Place, named: Namer | undefined): Promise<ListingRow> {
  const text = instruction && [instruction.mnemonic, instruction.operands].filter(Boolean).join(" ");
  const bare = { address, bytes, text, function: undefined, target: undefined, source: undefined };
  const place = await named?.(address);
  if (named === undefined || place === undefined) return bare;
  const to = instruction && targetOf(instruction, address + BigInt(bytes.length));
  const target = to === undefined ? undefined : await named(to);
  return {
    ...bare,
    function: place.function,
    target: to !== undefined && target?.function ? targetText(to, target.function) : undefined,
    source: await place.module.lines.at(place.linked).catch(() => undefined),
  };
}

const targetText = (address: bigint, { name, offset }: NonNullable<ListingRow["function"]>): string =>
  `0x${address.toString(16)} <${name}${offset === 0n ? "" : `+${offset}`}>`;

interface Named {
  readonly module: LoadedModule;
  /** The linker's address. */
  readonly linked: bigint;
  readonly function: ListingRow["function"];
}

type Namer = (address: bigint) => Promise<Named | undefined>;

/** Names addresses; what lies in a function that was just found is not looked up again. */
function namer(modules: LoadedModules): Namer {
  const known: { readonly module: LoadedModule; readonly symbol: ElfSymbol }[] = [];
  return async (address) => {
    const module = await modules.at(address);
    if (module === undefined) return undefined;
    const linked = BigInt.asUintN(64, address - module.bias);
    const isIn = ({ address: start, size }: ElfSymbol): boolean => linked >= start && linked < start + size;
    const near = known.find((each) => each.module === module && isIn(each.symbol))?.symbol;
    const symbol = near ?? (await symbolAt(module, address));
    if (symbol && near === undefined) known.unshift({ module, symbol });
    if (known.length > MAX_KNOWN) known.pop();
    return { module, linked, function: symbol && { name: symbol.name, offset: linked - symbol.address } };
  };
}
