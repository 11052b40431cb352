import { postmortemErrors } from "./errors.ts";
import { parseExpression } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { hex, memoryReference, readPlace } from "./memory-reference.ts";
import { generalRegisters } from "./scopes/registers.ts";
import type { FrozenFrame, FrozenTarget } from "./target.ts";
import { formatted } from "./value-types.ts";
import type { ValueType } from "./value-types.ts";
import { shown } from "./variable.ts";

/** What an expression is in a frame. */
export interface Evaluated {
  readonly result: string;
  readonly type: string;
  /** The place that the memory view opens. */
  readonly memory: string;
}

/** Where an expression is evaluated. */
export interface EvaluationPlace {
  readonly target: FrozenTarget;
  /** Registers need one. */
  readonly frame: FrozenFrame | undefined;
}

/** A string is cut here. */
const MAX_STRING = 4096;

/** Evaluates what `parseExpression` reads. Throws `postmortem.badExpression`, `.unknownName`, `.unreadable`. */
export async function evaluate(place: EvaluationPlace, text: string): Promise<Evaluated> {
  const expression = parseExpression(text);
  const pid = pidOf(place);
  const reference = (address: bigint): string => memoryReference({ pid, address });
  if (expression.kind === "string") {
    const address = await valueOf(place, expression.address);
    const bytes = await bytesAt(place, address, MAX_STRING, 1);
    const end = bytes.indexOf(0);
    const content = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString("utf8");
    const value = `"${shown(content)}${end < 0 ? "…" : ""}"`;
    return { result: `${hex(address)} ${value}`, type: "char*", memory: reference(address) };
  }
  if (expression.kind === "load") {
    const address = await valueOf(place, expression.address);
    const bits = await load(place, address, expression.type.size);
    return { ...typed(bits, expression.type), memory: reference(address) };
  }
  const value = await valueOf(place, expression);
  if (expression.kind === "cast") return { ...typed(value, expression.type), memory: reference(value) };
  const symbol = await symbolAt(place, value);
  return {
    result: symbol === undefined ? `${hex(value)} (${value})` : `${hex(value)} <${shown(symbol)}>`,
    type: "u64",
    memory: reference(value),
  };
}

const typed = (bits: bigint, type: ValueType): { readonly result: string; readonly type: string } => ({
  result: formatted(bits, type),
  type: type.kind === "character" ? "char" : `${type.kind[0] ?? ""}${type.size * 8}`,
});

const pidOf = ({ target, frame }: EvaluationPlace): number => frame?.thread.process.pid ?? target.firstPid;

async function valueOf(place: EvaluationPlace, expression: Expression): Promise<bigint> {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "register":
      return registerValue(place, expression.name);
    case "symbol":
      return symbolValue(place, expression.name);
    case "sum": {
      const left = await valueOf(place, expression.left);
      return BigInt.asUintN(64, left + expression.sign * (await valueOf(place, expression.right)));
    }
    case "load": {
      const bits = await load(place, await valueOf(place, expression.address), expression.type.size);
      return widened(bits, expression.type);
    }
    case "cast":
      return widened(await valueOf(place, expression.value), expression.type);
    case "string":
      return valueOf(place, expression.address);
  }
}

const widened = (bits: bigint, { size, kind }: ValueType): bigint =>
  kind === "signed" ? BigInt.asUintN(64, BigInt.asIntN(size * 8, bits)) : BigInt.asUintN(size * 8, bits);

/** The names that gdb has for them whatever the machine is. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  pc: ["rip", "pc"],
  sp: ["rsp", "sp"],
  fp: ["rbp", "x29"],
  flags: ["eflags", "pstate"],
};

function registerValue({ frame }: EvaluationPlace, name: string): bigint {
  const registers = frame ? generalRegisters(frame) : new Map<string, bigint>();
  for (const each of [name, ...(ALIASES[name] ?? [])]) {
    const value = registers.get(each);
    if (value !== undefined) return value;
  }
  throw postmortemErrors.unknownName(`$${name}`);
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

async function symbolAt(place: EvaluationPlace, address: bigint): Promise<string | undefined> {
  const module = await (await place.target.modules(pidOf(place))).at(address);
  if (module === undefined) return undefined;
  const linked = address - module.bias;
  const symbol = await module.symbols.at(linked).catch(() => undefined);
  return symbol && `${symbol.name}+${linked - symbol.address}`;
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
