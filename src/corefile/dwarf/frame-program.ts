import { Cursor } from "../elf/cursor.ts";
import { elfErrors } from "../elf/errors.ts";
import type { FunctionEntry } from "./frame-entry.ts";

/** Where a register of the caller is. */
export type Rule =
  | { readonly kind: "undefined" }
  | { readonly kind: "same" }
  /** In memory, so far from the CFA. */
  | { readonly kind: "offset"; readonly offset: bigint }
  /** The CFA and so much. */
  | { readonly kind: "value"; readonly offset: bigint }
  | { readonly kind: "register"; readonly register: number }
  /** In memory, where the expression says; or the expression's value itself. */
  | { readonly kind: "expression"; readonly bytes: Uint8Array; readonly isValue: boolean };

export type CfaRule =
  | { readonly kind: "register"; readonly register: number; readonly offset: bigint }
  | { readonly kind: "expression"; readonly bytes: Uint8Array };

/** The rules that hold at one address of a function. */
export interface FrameRow {
  readonly cfa: CfaRule | undefined;
  readonly rules: ReadonlyMap<number, Rule>;
}

const MAX_REGISTER = 4096;
const MAX_REMEMBERED = 64;

interface State {
  cfa: CfaRule | undefined;
  rules: Map<number, Rule>;
}

interface Run {
  readonly entry: FunctionEntry;
  readonly addressSize: number;
  readonly state: State;
  readonly initial: ReadonlyMap<number, Rule>;
  readonly remembered: State[];
  location: bigint;
}

type Operation = (cursor: Cursor, run: Run) => void;

/** Runs the instructions of a function up to `address`. Throws `elf.damaged`, `elf.truncated`. */
export function rowAt(
  entry: FunctionEntry,
  address: bigint,
  { littleEndian, addressSize }: { readonly littleEndian: boolean; readonly addressSize: number },
): FrameRow {
  const state: State = { cfa: undefined, rules: new Map() };
  const run: Run = { entry, addressSize, state, initial: new Map(), remembered: [], location: entry.start };
  execute(new Cursor(entry.common.instructions, littleEndian), run, undefined);
  execute(
    new Cursor(entry.instructions, littleEndian),
    { ...run, initial: new Map(state.rules), location: entry.start },
    address,
  );
  return state;
}

function execute(cursor: Cursor, run: Run, until: bigint | undefined): void {
  while (!cursor.atEnd && (until === undefined || run.location <= until)) {
    const byte = cursor.u8();
    const low = byte & 0x3f;
    // The high two bits: an advance, an offset, a restore with the operand in the low six.
    if (byte >> 6 === 1) run.location += BigInt(low) * run.entry.common.codeAlign;
    else if (byte >> 6 === 2) set(run, low, offset(cursor.uleb(), run));
    else if (byte >> 6 === 3) restore(run, low);
    else {
      const operation = OPERATIONS[byte];
      if (operation === undefined)
        throw elfErrors.damaged(`a frame has the unknown instruction 0x${byte.toString(16)}`);
      operation(cursor, run);
    }
  }
}

function set({ state }: Run, register: number, rule: Rule): void {
  if (register > MAX_REGISTER) throw elfErrors.damaged(`a frame speaks of register ${register}`);
  state.rules.set(register, rule);
}

function restore(run: Run, register: number): void {
  const rule = run.initial.get(register);
  if (rule) run.state.rules.set(register, rule);
  else run.state.rules.delete(register);
}

const offset = (factored: bigint, { entry }: Run): Rule => ({
  kind: "offset",
  offset: factored * entry.common.dataAlign,
});
const value = (factored: bigint, { entry }: Run): Rule => ({
  kind: "value",
  offset: factored * entry.common.dataAlign,
});

const advance =
  (size: number): Operation =>
  (cursor, run) => {
    run.location += cursor.unsigned(size) * run.entry.common.codeAlign;
  };

function cfaRegister(run: Run): CfaRule & { kind: "register" } {
  const { cfa } = run.state;
  if (cfa?.kind !== "register") throw elfErrors.damaged("a frame changes a CFA it has not set");
  return cfa;
}

const expressionOf = (cursor: Cursor): Uint8Array => cursor.take(cursor.count());

/** DWARF 5, 6.4.2, and those that GNU and Arm added. */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  0x00: () => undefined,
  // DW_CFA_set_loc: an address as the entry encodes them; compilers write none.
  0x01: (cursor, run) => {
    if (run.entry.common.encoding !== 0) throw elfErrors.damaged("a frame sets its location");
    run.location = cursor.unsigned(run.addressSize);
  },
  0x02: advance(1),
  0x03: advance(2),
  0x04: advance(4),
  0x05: (cursor, run) => {
    set(run, cursor.count(), offset(cursor.uleb(), run));
  },
  0x06: (cursor, run) => {
    restore(run, cursor.count());
  },
  0x07: (cursor, run) => {
    set(run, cursor.count(), { kind: "undefined" });
  },
  0x08: (cursor, run) => {
    set(run, cursor.count(), { kind: "same" });
  },
  0x09: (cursor, run) => {
    set(run, cursor.count(), { kind: "register", register: cursor.count() });
  },
  0x0a: (_cursor, { remembered, state }) => {
    if (remembered.length >= MAX_REMEMBERED) throw elfErrors.damaged("a frame remembers without end");
    remembered.push({ cfa: state.cfa, rules: new Map(state.rules) });
  },
  0x0b: (_cursor, { remembered, state }) => {
    const last = remembered.pop();
    if (last === undefined) throw elfErrors.damaged("a frame restores what it has not remembered");
    state.cfa = last.cfa;
    state.rules = last.rules;
  },
  0x0c: (cursor, { state }) => {
    state.cfa = { kind: "register", register: cursor.count(), offset: cursor.uleb() };
  },
  0x0d: (cursor, run) => {
    run.state.cfa = { ...cfaRegister(run), register: cursor.count() };
  },
  0x0e: (cursor, run) => {
    run.state.cfa = { ...cfaRegister(run), offset: cursor.uleb() };
  },
  0x0f: (cursor, { state }) => {
    state.cfa = { kind: "expression", bytes: expressionOf(cursor) };
  },
  0x10: (cursor, run) => {
    set(run, cursor.count(), { kind: "expression", bytes: expressionOf(cursor), isValue: false });
  },
  0x11: (cursor, run) => {
    set(run, cursor.count(), offset(cursor.sleb(), run));
  },
  0x12: (cursor, { entry, state }) => {
    const register = cursor.count();
    state.cfa = { kind: "register", register, offset: cursor.sleb() * entry.common.dataAlign };
  },
  0x13: (cursor, run) => {
    run.state.cfa = { ...cfaRegister(run), offset: cursor.sleb() * run.entry.common.dataAlign };
  },
  0x14: (cursor, run) => {
    set(run, cursor.count(), value(cursor.uleb(), run));
  },
  0x15: (cursor, run) => {
    set(run, cursor.count(), value(cursor.sleb(), run));
  },
  0x16: (cursor, run) => {
    set(run, cursor.count(), { kind: "expression", bytes: expressionOf(cursor), isValue: true });
  },
  // DW_CFA_AARCH64_negate_ra_state: the return address is signed; its mask takes that off.
  0x2d: () => undefined,
  // DW_CFA_GNU_args_size
  0x2e: (cursor) => {
    cursor.uleb();
  },
  // DW_CFA_GNU_negative_offset_extended
  0x2f: (cursor, run) => {
    set(run, cursor.count(), offset(-cursor.uleb(), run));
  },
};
