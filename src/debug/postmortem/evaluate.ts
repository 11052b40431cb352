import { childrenOfValue, memberOf, partOf, pointedTo, valueAt, valueNumber } from "../../corefile/index.ts";
import type { DataType, DataValue } from "../../corefile/index.ts";
import { postmortemErrors } from "./errors.ts";
import { parseExpression } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { hex, memoryReference, readPlace } from "./memory-reference.ts";
import { generalRegisters, registerValue } from "./scopes/registers.ts";
import type { FrozenFrame, FrozenTarget } from "./target.ts";
import { formatted } from "./value-types.ts";
import type { ValueType } from "./value-types.ts";
import { namedType, namedVariable, renderPlace } from "./values/frame-values.ts";
import { valueRow } from "./values/render.ts";
import { shown } from "./variable.ts";
import type { Children } from "./variable.ts";

/** What an expression is in a frame. */
export interface Evaluated {
  readonly result: string;
  readonly type: string;
  /** The place that the memory view opens; undefined for what has none. */
  readonly memory: string | undefined;
  readonly children?: Children | undefined;
}

/** Where an expression is evaluated. */
export interface EvaluationPlace {
  readonly target: FrozenTarget;
  /** Registers and variables need one. */
  readonly frame: FrozenFrame | undefined;
}

/** A number, or a value of one of the program's types. */
export type Operand = bigint | DataValue;

/** A string is cut here. */
const MAX_STRING = 4096;

/** Evaluates what `parseExpression` reads. Throws `postmortem.badExpression`, `.unknownName`, `.unreadable`. */
export async function evaluate(place: EvaluationPlace, text: string): Promise<Evaluated> {
  const expression = parseExpression(text);
  const python = expression.kind === "symbol" && (await place.frame?.python?.locals());
  const local = python ? python.find(({ name }) => name === text.trim()) : undefined;
  if (local) return { result: shown(local.value), type: shown(local.type), memory: undefined };
  const pid = pidOf(place);
  const reference = (address: bigint): string => memoryReference({ pid, address });
  if (expression.kind === "string") {
    const address = await numberOf(place, expression.address);
    const bytes = await bytesAt(place, address, MAX_STRING, 1);
    const end = bytes.indexOf(0);
    const content = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
    const value = `"${shown(content)}${end < 0 ? "…" : ""}"`;
    return { result: `${hex(address)} ${value}`, type: "char*", memory: reference(address) };
  }
  if (expression.kind === "load" && expression.type) {
    const address = await numberOf(place, expression.address);
    const bits = await load(place, address, expression.type.size);
    return { ...typed(bits, expression.type), memory: reference(address) };
  }
  const value = await operandOf(place, expression);
  if (typeof value !== "bigint") {
    const { result, ...row } = await described(place, value, text.trim());
    return { result, ...row };
  }
  if (expression.kind === "cast") return { ...typed(value, expression.type), memory: reference(value) };
  const symbol = await (await renderPlace(place.target, pid)).symbol(value);
  return {
    result: symbol === undefined ? `${hex(value)} (${value})` : `${hex(value)} <${shown(symbol)}>`,
    type: "u64",
    memory: reference(value),
  };
}

async function described(place: EvaluationPlace, value: DataValue, text: string): Promise<Evaluated> {
  const render = await renderPlace(place.target, pidOf(place));
  const { value: result, type = "", memory, children } = await valueRow(render, "", value, text);
  return { result, type, memory, children };
}

const typed = (bits: bigint, type: ValueType): { readonly result: string; readonly type: string } => ({
  result: formatted(bits, type),
  type: type.kind === "character" ? "char" : `${type.kind[0] ?? ""}${type.size * 8}`,
});

const pidOf = ({ target, frame }: EvaluationPlace): number => frame?.thread.process.pid ?? target.firstPid;

async function numberOf(place: EvaluationPlace, expression: Expression): Promise<bigint> {
  return asNumber(place, await operandOf(place, expression));
}

