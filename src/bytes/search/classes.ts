// Finds stretches of bytes each of which is one of a few: text in either case, hex with wildcards. By Horspool's algorithm on
// the bytes themselves: a regular expression wants a string of every chunk, and in an editor's process, with its large heap,
// a gigabyte of short-lived strings keeps the collector busy for longer than the search takes.

/** The values that each byte of a match can have. */
export type ByteClasses = readonly (readonly number[])[];

const VALUES = 256;

/** Gives the first match in `bytes` that begins in `[from, stop)`, or -1. */
export type FindClasses = (bytes: Uint8Array, from: number, stop: number) => number;

export function classesFinder(classes: ByteClasses): FindClasses {
  const { length } = classes;
  const last = length - 1;
  /** Whether a byte can stand at a place of the pattern. */
  const member = new Uint8Array(length * VALUES);
  /** How far the pattern moves on when this byte stands at its last place. */
  const skip = new Int32Array(VALUES).fill(length);
  for (const [place, values] of classes.entries())
    for (const value of values) {
      member[place * VALUES + value] = 1;
      if (place < last) skip[value] = last - place;
    }
  /** The same, but 0 where the byte can stand at the last place: one look decides for most bytes. */
  const jump = skip.slice();
  for (const value of classes[last] ?? []) jump[value] = 0;

  return (bytes, from, stop) => {
    const end = Math.min(stop, bytes.length - last) + last;
    let at = from + last;
    while (at < end) {
      const step = jump[bytes[at] ?? 0] ?? 1;
      if (step !== 0) {
        at += step;
        continue;
      }
      const start = at - last;
      let place = last - 1;
      while (place >= 0 && member[place * VALUES + (bytes[start + place] ?? 0)] === 1) place--;
      if (place < 0) return start;
      at += skip[bytes[at] ?? 0] ?? 1;
    }
    return -1;
  };
}
