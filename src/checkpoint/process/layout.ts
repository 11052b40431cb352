import type { MessageMap } from "../../criu/index.ts";

/** Where the parts of a program lie in its memory: `mm_struct`, as prctl(PR_SET_MM) sets it. */
export interface MemoryLayout {
  readonly startCode: bigint;
  readonly endCode: bigint;
  readonly startData: bigint;
  readonly endData: bigint;
  readonly startStack: bigint;
  readonly startBrk: bigint;
  readonly brk: bigint;
  readonly argStart: bigint;
  readonly argEnd: bigint;
  readonly envStart: bigint;
  readonly envEnd: bigint;
  /** 0 no core dumps and no tracing by others, 1 as usual, 2 readable by root only; undefined where not stored. */
  readonly dumpable: number | undefined;
  readonly transparentHugePagesDisabled: boolean;
}

export function layoutOf(mm: Omit<MessageMap["mm_entry"], "vmas">): MemoryLayout {
  return {
    startCode: mm.mm_start_code,
    endCode: mm.mm_end_code,
    startData: mm.mm_start_data,
    endData: mm.mm_end_data,
    startStack: mm.mm_start_stack,
    startBrk: mm.mm_start_brk,
    brk: mm.mm_brk,
    argStart: mm.mm_arg_start,
    argEnd: mm.mm_arg_end,
    envStart: mm.mm_env_start,
    envEnd: mm.mm_env_end,
    dumpable: mm.dumpable,
    transparentHugePagesDisabled: mm.thp_disabled ?? false,
  };
}
