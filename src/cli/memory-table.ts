import { UNAVAILABLE } from "../memory/index.ts";
import type { PageOrigin, Region } from "../memory/index.ts";
import { hex } from "./memory-target.ts";
import { printable } from "./output.ts";

/** Columns of bytes, by kind of origin. */
const ORIGINS: readonly (readonly [PageOrigin["kind"], string])[] = [
  ["dumped", "DUMPED"],
  ["layer", "LAYERS"],
  ["file", "FILE"],
  ["zero", "ZERO"],
  ["unavailable", "MISSING"],
];

/** The mappings of a process as a table, sizes in KiB, in parts: there may be 100,000, and few are kept as text at once. */
export function* mappingTable(regions: readonly Region[]): Generator<string> {
  const head = ["ADDRESSES", "PERM", "KIB", ...ORIGINS.map(([, title]) => title), "KIND", "NAME"];
  const widths = head.map(({ length }) => length);
  const sums = head.map(() => 0);
  const widen = (row: readonly string[]): void => {
    for (const [column, { length }] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, length);
  };
  for (const region of regions) {
    const row = rowOf(region);
    widen(row);
    for (const column of NUMBERS) sums[column] = (sums[column] ?? 0) + (Number(row[column]) || 0);
  }
  const total = head.map((_, column) => (NUMBERS.includes(column) ? kib(1024 * (sums[column] ?? 0)) : ""));
  total[0] = "total";
  widen(total);
  yield lineOf(head, widths);
  for (let first = 0; first < regions.length; first += PART)
    yield regions
      .slice(first, first + PART)
      .map((region) => lineOf(rowOf(region), widths))
      .join("");
  yield lineOf(total, widths);
}

/** The mappings as a JSON document with `pid`, `pageSize` and `problems`, in parts for the same reason. */
export function* mappingsJson(
  {
    pid,
    pageSize,
    problems,
  }: { readonly pid: number; readonly pageSize: number; readonly problems: unknown },
  regions: readonly Region[],
): Generator<string> {
  const inside = (value: unknown): string => JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ");
  yield `{\n  "pid": ${pid},\n  "pageSize": ${pageSize},\n  "mappings": [`;
  for (let first = 0; first < regions.length; first += PART) {
    // Without the brackets and line ends of the part's own list.
    const rows = inside(regions.slice(first, first + PART).map(mappingJson)).slice(1, -"\n  ]".length);
    yield `${first > 0 ? "," : ""}${rows}`;
  }
  yield `${regions.length > 0 ? "\n  " : ""}],\n  "problems": ${inside(problems)}\n}\n`;
}

const mappingJson = ({ area, origins }: Region): object => ({
  start: hex(area.start),
  end: hex(area.end),
  permissions: area.permissions,
  kind: area.kind,
  ...(area.name !== undefined && { name: area.name }),
  offset: hex(area.offset),
  hugetlb: area.hugetlb,
  origins: origins.map(({ origin, bytes }) => ({ ...originJson(origin), bytes })),
});

/** Columns of numbers. */
const NUMBERS = [2, 3, 4, 5, 6, 7];
/** Rows that are text at once. */
const PART = 1000;

const rowOf = ({ area, origins }: Region): readonly string[] => [
  `${area.start.toString(16)}-${area.end.toString(16)}`,
  area.permissions,
  kib(Number(area.end - area.start)),
  ...ORIGINS.map(([kind]) =>
    kib(origins.reduce((sum, { origin, bytes }) => sum + (origin.kind === kind ? bytes : 0), 0)),
  ),
  area.kind,
  printable(area.name ?? ""),
];

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const width = widths[column] ?? 0;
    return NUMBERS.includes(column) ? cell.padStart(width) : cell.padEnd(width);
  });
  return `${cells.join("  ").trimEnd()}\n`;
}

const kib = (bytes: number): string => (bytes === 0 ? "-" : String(bytes / 1024));

/** An origin as JSON documents have it. */
export function originJson(origin: PageOrigin): {
  readonly origin: PageOrigin["kind"];
  readonly layer?: number;
  readonly path?: string;
  readonly from?: string;
  readonly why?: string;
  readonly reason?: string;
} {
  switch (origin.kind) {
    case "layer":
      return { origin: "layer", layer: origin.layer };
    case "file":
      return { origin: "file", path: origin.path, from: origin.from };
    case "unavailable":
      return { origin: "unavailable", why: origin.why, reason: UNAVAILABLE[origin.why] };
    default:
      return { origin: origin.kind };
  }
}
