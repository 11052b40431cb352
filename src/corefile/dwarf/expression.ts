import { Cursor } from "../elf/cursor.ts";
import { elfErrors } from "../elf/errors.ts";
import { BINARY, DW_OP, NOT_COMPUTED, SHUFFLE, UNARY } from "./operations.ts";

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
  /** What variables of a function are counted from. */
  frameBase?(): Promise<bigint | undefined>;
  /** An address of the unit's `.debug_addr`. */
  addressAt?(index: number): Promise<bigint | undefined>;
  /** What an expression had been when the function was entered. */
  atEntry?(bytes: Uint8Array): Promise<bigint | undefined>;
}

/** Where a value is (DWARF 5, 2.6), or what it is where it has no place. */
export type Location =
  | { readonly kind: "memory"; readonly address: bigint }
  | { readonly kind: "register"; readonly number: number }
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** One behind the other; a size in bits where a part ends within a byte. */
  | { readonly kind: "parts"; readonly parts: readonly LocationPart[] }
  /** Each thread has its own, where it is the thread library's secret. */
  | { readonly kind: "threadLocal" }
  | { readonly kind: "unknown" };

export interface LocationPart {
  readonly location: Location;
  readonly bits: number;
}

/** No compiler's expression comes near. */
const MAX_STEPS = 10_000;
const MAX_STACK = 256;

/**
 * The value a DWARF expression leaves on its stack; undefined when a register or memory it needs can't be had. Throws
 * `elf.damaged` and `elf.truncated`.
 */
export async function evaluateExpression(
  bytes: Uint8Array,
  context: ExpressionContext,
  initial: readonly bigint[] = [],
): Promise<bigint | undefined> {
  const location = await evaluateLocation(bytes, context, initial);
  switch (location.kind) {
    case "memory":
      return location.address;
    case "value":
      return location.value;
    case "register":
      return context.register(location.number);
    default:
      return undefined;
  }
}

const UNKNOWN: Location = { kind: "unknown" };

/** Where the value is that an expression describes. Throws `elf.damaged` and `elf.truncated`. */
export async function evaluateLocation(
  bytes: Uint8Array,
  context: ExpressionContext,
  initial: readonly bigint[] = [],
): Promise<Location> {
  const run = new ExpressionRun(bytes, context, initial);
  const parts: LocationPart[] = [];
  for (;;) {
    const location = await run.next();
    const bits = run.pieceBits();
    if (bits === undefined) return parts.length > 0 ? { kind: "parts", parts } : location;
    parts.push({ location, bits });
    if (parts.length > MAX_STACK) throw elfErrors.damaged("an expression has too many parts");
    if (run.atEnd) return { kind: "parts", parts };
  }
}

class ExpressionRun {
  readonly #cursor: Cursor;
  #stack: bigint[];
  #steps = 0;

  constructor(
    bytes: Uint8Array,
    private readonly context: ExpressionContext,
    initial: readonly bigint[],
  ) {
    this.#cursor = new Cursor(bytes, context.littleEndian);
    this.#stack = [...initial];
  }

  get atEnd(): boolean {
    return this.#cursor.atEnd;
  }

  /** The size of the part that the next operation ends; undefined when it ends none. */
  pieceBits(): number | undefined {
    const cursor = this.#cursor;
    if (cursor.atEnd) return undefined;
    const op = cursor.u8();
    if (op === DW_OP.piece) return cursor.count() * 8;
    if (op !== DW_OP.bitPiece) throw elfErrors.damaged("an expression goes on behind its end");
    const bits = cursor.count();
    // An offset into a register or a byte is not computed: no compiler of the 64-bit PC writes one.
    cursor.count();
    return bits;
  }

