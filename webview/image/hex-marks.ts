import type { ByteRange } from "../../src/protocol/index.ts";

/** Bytes that are drawn with a class of their own: a match, a bookmark. */
export interface Mark extends ByteRange {
  readonly name: string;
}

/** Finds the marks of a range; called for each drawn row, so it has to be quick. */
export type FindMarks = (range: ByteRange) => readonly Mark[];

/** The classes of one byte. */
export function markNames(offset: number, marks: readonly Mark[]): string {
  let names = "";
  for (const { start, end, name } of marks) if (start <= offset && offset < end) names += ` ${name}`;
  return names;
}

/** Differs when the row would look different. */
export function marksLook(marks: readonly Mark[], rowStart: number): string {
  return marks
    .map(({ start, end, name }) => `${name}:${String(start - rowStart)}-${String(end - rowStart)}`)
    .join(",");
}