/** What a value counts as: arrays and records as their address. Throws `postmortem.badExpression`. */
async function asNumber(place: EvaluationPlace, operand: Operand): Promise<bigint> {
  if (typeof operand === "bigint") return operand;
  const space = await place.target.space(pidOf(place));
  const through = await throughReference(place, operand);
  const number = await valueNumber(space, through);
  if (number !== undefined) return BigInt.asUintN(64, number);
  const { kind } = through.type;
  if (through.address !== undefined && kind !== "base" && kind !== "pointer" && kind !== "enum")
    return through.address;
  throw postmortemErrors.badExpression(
    `A value that is ${through.missing ?? "no number"} can't be counted with`,
  );
}

/** The value of an expression's part; a symbol without a type counts as its address. Throws as `evaluate` does. */
export async function operandOf(place: EvaluationPlace, expression: Expression): Promise<Operand> {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "register":
      return registerValue(place.frame, expression.name);
    case "symbol":
      return symbolOperand(place, expression.name);
    case "sum":
      return sumOf(place, expression);
    case "load": {
      if (expression.type) {
        const bits = await load(place, await numberOf(place, expression.address), expression.type.size);
        return widened(bits, expression.type);
      }
      const pointer = await operandOf(place, expression.address);
      const target = typeof pointer === "bigint" ? undefined : await targetOf(place, pointer);
      return target ?? load(place, await asNumber(place, pointer), 8);
    }
    case "cast":
      return widened(await numberOf(place, expression.value), expression.type);
    case "string":
      return numberOf(place, expression.address);
    case "member":
      return member(place, expression);
    case "element":
      return element(place, expression);
    case "addressOf": {
      const of = await operandOf(place, expression.of);
      if (typeof of === "bigint") return of;
      const { address } = await throughReference(place, of);
      if (address === undefined)
        throw postmortemErrors.badExpression("It is in no memory, and has no address");
      return address;
    }
    case "named": {
      const type = place.frame && (await namedType(place.target, place.frame, expression.type));
      if (type === undefined) throw postmortemErrors.unknownName(expression.type);
      return castTo(place, expression, type);
    }
  }
}

async function castTo(
  place: EvaluationPlace,
  { stars, value }: Expression & { readonly kind: "named" },
  type: DataType,
): Promise<DataValue> {
  const operand = await operandOf(place, value);
  if (stars === 0 && typeof operand !== "bigint") return partOf(operand, type, 0);
  const number = await asNumber(place, operand);
  let wanted = type;
  for (let count = 0; count < stars; count++) wanted = pointerTo(wanted);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, number));
  const content = { address: undefined, content: bytes, holes: [], bits: undefined, missing: undefined };
  return { type: wanted, ...content };
}

const pointerTo = (to: DataType): DataType => ({
  ...{ kind: "pointer", name: `${to.name}${to.name.endsWith("*") ? "" : " "}*`, size: 8, isReference: false },
  to: () => Promise.resolve(to),
});

/** What a reference of C++ refers to; any other value as it is. */
export async function throughReference(place: EvaluationPlace, value: DataValue): Promise<DataValue> {
  const { type } = value;
  if (type.kind !== "pointer" || !type.isReference) return value;
  return (await pointedTo(await place.target.space(pidOf(place)), value)) ?? value;
}

/** What a pointer leads to, or the first element of an array. */
async function targetOf(place: EvaluationPlace, value: DataValue): Promise<DataValue | undefined> {
  const space = await place.target.space(pidOf(place));
  const seen = await throughReference(place, value);
  if (seen.type.kind === "array") return (await childrenOfValue(space, seen, 0, 1))[0]?.value;
  const target = await pointedTo(space, seen);
  return target?.type.kind === "void" ? undefined : target;
}

