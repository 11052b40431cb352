import type { LinearMemory } from "../../bytes/index.ts";
import type { StringEncoding } from "./pattern.ts";

/** Strings of at least so many characters in a memory. */
export interface StringFinder {
  /** Behind the string that began before `start`, which belongs to who searched there; `start` when there is none. */
  skipBegun(from: number, start: number, stop: number): number;
  /** Those that begin in `[from, stop)`, as far as `end`. What `found` says false to is the last: then it gives false too. */
  find(from: number, stop: number, end: number, found: (at: number, until: number) => boolean): boolean;
}

/** By byte: whether `strings` prints it (`isprint` of C's locale, and the tab). */
function printable(encoding: StringEncoding): Uint8Array {
  const isAscii = (byte: number): boolean => byte === 9 || (byte >= 32 && byte < 127);
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    isAscii(byte) || (encoding === "latin1" && byte > 127) ? 1 : 0,
  );
}

export function stringFinder(min: number, encoding: StringEncoding, memory: LinearMemory): StringFinder {
  const bytes = new Uint8Array(memory.buffer);
  const prints = printable(encoding);
  const wide = encoding === "utf-16le";
  const step = wide ? 2 : 1;
  const isPart = (at: number): boolean => prints[bytes[at] ?? 0] === 1 && (!wide || bytes[at + 1] === 0);
  return {
    skipBegun(from, start, stop) {
      let at = start;
      if (at - step >= from && isPart(at - step)) while (at < stop && isPart(at)) at += step;
      return at;
    },
    find(from, stop, end, found) {
      for (let at = from; at < stop;) {
        // A string has `min` characters: looking at its last place first skips what is too short.
        let last = at + (min - 1) * step;
        if (last + step > end) return true;
        while (last >= at && isPart(last)) last -= step;
        if (last >= at) {
          // Words may begin at odd addresses too, so nothing can be skipped but what is no part.
          at = wide ? at + 1 : last + 1;
          continue;
        }
        let until = at + min * step;
        while (until + step <= end && isPart(until)) until += step;
        if (!found(at, until)) return false;
        at = until;
      }
      return true;
    },
  };
}
