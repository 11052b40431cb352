import {
  childCount,
  childrenOfValue,
  memberOf,
  partOf,
  pointedTo,
  valueBytes,
  valueFloat,
  valueNumber,
} from "../../../corefile/index.ts";
import type { Child, DataType, DataValue } from "../../../corefile/index.ts";
import type { AddressSpace } from "../../../memory/index.ts";
import { hex, memoryReference } from "../memory-reference.ts";
import { shown } from "../variable.ts";
import type { Variable } from "../variable.ts";

/** Where values are shown from. */
export interface RenderPlace {
  readonly pid: number;
  readonly space: AddressSpace;
  /** `main+4` for an address that has a name. */
  symbol(address: bigint): Promise<string | undefined>;
}

/** Text behind a pointer, and in an array, is cut here. */
const MAX_TEXT = 256;
/** Members and elements in the line of the whole. */
const IN_LINE = 4;
const MAX_DEPTH = 2;
const [DW_ATE_BOOLEAN, DW_ATE_COMPLEX_FLOAT, DW_ATE_FLOAT] = [2, 3, 4];
const CHARACTERS: ReadonlySet<number> = new Set([6, 8, 16]);

/** A row for a value: what is in it is read when it is opened. `expression` is what it evaluates as. */
export async function valueRow(
  place: RenderPlace,
  name: string,
  value: DataValue,
  expression: string | undefined,
): Promise<Variable> {
  const seen = await throughReference(place, value);
  const target = await memoryOf(place, seen);
  const children = childrenRow(place, seen, expression);
  return {
    name: shown(name),
    value: await valueText(place, seen, 0),
    type: shown(value.type.name),
    ...(target !== undefined && { memory: memoryReference({ pid: place.pid, address: target }) }),
    ...(expression !== undefined && { expression }),
    ...(children && { children }),
  };
}

/** A reference is shown as what it refers to. */
async function throughReference({ space }: RenderPlace, value: DataValue): Promise<DataValue> {
  const { type } = value;
  return type.kind === "pointer" && type.isReference ? ((await pointedTo(space, value)) ?? value) : value;
}

/** What the memory view opens: where a pointer leads, else where the value is. */
async function memoryOf({ space }: RenderPlace, value: DataValue): Promise<bigint | undefined> {
  return value.type.kind === "pointer" ? valueNumber(space, value) : value.address;
}

function childrenRow(
  place: RenderPlace,
  value: DataValue,
  expression: string | undefined,
): Variable["children"] | undefined {
  const count = childCount(value);
  const { type } = value;
  if (count === 0 || (type.kind === "pointer" && isVoid(type.name))) return undefined;
  return {
    ...(type.kind === "array" && count !== undefined && { indexed: count }),
    read: async (start = 0, most = Infinity) => {
      const children = await childrenOfValue(place.space, value, start, most);
      const [only] = children;
      // A pointer to a record opens as the record.
      if (only?.kind === "target" && only.value.type.kind === "record") {
        const members = await childrenOfValue(place.space, only.value);
        return rowsOf(place, members, expression, "->");
      }
      return rowsOf(place, children, expression, ".");
    },
  };
}

const isVoid = (name: string): boolean => /^(const |volatile )*void \*/.test(name);

const rowsOf = (
  place: RenderPlace,
  children: readonly Child[],
  expression: string | undefined,
  operator: "." | "->",
): Promise<Variable[]> =>
  Promise.all(
    children.map(({ name, kind, value }) =>
      valueRow(place, name, value, expression && childExpression(expression, name, kind, operator)),
    ),
  );

function childExpression(
  of: string,
  name: string,
  kind: Child["kind"],
  operator: "." | "->",
): string | undefined {
  const whole = /^[\w$:.>[\]-]+$/.test(of) ? of : `(${of})`;
  switch (kind) {
    case "element":
      return `${whole}${name}`;
    case "member":
      return `${whole}${operator}${name}`;
    case "target":
      return `*${whole}`;
    case "base":
      // Its members are found through what is derived from it.
      return of;
  }
}

/** A value in a line. */
async function valueText(place: RenderPlace, value: DataValue, depth: number): Promise<string> {
  if (value.missing) return `<${value.missing}>`;
  const { type } = value;
  const text = await RENDERERS[type.kind](place, value, depth);
  return text ?? "<unreadable>";
}

type Renderer = (place: RenderPlace, value: DataValue, depth: number) => Promise<string | undefined>;

const plain =
  (text: (type: DataType) => string): Renderer =>
  (_place, { type }) =>
    Promise.resolve(text(type));

const RENDERERS: Readonly<Record<DataType["kind"], Renderer>> = {
  base: baseText,
  pointer: pointerText,
  record: recordText,
  array: arrayText,
  enum: enumText,
  function: async (place, { address }) => (address === undefined ? undefined : named(place, address)),
  void: plain(() => "<void>"),
  unknown: plain(() => "<a type that is not understood>"),
};

async function baseText({ space }: RenderPlace, value: DataValue): Promise<string | undefined> {
  const { type } = value;
  if (type.kind !== "base") return undefined;
  // Rust's empty tuple.
  if (type.size === 0) return shown(type.name);
  if (type.encoding === DW_ATE_COMPLEX_FLOAT) return complexText({ space }, value);
  const float = await valueFloat(space, value);
  if (float !== undefined) return floatText(float, type.size);
  const number = await valueNumber(space, value);
  if (number === undefined) return undefined;
  if (type.encoding === DW_ATE_BOOLEAN && number < 2n) return number === 1n ? "true" : "false";
  return CHARACTERS.has(type.encoding) ? characterText(number) : String(number);
}

