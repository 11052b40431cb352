import type { MessageNode } from "./model.ts";

/** Flags of a pagemap_entry (`criu/include/pagemap.h`). */
export const PAGEMAP_FLAGS = {
  /** The pages are in the parent layer, at the same address. */
  parent: 1,
  /** They may be restored on first use. */
  lazy: 2,
  /** They are in this layer's pages image. */
  present: 4,
  /** Their place in the pages image is rounded up to a page (compressed pages). */
  payloadAligned: 8,
} as const;

/** One run of pages, with the rules that tell old and new images apart applied. */
export interface PagemapRange {
  /** Address of the first page in its task, or offset in its shared memory object. */
  readonly vaddr: bigint;
  /** How many pages; what one is in bytes is not in the image. */
  readonly pages: bigint;
  /** See `PAGEMAP_FLAGS`; never 0 in a sound image. */
  readonly flags: number;
}

/** The fields of a pagemap_entry that matter here, as `readEntries(image, "pagemap_entry")` gives them. */
export interface PagemapFields {
  readonly vaddr: bigint;
  readonly compat_nr_pages?: number;
  readonly nr_pages?: bigint;
  readonly in_parent?: boolean;
  readonly flags?: number;
}

/**
 * Pages and flags of an entry of any version: the count is in `nr_pages` (field 5) since CRIU 4.2, before in field 2;
 * `in_parent` means PE_PARENT, and an entry with neither means PE_PRESENT
 * (`criu/pagemap.c: init_compat_pagemap_entry`).
 */
export function pagemapRange(entry: PagemapFields | MessageNode): PagemapRange {
  const { vaddr, nr_pages, compat_nr_pages, in_parent, flags } = isNode(entry) ? fieldsOf(entry) : entry;
  return {
    vaddr,
    pages: nr_pages ?? BigInt(compat_nr_pages ?? 0),
    flags: in_parent === true ? (flags ?? 0) | PAGEMAP_FLAGS.parent : (flags ?? PAGEMAP_FLAGS.present),
  };
}

function isNode(entry: PagemapFields | MessageNode): entry is MessageNode {
  return "kind" in entry;
}

function fieldsOf(message: MessageNode): PagemapFields {
  // By name: the forms of the message have other fields under the same numbers.
  const value = (name: string): unknown => message.fields.findLast((field) => field.name === name)?.value;
  const [vaddr, compat, pages] = ["vaddr", "compat_nr_pages", "nr_pages"].map(value);
  const [inParent, flags] = ["in_parent", "flags"].map(value);
  return {
    vaddr: typeof vaddr === "bigint" ? vaddr : 0n,
    ...(typeof compat === "number" && { compat_nr_pages: compat }),
    ...(typeof inParent === "boolean" && { in_parent: inParent }),
    ...(typeof flags === "number" && { flags }),
    ...((typeof pages === "bigint" || typeof pages === "number") && { nr_pages: BigInt(pages) }),
  };
}
