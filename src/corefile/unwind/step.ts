import { evaluateExpression } from "../dwarf/expression.ts";
import type { ExpressionContext } from "../dwarf/expression.ts";
import { rowAt } from "../dwarf/frame-program.ts";
import type { Rule } from "../dwarf/frame-program.ts";
import type { Machine } from "../dwarf/registers.ts";
import type { AddressSpace } from "../../memory/index.ts";
import type { LoadedModule } from "./loaded-modules.ts";

/** A caller, as far as its callee tells. */
export interface Step {
  readonly registers: ReadonlyMap<number, bigint>;
  /** 0 when the callee was the outermost. */
  readonly programCounter: bigint;
  readonly cfa: bigint | undefined;
  /** The callee is what returns from a signal's handler. */
  readonly isSignalFrame: boolean;
}

export type ReadWord = (address: bigint, size?: number) => Promise<bigint | undefined>;

/** Reads numbers from memory; undefined where it can't be had. */
export function wordReader(space: AddressSpace, littleEndian: boolean): ReadWord {
  return async (address, size = 8) => {
    if (address < 0n || address > (1n << 64n) - BigInt(size)) return undefined;
    const bytes = await space.readBytes(address, size);
    if (bytes.length < size) return undefined;
    const ordered = littleEndian ? bytes.toReversed() : bytes;
    return BigInt(`0x${Buffer.from(ordered).toString("hex")}`);
  };
}

/**
 * The caller by call frame information. `address` is the place in the callee, for whose rules are asked. Undefined when
 * there are none, or what they need can't be had.
 */
export async function stepByCallFrames(
  machine: Machine,
  module: LoadedModule,
  callee: { readonly address: bigint; readonly registers: ReadonlyMap<number, bigint> },
  word: ReadWord,
): Promise<Step | undefined> {
  const linked = BigInt.asUintN(64, callee.address - module.bias);
  const entry = await module.frames.at(linked);
  if (entry === undefined) return undefined;
  const { littleEndian, is64 } = module.elf.header;
  const row = rowAt(entry, linked, { littleEndian, addressSize: is64 ? 8 : 4 });
  const context: ExpressionContext = {
    littleEndian,
    bias: module.bias,
    register: (number) => callee.registers.get(number),
    memory: word,
  };
  if (row.cfa === undefined) return undefined;
  const cfa =
    row.cfa.kind === "register"
      ? plus(callee.registers.get(row.cfa.register), row.cfa.offset)
      : await evaluateExpression(row.cfa.bytes, context);
  if (cfa === undefined) return undefined;
  const registers = new Map<number, bigint>();
  for (const number of machine.preserved) keep(registers, number, callee.registers.get(number));
  for (const [number, rule] of row.rules) {
    registers.delete(number);
    keep(registers, number, await apply(rule, number, cfa, context));
  }
  if (!row.rules.has(machine.stackPointer)) registers.set(machine.stackPointer, cfa);
  const { returnAddress } = entry.common;
  const rule = row.rules.get(returnAddress);
  const { isSignalFrame } = entry.common;
  if (rule?.kind === "undefined") return { registers, programCounter: 0n, cfa, isSignalFrame };
  // A function that calls nobody may leave the return address in its register.
  const programCounter = rule ? registers.get(returnAddress) : callee.registers.get(returnAddress);
  if (programCounter === undefined) return undefined;
  return { registers, programCounter, cfa, isSignalFrame };
}

function keep(registers: Map<number, bigint>, number: number, value: bigint | undefined): void {
  if (value !== undefined) registers.set(number, value);
}

async function apply(
  rule: Rule,
  number: number,
  cfa: bigint,
  context: ExpressionContext,
): Promise<bigint | undefined> {
  switch (rule.kind) {
    case "undefined":
      return undefined;
    case "same":
      return context.register(number);
    case "register":
      return context.register(rule.register);
    case "offset":
      return context.memory(BigInt.asUintN(64, cfa + rule.offset), 8);
    case "value":
      return BigInt.asUintN(64, cfa + rule.offset);
    case "expression": {
      const value = await evaluateExpression(rule.bytes, { ...context, cfa }, [cfa]);
      return rule.isValue || value === undefined ? value : context.memory(value, 8);
    }
  }
}