  /** What the operations up to the next part, or the end, describe. */
  async next(): Promise<Location> {
    const cursor = this.#cursor;
    // Nothing before the end of a part: it was optimized away.
    if (cursor.atEnd || isPiece(cursor.bytes[cursor.offset])) return this.#result();
    let isUnknown = false;
    while (!cursor.atEnd && !isPiece(cursor.bytes[cursor.offset])) {
      const op = cursor.u8();
      if (++this.#steps > MAX_STEPS || this.#stack.length > MAX_STACK)
        throw elfErrors.damaged("an expression does not come to an end");
      const simple = simpleLocation(op, cursor);
      if (simple) return simple;
      if (op === DW_OP.stackValue) {
        const value = this.#stack.pop();
        return isUnknown || value === undefined ? UNKNOWN : { kind: "value", value };
      }
      if (op === DW_OP.tlsAddress || op === DW_OP.gnuPushTls) return { kind: "threadLocal" };
      if (NOT_COMPUTED.has(op)) {
        // What its operands are doesn't matter any more: a part behind it is not found either.
        cursor.offset = cursor.bytes.length;
        return UNKNOWN;
      }
      if (isUnknown || !(await this.#step(op))) isUnknown = true;
      if (isUnknown) {
        cursor.offset = cursor.bytes.length;
        return UNKNOWN;
      }
    }
    return this.#result();
  }

  #result(): Location {
    const address = this.#stack.pop();
    return address === undefined ? UNKNOWN : { kind: "memory", address };
  }

  #pop(): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw elfErrors.damaged("an expression takes from an empty stack");
    return value;
  }

  /** Does one operation; false when something it needs can't be had. */
  async #step(op: number): Promise<boolean> {
    const [binary, unary, shuffle] = [BINARY[op], UNARY[op], SHUFFLE[op]];
    const cursor = this.#cursor;
    if (shuffle) {
      this.#stack = [...shuffle(this.#stack)];
      return true;
    }
    if (op === DW_OP.nop) return true;
    if (op === DW_OP.skip || op === DW_OP.bra) {
      const by = Number(cursor.signed(2));
      if (op === DW_OP.skip || this.#pop() !== 0n) cursor.offset += by;
      if (cursor.offset < 0) throw elfErrors.damaged("an expression jumps before its start");
      return true;
    }
    let value: bigint | undefined;
    if (binary) {
      const b = this.#pop();
      value = binary(this.#pop(), b);
    } else if (unary) value = unary(this.#pop());
    else if (op === DW_OP.plusUconst) value = this.#pop() + cursor.uleb();
    else if (op === DW_OP.pick) value = picked(this.#stack, cursor.u8());
    else if (op === DW_OP.deref) value = await this.context.memory(this.#pop(), 8);
    else if (op === DW_OP.derefSize) {
      const size = cursor.u8();
      if (![1, 2, 4, 8].includes(size)) throw elfErrors.damaged("an expression reads an odd number of bytes");
      value = await this.context.memory(this.#pop(), size);
    } else value = await pushed(op, cursor, this.context);
    if (value === undefined) return false;
    this.#stack.push(BigInt.asUintN(64, value));
    return true;
  }
}

const isPiece = (op: number | undefined): boolean => op === DW_OP.piece || op === DW_OP.bitPiece;

/** Operations that are all of a location by themselves. */
function simpleLocation(op: number, cursor: Cursor): Location | undefined {
  if (op >= DW_OP.reg0 && op < DW_OP.reg0 + 32) return { kind: "register", number: op - DW_OP.reg0 };
  if (op === DW_OP.regx) return { kind: "register", number: cursor.count() };
  if (op === DW_OP.implicitValue) return { kind: "bytes", bytes: cursor.take(cursor.count()) };
  return undefined;
}

/** The value of an operation that takes none from the stack. */
async function pushed(op: number, cursor: Cursor, context: ExpressionContext): Promise<bigint | undefined> {
  if (op >= DW_OP.lit0 && op < DW_OP.lit0 + 32) return BigInt(op - DW_OP.lit0);
  if (op >= DW_OP.breg0 && op < DW_OP.breg0 + 32)
    return plus(context.register(op - DW_OP.breg0), cursor.sleb());
  // Sizes 1, 2, 4, 8, each without and with a sign.
  if (op >= DW_OP.const1u && op < DW_OP.const1u + 8) {
    const size = 2 ** ((op - DW_OP.const1u) >> 1);
    return ((op - DW_OP.const1u) & 1) === 0 ? cursor.unsigned(size) : cursor.signed(size);
  }
  switch (op) {
    case DW_OP.addr:
      return cursor.u64() + context.bias;
    case DW_OP.constu:
      return cursor.uleb();
    case DW_OP.consts:
      return cursor.sleb();
    case DW_OP.bregx:
      return plus(context.register(cursor.count()), cursor.sleb());
    case DW_OP.callFrameCfa:
      return context.cfa;
    case DW_OP.fbreg: {
      const offset = cursor.sleb();
      return plus(await context.frameBase?.(), offset);
    }
    case DW_OP.addrx:
    case DW_OP.gnuAddrIndex:
      return plus(await context.addressAt?.(cursor.count()), context.bias);
    case DW_OP.constx:
    case DW_OP.gnuConstIndex:
      return context.addressAt?.(cursor.count());
    case DW_OP.entryValue:
    case DW_OP.gnuEntryValue:
      return context.atEntry?.(cursor.take(cursor.count()));
    default:
      throw elfErrors.damaged(`an expression has the unknown operation 0x${op.toString(16)}`);
  }
}

function picked(stack: readonly bigint[], depth: number): bigint {
  const value = stack.at(-1 - depth);
  if (value === undefined) throw elfErrors.damaged("an expression takes from an empty stack");
  return value;
}

const plus = (value: bigint | undefined, offset: bigint): bigint | undefined =>
  value === undefined ? undefined : value + offset;
