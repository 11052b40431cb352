import { ruling, runLineProgram } from "./line-program.ts";
import type { LineRow } from "./line-program.ts";
import type { LineHeader } from "./line-header.ts";

/** What a line number program tells, in its order: one element of each list is a run of addresses. */
export interface UnitLines {
  readonly header: LineHeader;
  /** Pairs of start and end. */
  readonly addresses: Float64Array;
  readonly files: Uint32Array;
  readonly lines: Uint32Array;
  readonly columns: Uint32Array;
}

/** Runs of one unit; of a larger one none are kept. */
const MAX_RUNS = 500_000;

/** Runs a program and keeps what it tells; undefined when that is too much. */
export async function unitLines(header: LineHeader): Promise<UnitLines | undefined> {
  const addresses: number[] = [];
  const files: number[] = [];
  const lines: number[] = [];
  const columns: number[] = [];
  let last: LineRow | undefined;
  await runLineProgram(header, (row, endsSequence) => {
    if (last && last.address > 0 && last.address < row.address && lines.length <= MAX_RUNS) {
      addresses.push(last.address, row.address);
      files.push(last.file);
      lines.push(last.line);
      columns.push(Math.max(last.column, 0));
    }
    last = endsSequence ? undefined : ruling(last, row);
  });
  if (lines.length > MAX_RUNS) return undefined;
  return {
    header,
    addresses: Float64Array.from(addresses),
    files: Uint32Array.from(files),
    lines: Uint32Array.from(lines),
    columns: Uint32Array.from(columns),
  };
}

/** The run that has `address`: the first where code has several lines. -1 when none does. */
export function runAt({ addresses }: UnitLines, address: number): number {
  for (let at = 0; at < addresses.length; at += 2)
    if ((addresses[at] ?? 0) <= address && address < (addresses[at + 1] ?? 0)) return at / 2;
  return -1;
}
