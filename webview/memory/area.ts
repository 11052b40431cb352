import type { MemoryArea } from "../../src/protocol/index.ts";

/** A VMA with its addresses as numbers. */
export interface Area extends Omit<MemoryArea, "start" | "end" | "offset" | "goTo"> {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly goTo: bigint;
}

export const areaOf = (area: MemoryArea): Area => ({
  ...area,
  start: BigInt(`0x${area.start}`),
  end: BigInt(`0x${area.end}`),
  offset: BigInt(`0x${area.offset}`),
  goTo: BigInt(`0x${area.goTo}`),
});

/** What a mapping is called: its file, `[heap]`, or its kind. */
export const areaName = ({ name, kind }: Area): string => (name === "" ? kind : name);

/** `7f00-7f10`, as in /proc/PID/maps. */
export const areaRange = ({ start, end }: Area): string => `${start.toString(16)}-${end.toString(16)}`;
