import type { Cursor } from "../elf/cursor.ts";
import { nameIn } from "../elf/elf-file.ts";
import { elfErrors } from "../elf/errors.ts";

/** The strings that line tables of version 5 refer to. */
export interface LineStrings {
  readonly lineStr: Uint8Array;
  readonly str: Uint8Array;
}

/** Head of one line number program (DWARF 5, 6.2.4; DWARF 4, 6.2.4 for what it had before). */
export interface LineHeader {
  readonly version: number;
  readonly addressSize: number;
  readonly minInstruction: number;
  /** Whether rows begin a statement before the program says otherwise. */
  readonly startsStatement: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  /** Operands of the standard opcodes, from opcode 1 on. */
  readonly operands: readonly number[];
  readonly folders: readonly string[];
  readonly files: readonly LineFile[];
  /** The instructions. */
  readonly program: Cursor;
}

export interface LineFile {
  readonly path: string;
  readonly folder: number;
}

const MAX_NAMES = 65_536;
const DW_LNCT = { path: 1, folder: 2 } as const;

/** Reads the head of the program at the start of `unit`, which is cut behind it. Throws `elf.damaged`, `elf.truncated`. */
export function readLineHeader(
  unit: Cursor,
  { is64, strings, addressSize }: { is64: boolean; strings: LineStrings; addressSize: number },
): LineHeader {
  const offsetSize = is64 ? 8 : 4;
  const version = unit.u16();
  if (version < 2 || version > 5) throw elfErrors.damaged(`a line table has version ${version}`);
  let size = addressSize;
  if (version === 5) {
    size = unit.u8();
    unit.skip(1);
  }
  const length = Number(unit.unsigned(offsetSize));
  const programAt = unit.offset + length;
  if (programAt > unit.bytes.length) throw elfErrors.truncated(unit.offset);
  const minInstruction = unit.u8();
  // Operations of one instruction: for machines that bundle them, which none here does.
  if (version >= 4) unit.skip(1);
  const startsStatement = unit.u8() !== 0;
  const lineBase = Number(unit.signed(1));
  const lineRange = unit.u8();
  const opcodeBase = unit.u8();
  if (lineRange === 0) throw elfErrors.damaged("a line table has a range of no lines");
  const operands = Array.from({ length: Math.max(0, opcodeBase - 1) }, () => unit.u8());
  const [folders, files] = version === 5 ? namesOf5(unit, offsetSize, strings) : namesOf4(unit);
  unit.offset = programAt;
  return {
    ...{ version, minInstruction, lineBase, lineRange, opcodeBase, operands, folders, files },
    ...{ addressSize: size, startsStatement, program: unit },
  };
}

type Names = readonly [folders: readonly string[], files: readonly LineFile[]];

/** Two lists that end with an empty name. Both count from 1; folder 0 is that of the compilation, told elsewhere. */
function namesOf4(unit: Cursor): Names {
  const folders: string[] = [""];
  for (let name = unit.string(); name !== ""; name = unit.string()) {
    if (folders.length > MAX_NAMES) throw elfErrors.damaged("a line table names folders without end");
    folders.push(name);
  }
  const files: LineFile[] = [{ path: "", folder: 0 }];
  for (let path = unit.string(); path !== ""; path = unit.string()) {
    if (files.length > MAX_NAMES) throw elfErrors.damaged("a line table names files without end");
    files.push({ path, folder: unit.count() });
    // Time and size of the file.
    unit.uleb();
    unit.uleb();
  }
  return [folders, files];
}

function namesOf5(unit: Cursor, offsetSize: number, strings: LineStrings): Names {
  const folders = entries(unit, offsetSize, strings).map(({ path }) => path);
  return [folders, entries(unit, offsetSize, strings)];
}

function entries(unit: Cursor, offsetSize: number, strings: LineStrings): readonly LineFile[] {
  const formats = Array.from({ length: unit.u8() }, () => [unit.count(), unit.count()] as const);
  const count = unit.count();
  if (count > MAX_NAMES) throw elfErrors.damaged(`a line table names ${count} files`);
  return Array.from({ length: count }, () => {
    let [path, folder] = ["", 0];
    for (const [content, form] of formats) {
      const value = formValue(unit, form, offsetSize, strings);
      if (content === DW_LNCT.path && typeof value === "string") path = value;
      if (content === DW_LNCT.folder && typeof value === "number") folder = value;
    }
    return { path, folder };
  });
}

type Form = (unit: Cursor, offsetSize: number, strings: LineStrings) => string | number;

const skipped =
  (size: (unit: Cursor) => number): Form =>
  (unit) => {
    unit.skip(size(unit));
    return 0;
  };

/** The forms that may stand in a table of names (DWARF 5, 6.2.4.2). */
const FORMS: Readonly<Record<number, Form>> = {
  0x05: (unit) => unit.u16(),
  0x06: (unit) => unit.u32(),
  0x07: (unit) => Number(unit.u64()),
  0x08: (unit) => unit.string(),
  0x09: skipped((unit) => unit.count()),
  0x0b: (unit) => unit.u8(),
  0x0e: (unit, offsetSize, { str }) => nameIn(str, Number(unit.unsigned(offsetSize))),
  0x0f: (unit) => unit.count(),
  // MD5 of the file.
  0x1e: skipped(() => 16),
  0x1f: (unit, offsetSize, { lineStr }) => nameIn(lineStr, Number(unit.unsigned(offsetSize))),
};

function formValue(unit: Cursor, form: number, offsetSize: number, strings: LineStrings): string | number {
  const read = FORMS[form];
  if (read === undefined) throw elfErrors.damaged(`a line table has the unknown form 0x${form.toString(16)}`);
  return read(unit, offsetSize, strings);
}

/** The path of a file as the compiler wrote it, with its folder. */
export function pathOf({ folders, files }: LineHeader, index: number): string | undefined {
  const file = files[index];
  if (file === undefined) return undefined;
  const folder = folders[file.folder] ?? "";
  const parts = [file.path];
  if (folder !== "" && !file.path.startsWith("/")) parts.unshift(folder);
  // A folder may be relative to the first, which is that of the compilation.
  const [first] = folders;
  if (first !== undefined && first !== "" && parts[0]?.startsWith("/") === false) parts.unshift(first);
  return parts.join("/");
}
