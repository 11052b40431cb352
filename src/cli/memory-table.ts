import { UNAVAILABLE } from "../memory/index.ts";
import type { PageOrigin, Region } from "../memory/index.ts";
import { printable } from "./output.ts";

/** Columns of bytes, by kind of origin. */
const ORIGINS: readonly (readonly [PageOrigin["kind"], string])[] = [
  ["dumped", "DUMPED"],
  ["layer", "LAYERS"],
  ["file", "FILE"],
  ["zero", "ZERO"],
  ["unavailable", "MISSING"],
];

/** The mappings of a process as a table, sizes in KiB. */
export function mappingTable(regions: readonly Region[]): string {
  const rows = regions.map(({ area, origins }) => [
    `${area.start.toString(16)}-${area.end.toString(16)}`,
    area.permissions,
    kib(Number(area.end - area.start)),
    ...ORIGINS.map(([kind]) =>
      kib(origins.reduce((sum, { origin, bytes }) => sum + (origin.kind === kind ? bytes : 0), 0)),
    ),
    area.kind,
    printable(area.name ?? ""),
  ]);
  const sums = ["total", "", ...[2, 3, 4, 5, 6, 7].map((column) => sum(rows, column)), "", ""];
  const head = ["ADDRESSES", "PERM", "KIB", ...ORIGINS.map(([, title]) => title), "KIND", "NAME"];
  const all = [head, ...rows, sums];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number): boolean => column > 1 && column < 8;
  return all
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
    .concat("\n");
}

const kib = (bytes: number): string => (bytes === 0 ? "-" : String(bytes / 1024));

const sum = (rows: readonly (readonly string[])[], column: number): string =>
  kib(1024 * rows.reduce((total, row) => total + (Number(row[column]) || 0), 0));

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
