import { setImmediate } from "node:timers/promises";
import type { LineHeader } from "./line-header.ts";

/** What a line number program tells at one address, until the next row. */
export interface LineRow {
  readonly address: number;
  readonly file: number;
  readonly line: number;
  readonly column: number;
  /** A statement begins here: a good place to stop at. */
  readonly isStatement: boolean;
}

interface State {
  address: number;
  file: number;
  line: number;
  column: number;
  isStatement: boolean;
}

/** As the program begins, and after each sequence. In version 5 files count from 0, and still the first is 1. */
const START: Readonly<Omit<State, "isStatement">> = { address: 0, file: 1, line: 1, column: 0 };

type Emit = (row: LineRow, endsSequence: boolean) => void;

/** Instructions between two turns of others: a few milliseconds. */
const SLICE = 65_536;

/**
 * Runs a line number program in slices; `emit` is told each row and where each sequence ends (DWARF 5, 6.2.5). Every
 * instruction takes at least a byte, so it ends. Throws `elf.truncated`.
 */
export async function runLineProgram(header: LineHeader, emit: Emit): Promise<void> {
  const { program, opcodeBase, lineBase, lineRange, minInstruction } = header;
  const state: State = { ...START, isStatement: header.startsStatement };
  for (let count = 1; !program.atEnd; count++) {
    if (count % SLICE === 0) await setImmediate();
    const opcode = program.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      state.address += Math.floor(adjusted / lineRange) * minInstruction;
      state.line += lineBase + (adjusted % lineRange);
      emit(state, false);
    } else if (opcode === 0) extended(header, state, emit);
    else standard(header, state, opcode, emit);
  }
}

/**
 * The row that tells what code comes from when `row` follows `last`: of several at one address the last that begins a
 * statement, and the very last where none does, as gdb takes them. Compilers end such a group with rows of what they
 * moved there from elsewhere.
 */
export function ruling(last: LineRow | undefined, row: LineRow): LineRow {
  return last?.isStatement && !row.isStatement && last.address === row.address ? last : { ...row };
}

function extended({ program, addressSize, startsStatement }: LineHeader, state: State, emit: Emit): void {
  const length = program.count();
  const end = program.offset + length;
  const opcode = length > 0 ? program.u8() : 0;
  if (opcode === 1) {
    emit(state, true);
    Object.assign(state, START, { isStatement: startsStatement });
  } else if (opcode === 2) state.address = Number(program.unsigned(length - 1 === 4 ? 4 : addressSize));
  program.offset = Math.min(Math.max(end, program.offset), program.bytes.length);
}

function standard(header: LineHeader, state: State, opcode: number, emit: Emit): void {
  const { program, minInstruction, opcodeBase, lineRange, operands } = header;
  switch (opcode) {
    case 1:
      emit(state, false);
      return;
    case 2:
      state.address += program.count() * minInstruction;
      return;
    case 3:
      state.line += Number(BigInt.asIntN(32, program.sleb()));
      return;
    case 4:
      state.file = program.count();
      return;
    case 5:
      state.column = program.count();
      return;
    case 6:
      state.isStatement = !state.isStatement;
      return;
    case 8:
      state.address += Math.floor((255 - opcodeBase) / lineRange) * minInstruction;
      return;
    case 9:
      state.address += program.u16();
      return;
    default:
      for (let operand = 0; operand < (operands[opcode - 1] ?? 0); operand++) program.uleb();
  }
}
