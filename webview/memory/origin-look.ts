// What the gutter tells of the first byte of a line: a letter, a colour, and the same in words.
import type { Area } from "./area.ts";
import type { Known } from "./memory-pages.ts";

/** What is said of dumped code. */
const CODE_WORDS: Readonly<Record<Area["code"], string | undefined>> = {
  own: undefined,
  copied: "code of a file that was dumped all the same, so it may have been changed",
  modified: "code that differs from its file",
};

export interface OriginLook {
  readonly letter: string;
  readonly classes: string;
  /** Empty while it isn't known. */
  readonly words: string;
}

/** Where a byte comes from; `!` and a colour of its own mark code that was dumped. */
export function originLook(byte: Known, area: Pick<Area, "code"> | undefined): OriginLook {
  const origin = byte === "asked" || "error" in byte ? undefined : byte.origin;
  const isDumped = origin?.kind === "dumped" || origin?.kind === "layer";
  const code = isDumped && area !== undefined ? CODE_WORDS[area.code] : undefined;
  return {
    letter: (origin?.letter ?? "") + (code === undefined ? "" : "!"),
    classes: `origin o-${origin?.kind ?? "none"}${code === undefined ? "" : " copied"}`,
    words: [origin?.words, code].filter((part) => part !== undefined).join("; "),
  };
}

/** The class of a line of bytes: one with which a page begins has a border above it. */
export const lineClass = (address: bigint, pageSize: number): string =>
  address % BigInt(pageSize) === 0n ? "line page-start" : "line";
