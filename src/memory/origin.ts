// Where the bytes of memory come from, or why they can't be had.

/** Where a file's bytes were found. */
export type FileOrigin = "ghost" | "rootfs-diff" | "sysroot";

export type PageOrigin =
  /** In the newest layer: written by the dump itself. */
  | { readonly kind: "dumped" }
  /** In a parent layer: unchanged since. 1 is the newest parent. */
  | { readonly kind: "layer"; readonly layer: number }
  /** Not dumped because a file has it. */
  | { readonly kind: "file"; readonly path: string; readonly from: FileOrigin }
  /** Never written: reads as zero. */
  | { readonly kind: "zero" }
  | { readonly kind: "unavailable"; readonly why: Unavailable };

export const DUMPED: PageOrigin = { kind: "dumped" };

/** Why bytes can't be had, each in words for a person. */
export const UNAVAILABLE = {
  unmapped: "nothing is mapped here",
  guard: "a guard page: touching it ends the process",
  kernel: "the kernel's own page, which is never dumped",
  lazy: "left with the process (a lazy-pages server would send it), or left out of the core file",
  noParent: "in a parent layer that isn't here",
  notInParent: "in a parent layer that doesn't have it",
  badBlocks: "its list of compressed blocks doesn't fit it",
  noObject: "shared memory whose content is not in the images",
  noFile: "unchanged from its file, which isn't here; name a sysroot that has it",
  otherFile: "unchanged from its file, but the file that is here is another one",
  pastFile: "behind the end of its file: touching it ends the process",
  unreadable: "its bytes are missing from the pages file, or broken",
} as const;

export type Unavailable = keyof typeof UNAVAILABLE;

/** One word or two for tables: `dumped`, `layer 1`, `file`, `zero`, `unavailable`. */
export function originLabel(origin: PageOrigin): string {
  return origin.kind === "layer" ? `layer ${origin.layer}` : origin.kind;
}
