import { Cursor } from "../elf/cursor.ts";
import { elfErrors } from "../elf/errors.ts";

/** What an expression may ask for. */
export interface ExpressionContext {
  readonly littleEndian: boolean;
  /** Added to `DW_OP_addr`: where the file was loaded. */
  readonly bias: bigint;
  /** Undefined when it isn't known. */
  register(number: number): bigint | undefined;
  /** Reads a number from memory. Undefined when it can't be had. */
  memory(address: bigint, size: number): Promise<bigint | undefined>;
  readonly cfa?: bigint;
}

/** No compiler's expression comes near. */
const MAX_STEPS = 10_000;
const MAX_STACK = 256;

const DW_OP = {
  addr: 0x03,
  deref: 0x06,
  const1u: 0x08,
  constu: 0x10,
  consts: 0x11,
  pick: 0x15,
  plusUconst: 0x23,
  skip: 0x2f,
  bra: 0x28,
  lit0: 0x30,
  reg0: 0x50,
  breg0: 0x70,
  regx: 0x90,
  bregx: 0x92,
  derefSize: 0x94,
  nop: 0x96,
  callFrameCfa: 0x9c,
} as const;

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);

/** Operations on the two topmost values, the lower one first (DWARF 5, 2.5.1.4 and 2.5.1.5). */
const BINARY: Readonly<Record<number, (a: bigint, b: bigint) => bigint>> = {
  0x1a: (a, b) => a & b,
  0x1b: (a, b) => (b === 0n ? 0n : signed(a) / signed(b)),
  0x1c: (a, b) => a - b,
  0x1d: (a, b) => (b === 0n ? 0n : a % b),
  0x1e: (a, b) => a * b,
  0x21: (a, b) => a | b,
  0x22: (a, b) => a + b,
  0x24: (a, b) => (b > 63n ? 0n : a << b),
  0x25: (a, b) => (b > 63n ? 0n : a >> b),
  0x26: (a, b) => signed(a) >> (b > 63n ? 63n : b),
  0x27: (a, b) => a ^ b,
  0x29: (a, b) => truth(a === b),
  0x2a: (a, b) => truth(signed(a) >= signed(b)),
  0x2b: (a, b) => truth(signed(a) > signed(b)),
  0x2c: (a, b) => truth(signed(a) <= signed(b)),
  0x2d: (a, b) => truth(signed(a) < signed(b)),
  0x2e: (a, b) => truth(a !== b),
};

const UNARY: Readonly<Record<number, (a: bigint) => bigint>> = {
  0x19: (a) => (signed(a) < 0n ? -a : a),
  0x1f: (a) => -a,
  0x20: (a) => ~a,
};

/** Operations on the stack itself; the topmost value is the last. */
const SHUFFLE: Readonly<Record<number, (stack: bigint[]) => readonly bigint[]>> = {
  0x12: (stack) => [...stack, ...stack.slice(-1)],
  0x13: (stack) => stack.slice(0, -1),
  0x14: (stack) => [...stack, ...stack.slice(-2, -1)],
  0x16: (stack) => [...stack.slice(0, -2), ...stack.slice(-1), ...stack.slice(-2, -1)],
  0x17: (stack) => [
    ...stack.slice(0, -3),
    ...stack.slice(-1),
    ...stack.slice(-3, -2),
    ...stack.slice(-2, -1),
  ],
};

/**
 * The value a DWARF expression leaves on its stack; undefined when a register or memory it needs can't be had. Throws
 * `elf.damaged` and `elf.truncated`.
 */
export async function evaluateExpression(
  bytes: Uint8Array,
  context: ExpressionContext,
  initial: readonly bigint[] = [],
): Promise<bigint | undefined> {
  const cursor = new Cursor(bytes, context.littleEndian);
  let stack: bigint[] = [...initial];
  const pop = (): bigint => {
    const value = stack.pop();
    if (value === undefined) throw elfErrors.damaged("an expression takes from an empty stack");
    return value;
  };
  for (let steps = 0; !cursor.atEnd; steps++) {
    if (steps > MAX_STEPS || stack.length > MAX_STACK)
      throw elfErrors.damaged("an expression does not come to an end");
    const op = cursor.u8();
    const [binary, unary, shuffle] = [BINARY[op], UNARY[op], SHUFFLE[op]];
    let value: bigint | undefined;
    if (binary) {
      const b = pop();
      value = binary(pop(), b);
    } else if (unary) value = unary(pop());
    else if (shuffle) {
      stack = [...shuffle(stack)];
      continue;
    } else if (op === DW_OP.skip || op === DW_OP.bra) {
      const by = Number(cursor.signed(2));
      if (op === DW_OP.skip || pop() !== 0n) cursor.offset += by;
      if (cursor.offset < 0) throw elfErrors.damaged("an expression jumps before its start");
      continue;
    } else if (op === DW_OP.nop) continue;
    else if (op === DW_OP.plusUconst) value = pop() + cursor.uleb();
    else if (op === DW_OP.pick) value = picked(stack, cursor.u8());
    else if (op === DW_OP.deref) value = await context.memory(pop(), 8);
    else if (op === DW_OP.derefSize) {
      const size = cursor.u8();
      if (![1, 2, 4, 8].includes(size)) throw elfErrors.damaged("an expression reads an odd number of bytes");
      value = await context.memory(pop(), size);
    } else value = pushed(op, cursor, context);
    if (value === undefined) return undefined;
    stack.push(BigInt.asUintN(64, value));
  }
  return stack.at(-1);
}

/** The value of an operation that takes none from the stack. */
function pushed(op: number, cursor: Cursor, context: ExpressionContext): bigint | undefined {
  if (op >= DW_OP.lit0 && op < DW_OP.lit0 + 32) return BigInt(op - DW_OP.lit0);
  if (op >= DW_OP.reg0 && op < DW_OP.reg0 + 32) return context.register(op - DW_OP.reg0);
  if (op >= DW_OP.breg0 && op < DW_OP.breg0 + 32)
    return plus(context.register(op - DW_OP.breg0), cursor.sleb());
  // Sizes 1, 2, 4, 8, each without and with a sign.
  if (op >= DW_OP.const1u && op < DW_OP.const1u + 8) {
    const size = 2 ** ((op - DW_OP.const1u) >> 1);
    return ((op - DW_OP.const1u) & 1) === 0 ? cursor.unsigned(size) : cursor.signed(size);
  }
  if (op === DW_OP.addr) return cursor.u64() + context.bias;
  if (op === DW_OP.constu) return cursor.uleb();
  if (op === DW_OP.consts) return cursor.sleb();
  if (op === DW_OP.regx) return context.register(cursor.count());
  if (op === DW_OP.bregx) return plus(context.register(cursor.count()), cursor.sleb());
  if (op === DW_OP.callFrameCfa) return context.cfa;
  throw elfErrors.damaged(`an expression has the unknown operation 0x${op.toString(16)}`);
}

function picked(stack: readonly bigint[], depth: number): bigint {
  const value = stack.at(-1 - depth);
  if (value === undefined) throw elfErrors.damaged("an expression takes from an empty stack");
  return value;
}

const plus = (value: bigint | undefined, offset: bigint): bigint | undefined =>
  value === undefined ? undefined : value + offset;
