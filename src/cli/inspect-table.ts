import { printable } from "./inspect-printable.ts";
import { shownValue } from "./inspect-values.ts";

/** A list of the document as a table: its heading, its columns, its rows. */
interface Table {
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A document as tables, one for each list in it; what is in no list is the first table. */
export function tableText(document: object, width = Infinity): string {
  const lines = tablesOf("", document, []).flatMap((table) => [...render(table), ""]);
  return lines
    .map((line) => printable(line))
    .map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))
    .join("\n");
}

type Row = Readonly<Record<string, unknown>>;

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isRows = (value: unknown): value is readonly Row[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRow);

/** Deeper than the document is. */
const MAX_DEPTH = 8;

/** The tables of an object: first its own plain fields, then its lists. `keys` tell which row of the list above it is. */
function tablesOf(
  heading: string,
  value: Row | object,
  keys: readonly (readonly [string, string])[],
): readonly Table[] {
  const tables: Table[] = [];
  const facts: (readonly [string, string])[] = [];
  const visit = (prefix: string, object: object, depth: number): void => {
    for (const [name, field] of Object.entries(object)) {
      const path = prefix === "" ? name : `${prefix}.${name}`;
      if (isRows(field))
        tables.push(...listTables(heading === "" ? path : `${heading} › ${path}`, field, keys));
      else if (isRow(field) && depth < MAX_DEPTH) visit(path, field, depth + 1);
      else if (cell(field) !== "") facts.push([path, cell(field, name)]);
    }
  };
  visit("", value, 0);
  return facts.length === 0 || keys.length > 0
    ? tables
    : [{ heading: heading || "checkpoint", columns: ["FIELD", "VALUE"], rows: facts }, ...tables];
}

/** Columns are the plain fields that any row has; the lists in the rows follow as tables of their own. */
function listTables(
  heading: string,
  rows: readonly Row[],
  keys: readonly (readonly [string, string])[],
): readonly Table[] {
  const flat = rows.map((row) => flatten(row));
  const names = [...new Set(flat.flatMap((row) => [...row.keys()]))];
  const table: Table = {
    heading,
    columns: [...keys.map(([name]) => name), ...names].map((name) => name.toUpperCase()),
    rows: flat.map((row) => [...keys.map(([, value]) => value), ...names.map((name) => row.get(name) ?? "")]),
  };
  const below = new Map<string, Table>();
  for (const row of rows) {
    const key = ["pid", "tid", "fd", "id", "name"].find((name) => Object.hasOwn(row, name));
    const own = key === undefined ? keys : [...keys, [key, cell(row[key])] as const];
    for (const one of tablesOf(heading, row, own)) {
      const known = below.get(one.heading);
      below.set(one.heading, known ? merge(known, one) : one);
    }
  }
  return [table, ...below.values()];
}

/** One table of two with the same heading, whose columns may differ. */
function merge(a: Table, b: Table): Table {
  const columns = [...new Set([...a.columns, ...b.columns])];
  const arrange = (table: Table): readonly (readonly string[])[] =>
    table.columns.length === columns.length && table.columns.every((name, index) => name === columns[index])
      ? table.rows
      : table.rows.map((row) => columns.map((name) => row[table.columns.indexOf(name)] ?? ""));
  return { heading: a.heading, columns, rows: [...arrange(a), ...arrange(b)] };
}

function flatten(row: Row): ReadonlyMap<string, string> {
  const cells = new Map<string, string>();
  const visit = (prefix: string, object: object, depth: number): void => {
    for (const [name, field] of Object.entries(object)) {
      const path = prefix === "" ? name : `${prefix}.${name}`;
      if (isRow(field) && depth < MAX_DEPTH) visit(path, field, depth + 1);
      else if (!isRows(field) && cell(field) !== "") cells.set(path, cell(field, name));
    }
  };
  visit("", row, 0);
  return cells;
}

function cell(value: unknown, name = ""): string {
  if (Array.isArray(value)) return value.map((each) => cell(each)).join(",");
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? shownValue(name, value)
    : "";
}

/** Wider cells are cut, so that one long path doesn't push the rest out of sight. */
const MAX_CELL = 60;

function render({ heading, columns, rows }: Table): readonly string[] {
  const short = (text: string): string => (text.length > MAX_CELL ? `${text.slice(0, MAX_CELL - 1)}…` : text);
  const all = [columns, ...rows].map((row) => row.map(short));
  const widths = columns.map((_, index) =>
    all.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd();
  return [heading, ...all.map((row) => `  ${line(row)}`)];
}
