import type { AddressSpace } from "../../memory/index.ts";
import type { Location } from "../dwarf/expression.ts";
import { entryRegister } from "../dwarf/info/entry-values.ts";
import type { LocationContext } from "../dwarf/info/locate.ts";
import { DW_ATE } from "../dwarf/info/names.ts";
import type { DataType, Variable } from "../dwarf/info/types.ts";
import type { Frame } from "../unwind/frame.ts";
import { wordReader } from "../unwind/step.ts";

/** Why there is no value. */
export type Missing = "optimized out" | "thread-local" | "incomplete type" | "unreadable";

/** A value of a type: in memory, or put together from registers. */
export interface DataValue {
  readonly type: DataType;
  /** Where it is; undefined for what is in registers or nowhere. */
  readonly address: bigint | undefined;
  /** Its bytes where it has no address. */
  readonly content: Uint8Array | undefined;
  /** Bytes of `content` that nobody knows. */
  readonly holes: readonly { readonly from: number; readonly to: number }[];
  /** Of a bit field, which bits of the number it is. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
  readonly missing: Missing | undefined;
}

/** Where the variables of a frame are looked for. */
export interface ValueContext {
  readonly space: AddressSpace;
  readonly frame: Frame;
  /** The frame that called, which may tell what arguments were at entry. */
  readonly caller?: Frame | undefined;
  /** Registers wider than a word by DWARF's numbers, where they are known of the frame. */
  wide?(number: number): Uint8Array | undefined;
}

const WORD = 8;
/** A value is read up to here: more than anyone looks at in one row. */
export const MAX_VALUE = 1024 * 1024;

const missing = (type: DataType, why: Missing): DataValue => ({
  ...{ type, address: undefined, content: undefined, holes: [], bits: undefined },
  missing: why,
});

export const valueAt = (type: DataType, address: bigint): DataValue => ({
  ...{ type, address: BigInt.asUintN(64, address), content: undefined, holes: [], bits: undefined },
  missing: undefined,
});

const valueOfBytes = (type: DataType, content: Uint8Array, holes: DataValue["holes"] = []): DataValue => ({
  ...{ type, address: undefined, content, holes, bits: undefined, missing: undefined },
});

/** What a variable is in a frame. Never throws: what can't be had says why. */
export async function variableValue(context: ValueContext, variable: Variable): Promise<DataValue> {
  const { frame, space } = context;
  const declared = await variable.type();
  const { module, codeAddress } = frame;
  if (module === undefined || codeAddress === undefined) return missing(declared, "optimized out");
  const from: LocationContext = {
    ...locationContext(space, frame, codeAddress),
    atEntry: (bytes) => atEntry(context, bytes),
  };
  const real = realScope(frame);
  const sized = declared.kind === "array" ? declared.sized : undefined;
  const type = sized
    ? await sized((range, attribute) => module.debugInfo.bound(range, attribute, real, from))
    : declared;
  const location = await module.debugInfo.locate(variable, real, from);
  return fromLocation(context, location, type);
}

/** The function itself, of which inlined calls are parts. */
const realScope = ({ functions, scope }: Frame): Frame["scope"] => functions?.at(-1)?.scope ?? scope;

const locationContext = (space: AddressSpace, frame: Frame, address: bigint): LocationContext => ({
  ...{ address, bias: frame.module?.bias ?? 0n, cfa: frame.cfa },
  register: (number) => frame.registers.get(number),
  memory: wordReader(space, frame.module?.elf.header.littleEndian ?? true),
});

/** What an expression about a register was when the function was entered: the caller's debug information may tell. */
async function atEntry(
  { space, frame, caller }: ValueContext,
  bytes: Uint8Array,
): Promise<bigint | undefined> {
  const { module } = caller ?? {};
  const register = entryRegister(bytes, module?.elf.header.littleEndian ?? true);
  const [calling, callee] = [caller && realScope(caller), realScope(frame)];
  if (caller === undefined || module === undefined || register === undefined || !calling || !callee)
    return undefined;
  const returns = BigInt.asUintN(64, caller.programCounter - module.bias);
  return module.debugInfo.entryValue(calling, { callee, register }, locationContext(space, caller, returns));
}

/** The frame that called the one at `index`, of those behind it. */
export const callerOf = (frames: readonly Frame[], index: number): Frame | undefined =>
  frames.slice(index + 1).find(({ cfa }) => cfa !== frames[index]?.cfa);

async function fromLocation(context: ValueContext, location: Location, type: DataType): Promise<DataValue> {
  if (location.kind === "memory") return valueAt(type, location.address);
  if (location.kind === "threadLocal") return missing(type, "thread-local");
  if (location.kind === "parts") return together(context, location.parts, type);
  const content = bytesOf(context, location);
  return content ? valueOfBytes(type, content) : missing(type, "optimized out");
}

function bytesOf({ frame, wide }: ValueContext, location: Location): Uint8Array | undefined {
  switch (location.kind) {
    case "bytes":
      return location.bytes;
    case "value":
      return wordBytes(location.value);
    case "register": {
      const value = frame.registers.get(location.number);
      return value === undefined ? wide?.(location.number) : wordBytes(value);
    }
    default:
      return undefined;
  }
}

function wordBytes(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(WORD);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

async function together(
  context: ValueContext,
  parts: (Location & { readonly kind: "parts" })["parts"],
  type: DataType,
): Promise<DataValue> {
  const size = Math.min(type.size, MAX_VALUE);
  const content = Buffer.alloc(size);
  const holes: { from: number; to: number }[] = [];
  let at = 0;
  for (const { location, bits } of parts) {
    const length = Math.min(Math.ceil(bits / 8), Math.max(0, size - at));
    const bytes =
      location.kind === "memory"
        ? await context.space.readBytes(BigInt.asUintN(64, location.address), length)
        : bytesOf(context, location);
    if (bits % 8 === 0 && bytes && bytes.length >= length) content.set(bytes.subarray(0, length), at);
    else holes.push({ from: at, to: at + length });
    at += length;
  }
  if (at < size) holes.push({ from: at, to: size });
  const known = holes.reduce((left, { from, to }) => left - (to - from), size);
  return known <= 0 ? missing(type, "optimized out") : valueOfBytes(type, content, holes);
}

/** The bytes of a value, at most `most`; undefined where they can't all be had. */
export async function valueBytes(
  space: AddressSpace,
  value: DataValue,
  most = MAX_VALUE,
): Promise<Uint8Array | undefined> {
  const size = Math.min(value.type.size, most);
  if (value.missing || size < 0) return undefined;
  if (value.content) {
    if (value.holes.some(({ from, to }) => from < size && to > 0)) return undefined;
    // A register is wider than what is in it, and a small constant narrower than its type.
    const bytes = Buffer.alloc(size);
    bytes.set(value.content.subarray(0, size));
    return value.content.length < size && value.content.length !== WORD ? undefined : bytes;
  }
  if (value.address === undefined || value.address > (1n << 64n) - BigInt(size)) return undefined;
  const bytes = await space.readBytes(value.address, size);
  return bytes.length < size ? undefined : bytes;
}

/** The number a value is: of pointers the address, of bit fields their bits. Undefined for what is none, or can't be had. */
export async function valueNumber(space: AddressSpace, value: DataValue): Promise<bigint | undefined> {
  const { type, bits } = value;
  if (type.kind !== "base" && type.kind !== "pointer" && type.kind !== "enum") return undefined;
  if (type.kind === "base" && isFloat(type.encoding)) return undefined;
  const size = bits ? Math.ceil((bits.offset + bits.size) / 8) : type.size;
  if (size === 0 || size > 16) return undefined;
  const bytes = await valueBytes(space, { ...value, type: { ...type, size } });
  if (bytes === undefined) return undefined;
  const raw = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  const width = bits?.size ?? size * 8;
  const shifted = bits ? raw >> BigInt(bits.offset) : raw;
  return isSigned(type) ? BigInt.asIntN(width, shifted) : BigInt.asUintN(width, shifted);
}

const isFloat = (encoding: number): boolean => encoding === DW_ATE.float;

const SIGNED: ReadonlySet<number> = new Set([DW_ATE.signed, DW_ATE.signed_char]);
const isSigned = (type: DataType): boolean =>
  (type.kind === "base" && SIGNED.has(type.encoding)) || (type.kind === "enum" && type.isSigned);

/** A floating point number of 4 or 8 bytes, or of the 80 bits of x87; undefined for other values. */
export async function valueFloat(space: AddressSpace, value: DataValue): Promise<number | undefined> {
  const { type } = value;
  if (type.kind !== "base" || !isFloat(type.encoding)) return undefined;
  const bytes = await valueBytes(space, value);
  if (bytes === undefined) return undefined;
  const view = Buffer.from(bytes);
  if (type.size === 4) return view.readFloatLE();
  if (type.size === 8) return view.readDoubleLE();
  return view.length >= 10 ? extended(view) : undefined;
}

/** 64 bits of mantissa with its leading one, 15 of exponent, a sign. */
function extended(bytes: Buffer): number | undefined {
  const mantissa = bytes.readBigUInt64LE();
  const head = bytes.readUInt16LE(8);
  const exponent = head & 0x7fff;
  if (exponent === 0x7fff) return mantissa << 1n === 0n ? Infinity : NaN;
  const value = Number(mantissa) * 2 ** (exponent - 16383 - 63);
  return (head & 0x8000) === 0 ? value : -value;
}

/** What a pointer or reference leads to; undefined where there is no such value, or it is nowhere. */
export async function pointedTo(space: AddressSpace, value: DataValue): Promise<DataValue | undefined> {
  if (value.type.kind !== "pointer") return undefined;
  const address = await valueNumber(space, value);
  return address === undefined ? undefined : valueAt(await value.type.to(), address);
}

/** A part of a value, `offset` bytes from its start. */
export function partOf(value: DataValue, type: DataType, offset: number): DataValue {
  if (value.missing) return missing(type, value.missing);
  if (value.address !== undefined) return valueAt(type, value.address + BigInt(offset));
  const content = value.content ?? new Uint8Array(0);
  const holes = value.holes
    .map(({ from, to }) => ({ from: Math.max(0, from - offset), to: to - offset }))
    .filter(({ from, to }) => to > from);
  return valueOfBytes(type, content.subarray(offset, offset + Math.max(type.size, 1)), holes);
}
