import { PAGEMAP_FLAGS } from "../../criu/index.ts";

/** Bits of `Pagemap.flags`: CRIU's own, and what was found out. */
export const ENTRY = {
  ...PAGEMAP_FLAGS,
  /** Blocks are padded to a page. */
  padded: 16,
  /** The list of blocks doesn't fit the pages. */
  badBlocks: 32,
} as const;
