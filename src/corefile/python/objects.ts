import type { PythonLayout } from "./layout.ts";
import type { ExactMemory } from "../exact-memory.ts";

/** Reads objects of CPython. What is none, or can't be had, is undefined. */
export interface PythonObjects {
  text(address: bigint): Promise<string | undefined>;
  bytes(address: bigint, most: number): Promise<Buffer | undefined>;
  /** The items of a tuple, at most so many. */
  tuple(address: bigint, most: number): Promise<readonly bigint[] | undefined>;
  /** Undefined where it is none, or its name is in a file that isn't here. */
  typeName(address: bigint): Promise<string | undefined>;
  /** What an object is, in a few words: numbers, text and None as Python writes them, of others kind and size. */
  describe(address: bigint): Promise<{ readonly type: string; readonly value: string } | undefined>;
  /** What a cell (of a closure) holds. */
  cell(address: bigint): Promise<bigint | undefined>;
}

const MAX_TEXT = 4096;
const MAX_NAME = 256;
const MAX_DIGITS = 1024;
const DIGIT_BITS = 30n;
const SHOWN = 200;
/** `Py_TPFLAGS_…_SUBCLASS` (`object.h`). */
const FLAGS = {
  long: 1n << 24n,
  list: 1n << 25n,
  tuple: 1n << 26n,
  bytes: 1n << 27n,
  text: 1n << 28n,
  dict: 1n << 29n,
};

export function pythonObjects(memory: ExactMemory, layout: PythonLayout): PythonObjects {
  const { object, text: shape, long } = layout;
  const at = (address: bigint, offset: number): bigint => address + BigInt(offset);
  const size = async (address: bigint): Promise<number | undefined> => {
    const found = await memory.word(at(address, object.size));
    return found === undefined || found > 0xffff_ffffn ? undefined : Number(found);
  };

  async function text(address: bigint): Promise<string | undefined> {
    const length = await memory.word(at(address, shape.length));
    const state = await memory.u32(at(address, shape.state));
    if (length === undefined || state === undefined || length > 0xffff_ffffn) return undefined;
    // interned:2 kind:3 compact:1 ascii:1, from the lowest bit.
    const kind = (state >> 2) & 7;
    const isCompact = ((state >> 5) & 1) === 1;
    const isAscii = ((state >> 6) & 1) === 1;
    if (!isCompact || ![1, 2, 4].includes(kind)) return undefined;
    const count = Math.min(Number(length), MAX_TEXT);
    const bytes = await memory.bytes(at(address, isAscii ? shape.ascii : shape.other), count * kind);
    if (bytes === undefined) return undefined;
    if (kind === 1) return bytes.toString("latin1");
    let result = "";
    for (let index = 0; index < count; index++) {
      const code = kind === 2 ? bytes.readUInt16LE(index * 2) : bytes.readUInt32LE(index * 4);
      result += code < 0x11_0000 ? String.fromCodePoint(code) : "\ufffd";
    }
    return result;
  }

  async function bytes(address: bigint, most: number): Promise<Buffer | undefined> {
    const length = await size(address);
    return length === undefined || length > most
      ? undefined
      : memory.bytes(at(address, layout.bytes.content), length);
  }

  async function tuple(address: bigint, most: number): Promise<readonly bigint[] | undefined> {
    const length = await size(address);
    if (length === undefined || length > most) return undefined;
    const items = await memory.bytes(at(address, layout.tuple.items), length * 8);
    return items && Array.from({ length }, (_, index) => items.readBigUInt64LE(index * 8));
  }

  /** The name of a type of Python's own is in its file; without that only its flags are known. */
  async function typeOf(
    address: bigint,
  ): Promise<{ readonly name: string | undefined; readonly flags: bigint } | undefined> {
    const type = await memory.word(at(address, object.type));
    const name = type === undefined ? undefined : await memory.word(at(type, layout.type.name));
    const flags = type === undefined ? undefined : await memory.word(at(type, layout.type.flags));
    if (name === undefined || flags === undefined) return undefined;
    for (const length of [MAX_NAME, 32]) {
      const found = await memory.bytes(name, length);
      const end = found?.indexOf(0) ?? -1;
      if (found && end > 0) return { name: found.toString("utf8", 0, end), flags };
    }
    return { name: undefined, flags };
  }

  async function number(address: bigint): Promise<bigint | undefined> {
    let sign = 1n;
    let count: bigint | undefined;
    if (long.tag === undefined) {
      const signed = await memory.word(at(address, object.size));
      if (signed === undefined) return undefined;
      count = BigInt.asIntN(64, signed);
      if (count < 0n) [sign, count] = [-1n, -count];
    } else {
      const tag = await memory.word(at(address, long.tag));
      if (tag === undefined) return undefined;
      // The two lowest bits: 0 positive, 1 zero, 2 negative.
      if ((tag & 3n) === 1n) return 0n;
      sign = (tag & 3n) === 2n ? -1n : 1n;
      count = tag >> 3n;
    }
    if (count > BigInt(MAX_DIGITS)) return undefined;
    const digits = await memory.bytes(at(address, long.digits), Number(count) * 4);
    if (digits === undefined) return undefined;
    let value = 0n;
    for (let index = Number(count) - 1; index >= 0; index--)
      value = (value << DIGIT_BITS) | BigInt(digits.readUInt32LE(index * 4));
    return sign * value;
  }

  async function describe(
    address: bigint,
  ): Promise<{ readonly type: string; readonly value: string } | undefined> {
    const type = await typeOf(address);
    if (type === undefined) return undefined;
    const { name, flags } = type;
    const named = async (): Promise<string> => {
      if (name === "NoneType") return "None";
      if (name === "bool") return (await number(address)) === 0n ? "False" : "True";
      if ((flags & FLAGS.long) !== 0n) return String((await number(address)) ?? "<a large number>");
      if ((flags & FLAGS.text) !== 0n) return quoted((await text(address)) ?? "");
      if (name === "float")
        return floatText((await memory.bytes(at(address, layout.float.value), 8))?.readDoubleLE());
      const length = await size(address);
      if ((flags & FLAGS.bytes) !== 0n) {
        const content = await memory.bytes(at(address, layout.bytes.content), Math.min(length ?? 0, SHOWN));
        return `b${quoted(content?.toString("latin1") ?? "")}`;
      }
      if ((flags & FLAGS.list) !== 0n) return `list of ${length ?? "?"}`;
      if ((flags & FLAGS.tuple) !== 0n) return `tuple of ${length ?? "?"}`;
      if ((flags & FLAGS.dict) !== 0n)
        return `dict of ${(await memory.word(at(address, layout.dict.used))) ?? "?"}`;
      return `<${name ?? "object"} at 0x${address.toString(16)}>`;
    };
    return { type: name ?? "", value: await named() };
  }

  return {
    ...{ text, bytes, tuple, describe },
    typeName: async (address) => (await typeOf(address))?.name,
    // PyCellObject has its content behind the head.
    cell: (address) => memory.word(at(address, object.size)),
  };
}

function quoted(content: string): string {
  const cut = content.length > SHOWN;
  const plain = (cut ? content.slice(0, SHOWN) : content).replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n");
  return `'${plain}'${cut ? "…" : ""}`;
}

/** As Python writes it: with a point, or an exponent. */
function floatText(value: number | undefined): string {
  if (value === undefined) return "?";
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value);
}
