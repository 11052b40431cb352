import { setImmediate } from "node:timers/promises";
import type { AddressSpace, Area } from "../memory/index.ts";

/** A PT_LOAD of a core: `[start, end)`, of which `[start, stored)` is in the file. */
export interface Segment {
  readonly start: bigint;
  readonly stored: bigint;
  readonly end: bigint;
  /** `rwxp`, as in maps. */
  readonly permissions: string;
}

const TURN_MS = 8;

/**
 * The segments of a core, by address. A mapping is cut where memory that is here and memory that isn't meet, since a
 * segment can only lack its end. Mappings of which no page was ever touched are listed and not stored, as the kernel
 * does: they may be terabytes.
 */
export async function coreSegments(space: AddressSpace, signal?: AbortSignal): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  let turn = performance.now();
  for (const area of space.areas) {
    segments.push(...segmentsOf(area, space));
    if (performance.now() - turn < TURN_MS) continue;
    signal?.throwIfAborted();
    await setImmediate();
    turn = performance.now();
  }
  return segments;
}

function segmentsOf({ start, end, permissions }: Area, space: AddressSpace): readonly Segment[] {
  const page = BigInt(space.pageSize);
  const pieces: { start: bigint; stored: bigint; end: bigint }[] = [];
  let isTouched = false;
  for (const { first, last, origin } of space.runs(start, end)) {
    const isHere = origin.kind !== "unavailable";
    // Zero pages alone are no reason to store a mapping.
    isTouched ||= isHere && origin.kind !== "zero";
    const from = BigInt(first) * page;
    const to = BigInt(last) * page;
    const before = pieces.at(-1);
    if (before && !isHere) before.end = to;
    else if (before && before.stored === before.end) before.stored = before.end = to;
    else pieces.push({ start: from, stored: isHere ? to : from, end: to });
  }
  if (!isTouched) return [{ start, stored: start, end, permissions }];
  return pieces.map((piece) => ({ ...piece, permissions }));
}