async function member(
  place: EvaluationPlace,
  expression: Expression & { readonly kind: "member" },
): Promise<Operand> {
  const of = await operandOf(place, expression.of).catch((error: unknown) => {
    // The names of symbols may have dots: `work.part.0`.
    const name = dotted(expression);
    if (name === undefined) throw error;
    return symbolValue(place, name);
  });
  if (typeof of === "bigint") {
    const name = dotted(expression);
    if (name !== undefined) return symbolValue(place, name);
    throw postmortemErrors.badExpression("A number has no members");
  }
  const seen = await throughReference(place, of);
  const record = seen.type.kind === "pointer" ? ((await targetOf(place, seen)) ?? seen) : seen;
  const found = await memberOf(await place.target.space(pidOf(place)), record, expression.name);
  if (found === undefined)
    throw postmortemErrors.badExpression(
      `${shown(record.type.name)} has no member ${shown(expression.name)}`,
    );
  return found;
}

/** `a.b.c` of an expression that is nothing but names. */
function dotted(expression: Expression): string | undefined {
  if (expression.kind === "symbol") return expression.name;
  if (expression.kind !== "member") return undefined;
  const of = dotted(expression.of);
  return of === undefined ? undefined : `${of}.${expression.name}`;
}

async function element(
  place: EvaluationPlace,
  { of, index }: Expression & { readonly kind: "element" },
): Promise<Operand> {
  const value = await operandOf(place, of);
  const asked = Number(BigInt.asIntN(64, await numberOf(place, index)));
  const array = typeof value === "bigint" ? undefined : (await throughReference(place, value)).type;
  const at = asked - (array?.kind === "array" ? (array.lower ?? 0) : 0);
  if (typeof value === "bigint") return load(place, BigInt.asUintN(64, value + BigInt(at) * 8n), 8);
  const first = await targetOf(place, value);
  if (first === undefined) throw postmortemErrors.badExpression("Only arrays and pointers have elements");
  return partOf(first, first.type, at * first.type.size);
}

async function sumOf(
  place: EvaluationPlace,
  { left, right, sign }: Expression & { readonly kind: "sum" },
): Promise<Operand> {
  const from = await operandOf(place, left);
  const by = sign * (await numberOf(place, right));
  if (typeof from !== "bigint") {
    const seen = await throughReference(place, from);
    const target =
      seen.type.kind === "pointer" || seen.type.kind === "array" ? await targetOf(place, seen) : undefined;
    // Pointers count in what they point to.
    if (target?.address !== undefined) {
      const moved = valueAt(target.type, target.address + by * BigInt(Math.max(1, target.type.size)));
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(moved.address ?? 0n);
      const content = { address: undefined, content: bytes, holes: [], bits: undefined, missing: undefined };
      return { type: pointerTo(target.type), ...content };
    }
  }
  return BigInt.asUintN(64, (await asNumber(place, from)) + by);
}

const widened = (bits: bigint, { size, kind }: ValueType): bigint =>
  kind === "signed" ? BigInt.asUintN(64, BigInt.asIntN(size * 8, bits)) : BigInt.asUintN(size * 8, bits);

/** A variable of the frame, else the address of a symbol, else a register. */
async function symbolOperand(place: EvaluationPlace, name: string): Promise<Operand> {
  const { target, frame } = place;
  return (frame && (await namedVariable(target, frame, name))) ?? symbolValue(place, name);
}

async function symbolValue(place: EvaluationPlace, name: string): Promise<bigint> {
  const registers = place.frame && generalRegisters(place.frame);
  for (const module of await (await place.target.modules(pidOf(place))).all()) {
    const symbol = await module.symbols.named(name).catch(() => undefined);
    if (symbol) return BigInt.asUintN(64, symbol.address + module.bias);
  }
  const register = registers?.get(name);
  if (register === undefined) throw postmortemErrors.unknownName(name);
  return register;
}

async function load(place: EvaluationPlace, address: bigint, size: number): Promise<bigint> {
  const bytes = await bytesAt(place, address, size, size);
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

/** Up to `most` bytes, at least `least`. Throws `postmortem.unreadable`. */
async function bytesAt(
  place: EvaluationPlace,
  address: bigint,
  most: number,
  least: number,
): Promise<Uint8Array> {
  const space = await place.target.space(pidOf(place));
  const { bytes, why } = await readPlace(space, address, most);
  if (bytes.length < least)
    throw postmortemErrors.unreadable(address, why ?? "it is beyond the last address");
  return bytes;
}