const floatText = (float: number, size: number): string =>
  String(size === 4 ? Number(float.toPrecision(8)) : float);

/** Two floating point numbers, one behind the other: `3 - 4i`. */
async function complexText(
  { space }: Pick<RenderPlace, "space">,
  value: DataValue,
): Promise<string | undefined> {
  const size = value.type.size / 2;
  const half: DataType = { kind: "base", name: "", size, encoding: DW_ATE_FLOAT };
  const real = await valueFloat(space, partOf(value, half, 0));
  const imaginary = await valueFloat(space, partOf(value, half, size));
  if (real === undefined || imaginary === undefined) return undefined;
  return `${floatText(real, size)} + ${floatText(imaginary, size)}i`;
}

function characterText(number: bigint): string {
  const code = Number(BigInt.asUintN(32, number));
  const isPrintable = code >= 0x20 && code < 0x11_0000 && code !== 0x7f && !(code >= 0xd800 && code < 0xe000);
  return isPrintable ? `${number} '${shown(String.fromCodePoint(code))}'` : String(number);
}

async function named(place: RenderPlace, address: bigint): Promise<string> {
  const symbol = await place.symbol(address);
  return symbol === undefined ? hex(address) : `${hex(address)} <${shown(symbol)}>`;
}

async function pointerText(place: RenderPlace, value: DataValue): Promise<string | undefined> {
  const address = await valueNumber(place.space, value);
  if (address === undefined || value.type.kind !== "pointer") return undefined;
  const target = await value.type.to();
  if (isCharacter(target) && address !== 0n) {
    const bytes = await place.space.readBytes(address, MAX_TEXT);
    return bytes.length > 0 ? `${hex(address)} ${quoted(bytes)}` : hex(address);
  }
  return address === 0n ? "0x0" : named(place, address);
}

const isCharacter = (type: DataType): boolean =>
  type.kind === "base" && type.size === 1 && CHARACTERS.has(type.encoding);

/** Text up to its zero byte; cut text is marked. */
function quoted(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
  return `"${shown(text)}"${end < 0 && bytes.length >= MAX_TEXT ? "…" : ""}`;
}

async function arrayText(place: RenderPlace, value: DataValue, depth: number): Promise<string | undefined> {
  const { type } = value;
  if (type.kind !== "array") return undefined;
  const element = await type.element();
  if (isCharacter(element)) {
    const length = Math.min(type.count ?? 0, MAX_TEXT);
    const bytes = await valueBytes(place.space, { ...value, type: { ...type, size: length } });
    return bytes && quoted(bytes);
  }
  return braced(place, await childrenOfValue(place.space, value, 0, IN_LINE), type.count ?? 0, depth);
}

async function recordText(place: RenderPlace, value: DataValue, depth: number): Promise<string | undefined> {
  if (value.type.kind !== "record") return undefined;
  if (value.type.isIncomplete) return "<incomplete type>";
  if (value.type.name === "&str") return stringSliceText(place, value);
  const children = await childrenOfValue(place.space, value);
  return braced(place, children.slice(0, IN_LINE), children.length, depth);
}

/** A string of Rust that is a part of another: where it is, and how long. */
async function stringSliceText({ space }: RenderPlace, value: DataValue): Promise<string | undefined> {
  const [data, length] = [await memberOf(space, value, "data_ptr"), await memberOf(space, value, "length")];
  const address = data && (await valueNumber(space, data));
  const size = length && (await valueNumber(space, length));
  if (address === undefined || size === undefined) return undefined;
  const wanted = size < BigInt(MAX_TEXT) ? Number(size) : MAX_TEXT;
  const bytes = await space.readBytes(address, wanted);
  if (bytes.length < wanted) return undefined;
  return `"${shown(Buffer.from(bytes).toString("utf8"))}"${size > BigInt(wanted) ? "…" : ""}`;
}

async function braced(
  place: RenderPlace,
  children: readonly Child[],
  count: number,
  depth: number,
): Promise<string> {
  if (depth >= MAX_DEPTH) return "{…}";
  const parts: string[] = [];
  for (const { name, kind, value } of children) {
    const text = await valueText(place, await throughReference(place, value), depth + 1);
    parts.push(kind === "element" ? text : `${name} = ${text}`);
  }
  return `{${parts.join(", ")}${count > children.length ? ", …" : ""}}`;
}

async function enumText({ space }: RenderPlace, value: DataValue): Promise<string | undefined> {
  const { type } = value;
  const number = await valueNumber(space, value);
  if (type.kind !== "enum" || number === undefined) return undefined;
  const exact = type.values.find((each) => each.value === number);
  if (exact) return `${shown(exact.name)} (${number})`;
  // Values that are bits may be put together.
  let rest = number;
  const names: string[] = [];
  for (const { name, value: bit } of type.values) {
    if (bit <= 0n || (bit & (bit - 1n)) !== 0n || (rest & bit) === 0n) continue;
    names.push(shown(name));
    rest &= ~bit;
  }
  return names.length > 0 && rest === 0n ? `${names.join(" | ")} (${number})` : String(number);
}