/** The caller by the frame pointer: it points to the caller's, and behind that lies the return address. */
export async function stepByFramePointer(
  machine: Machine,
  registers: ReadonlyMap<number, bigint>,
  word: ReadWord,
): Promise<Step | undefined> {
  const pointer = registers.get(machine.framePointer);
  const stack = registers.get(machine.stackPointer);
  if (pointer === undefined || stack === undefined || pointer < stack || pointer % 8n !== 0n)
    return undefined;
  const saved = await word(pointer);
  const programCounter = await word(pointer + 8n);
  if (saved === undefined || programCounter === undefined) return undefined;
  const cfa = pointer + 16n;
  return {
    registers: new Map([
      [machine.framePointer, saved],
      [machine.stackPointer, cfa],
    ]),
    ...{ programCounter, cfa, isSignalFrame: false },
  };
}

/** Functions of Go's runtime that nobody called. */
const GO_OUTERMOST: ReadonlySet<string> = new Set(["runtime.goexit", "runtime.mstart", "runtime.rt0_go"]);

/** The caller by Go's table of how deep the stack is at each instruction, on machines that push return addresses. */
export async function stepByGoTable(
  machine: Machine,
  module: LoadedModule,
  callee: { readonly address: bigint; readonly registers: ReadonlyMap<number, bigint> },
  word: ReadWord,
): Promise<Step | undefined> {
  const stack = callee.registers.get(machine.stackPointer);
  if (!machine.pushesReturn || stack === undefined) return undefined;
  const found = await module.go.at(BigInt.asUintN(64, callee.address - module.bias));
  if (found?.depth === undefined || found.depth < 0) return undefined;
  const at = stack + BigInt(found.depth);
  const cfa = at + 8n;
  const registers = new Map([[machine.stackPointer, cfa]]);
  const isSignalFrame = false;
  if (GO_OUTERMOST.has(found.name)) return { registers, programCounter: 0n, cfa, isSignalFrame };
  const programCounter = await word(at);
  if (programCounter === undefined) return undefined;
  // A function with a frame keeps the frame pointer of its caller at the top of it.
  const kept = found.depth >= 8 ? await word(at - 8n) : callee.registers.get(machine.framePointer);
  keep(registers, machine.framePointer, kept);
  return { registers, programCounter, cfa, isSignalFrame };
}

/** Words of the stack that are looked at for a return address: 4 KiB. */
const SCANNED = 512;

/** The nearest word above the stack pointer that `isReturn` takes for a return address. */
export async function stepByScan(
  machine: Machine,
  registers: ReadonlyMap<number, bigint>,
  { space, addressMask }: { readonly space: AddressSpace; readonly addressMask: bigint },
  isReturn: (address: bigint) => Promise<boolean>,
): Promise<Step | undefined> {
  const stack = registers.get(machine.stackPointer);
  if (stack === undefined || stack > (1n << 64n) - BigInt(SCANNED * 8) || stack % 8n !== 0n) return undefined;
  const bytes = Buffer.from(await space.readBytes(stack, SCANNED * 8));
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const programCounter = bytes.readBigUInt64LE(at) & addressMask;
    if (!(await isReturn(programCounter))) continue;
    const cfa = stack + BigInt(at) + 8n;
    return {
      registers: new Map([
        [machine.stackPointer, cfa],
        ...(registers.has(machine.framePointer)
          ? [[machine.framePointer, registers.get(machine.framePointer) ?? 0n] as const]
          : []),
      ]),
      ...{ programCounter, cfa, isSignalFrame: false },
    };
  }
  return undefined;
}

const plus = (value: bigint | undefined, offset: bigint): bigint | undefined =>
  value === undefined ? undefined : BigInt.asUintN(64, value + offset);
