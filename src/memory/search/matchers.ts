// What workers do with bytes: each kind of pattern as a function over a memory that holds stretches of bytes.
import type { LinearMemory } from "../../bytes/index.ts";
import { findPairIn, PAIR_SLACK } from "./find-pair.ts";
import type { FindPair, PairByte } from "./find-pair.ts";
import { exactly } from "./pattern.ts";
import { requiredTexts } from "./required-texts.ts";
import type { RequiredText } from "./required-texts.ts";
import type { StringEncoding, WorkerPattern, WorkerRule } from "./pattern.ts";
import { stringFinder } from "./find-strings.ts";
import type { Stretches } from "./stretches.ts";

/**
 * Takes a match: where it begins in the memory, its length, in which stretch, and by which rule when there are several.
 * False ends the search.
 */
export type Found = (at: number, length: number, stretch: number, rule?: number) => boolean;

/** Finds all matches in stretches, which lie in order and begin at multiples of 16, as their addresses do. */
export type Matcher = (stretches: Stretches, found: Found) => void;

export function matcherFor(pattern: WorkerPattern, memory: LinearMemory): Matcher {
  switch (pattern.kind) {
    case "bytes":
      return bytesMatcher(pattern, memory);
    case "regex":
      return regexMatcher(pattern, memory);
    case "pointer":
      return pointerMatcher(pattern.start, pattern.end, memory);
    case "strings":
      return stringsMatcher(pattern.min, pattern.encoding, memory);
    case "rules":
      return rulesMatcher(pattern.rules, memory);
  }
}

/** Bytes that are common in memory, the most common last: text, code, small numbers, nothing at all. */
const COMMON = "ZQXJVKWYBPGUMFDHLCSRNIOATEzqxjvkwybpgumfdhlcsrnioate 0123456789/._-\n\x8b\x48\x01\xff\x00";

function rarity(byte: number): number {
  const rank = COMMON.indexOf(String.fromCharCode(byte));
  return rank < 0 ? 0 : rank + 1;
}

/** The first place in `[at, to)` where bytes may be that fit what is looked for; `to` when there is none. */
function finderFor({ values, folds, masks }: BytesToFind, memory: LinearMemory): FindPair {
  const pairByte = (offset: number): PairByte => ({
    offset,
    value: values[offset] ?? 0,
    fold: folds[offset] ?? 0,
  });
  const whole = [...masks.keys()].filter((index) => masks[index] === 255);
  whole.sort((a, b) => rarity(values[a] ?? 0) - rarity(values[b] ?? 0));
  const [rarest, second = rarest] = whole.map(pairByte);
  // Without one whole byte, every place may.
  return rarest && second ? findPairIn(memory, rarest, second) : (at) => at;
}

type BytesToFind = Pick<WorkerPattern & { kind: "bytes" }, "values" | "folds" | "masks">;

function fitsAt({ values, folds, masks }: BytesToFind, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < values.length; index++)
    if ((((bytes[at + index] ?? 0) | (folds[index] ?? 0)) & (masks[index] ?? 0)) !== values[index])
      return false;
  return true;
}

function bytesMatcher(pattern: WorkerPattern & { kind: "bytes" }, memory: LinearMemory): Matcher {
  const { align } = pattern;
  const { length } = pattern.values;
  const bytes = new Uint8Array(memory.buffer);
  const next = finderFor(pattern, memory);
  const matches = (at: number): boolean => fitsAt(pattern, bytes, at);
  return (stretches, found) => {
    const last = stretches.length - 1;
    if (last < 0) return;
    const to = stretches.stop(last);
    let index = 0;
    for (let at = next(stretches.start(0), to); at < to;) {
      while (index < last && stretches.stop(index) <= at) index++;
      const start = stretches.start(index);
      if (at < start) at = next(start, to);
      else if (at % align === 0 && at + length <= stretches.end(index) && matches(at)) {
        if (!found(at, length, index)) return;
        at = next(at + length, to);
      } else at = next(at + 1, to);
    }
  };
}

/** Bytes made into text at a time: so short a text is new to the collector, which then has little to do. */
const WINDOW = 64 * 1024;
/** Bytes before a window that look-behinds see. */
const LEAD = 64;

function regexMatcher(pattern: WorkerPattern & { kind: "regex" }, memory: LinearMemory): Matcher {
  const { source, flags, maxLength } = pattern;
  const regex = new RegExp(source, flags);
  const bytes = Buffer.from(memory.buffer);
  const texts = requiredTexts(source, flags).map((text) => textFinder(text, memory));
  /** Where the first match at or behind `at` may begin: so far before a text that all have. `end` when there is none. */
  const skip = (at: number, end: number): number => {
    let first = at;
    for (const find of texts) {
      const place = find(at, end);
      if (place >= end) return end;
      first = Math.max(first, place - maxLength + 1);
    }
    return first;
  };
  return (stretches, found) => {
    for (let index = 0; index < stretches.length; index++) {
      const [from, start] = [stretches.from(index), stretches.start(index)];
      const [stop, end] = [stretches.stop(index), stretches.end(index)];
      let free = start;
      for (let at = skip(start, end); at < stop;) {
        const until = Math.min(stop, at + WINDOW);
        const first = Math.max(from, at - LEAD);
        const text = bytes.toString("latin1", first, Math.min(end, until + maxLength - 1));
        for (regex.lastIndex = Math.max(at, free) - first; ;) {
          const match = regex.exec(text);
          if (match === null || first + match.index >= until) break;
          const { length } = match[0];
          free = first + match.index + length;
          if (length === 0) regex.lastIndex++;
          else if (!found(first + match.index, length, index)) return;
        }
        at = skip(until, end);
      }
    }
  };
}

/** The first place of a text that lies in `[from, to)` as a whole; `to` when there is none. */
function textFinder(text: RequiredText, memory: LinearMemory): FindPair {
  const { length } = text.values;
  const whole = { ...text, masks: new Uint8Array(length).fill(255) };
  const bytes = new Uint8Array(memory.buffer);
  const next = finderFor(whole, memory);
  return (from, to) => {
    const last = Math.max(from, to - length + 1);
    for (let at = next(from, last); at < last; at = next(at + 1, last))
      if (fitsAt(whole, bytes, at)) return at;
    return to;
  };
}

function pointerMatcher(first: bigint, end: bigint, memory: LinearMemory): Matcher {
  const words = new Uint32Array(memory.buffer);
  const split = (value: bigint): readonly [number, number] => [
    Number(value >> 32n) >>> 0,
    Number(value & 0xffffffffn),
  ];
  const [highFirst, lowFirst] = split(first);
  const [highLast, lowLast] = split(end - 1n);
  return (stretches, found) => {
    for (let index = 0; index < stretches.length; index++) {
      const last = Math.min(stretches.stop(index) - 1, stretches.end(index) - 8);
      for (let at = (stretches.start(index) + 7) & ~7; at <= last; at += 8) {
        const high = words[(at >>> 2) + 1] ?? 0;
        if (high < highFirst || high > highLast) continue;
        const low = words[at >>> 2] ?? 0;
        if (high === highFirst && low < lowFirst) continue;
        if (high === highLast && low > lowLast) continue;
        if (!found(at, 8, index)) return;
      }
    }
  };
}

function stringsMatcher(min: number, encoding: StringEncoding, memory: LinearMemory): Matcher {
  const { skipBegun, find } = stringFinder(min, encoding, memory);
  return (stretches, found) => {
    for (let index = 0; index < stretches.length; index++) {
      const [stop, end] = [stretches.stop(index), stretches.end(index)];
      const from = skipBegun(stretches.from(index), stretches.start(index), stop);
      if (!find(from, stop, end, (at, until) => found(at, until - at, index))) return;
    }
  };
}

/** One rule after the other; what is found comes in no order of place. */
function rulesMatcher(rules: readonly WorkerRule[], memory: LinearMemory): Matcher {
  const bytes = Buffer.from(memory.buffer);
  const ready = rules.map(({ anchor, before, maxLength, regex }) => ({
    find: bytesMatcher(exactly(Buffer.from(anchor, "latin1")), memory),
    regex: new RegExp(regex, "g"),
    before,
    maxLength,
  }));
  return (stretches, found) => {
    // An anchor behind the border may belong to a match before it.
    const wide = stretches.whole();
    for (const [rule, { find, regex, before, maxLength }] of ready.entries()) {
      let free = 0;
      let goesOn = true;
      find(wide, (at, _length, index) => {
        if (at < free) return goesOn;
        const from = Math.max(stretches.from(index), at - before);
        const text = bytes.toString(
          "latin1",
          from,
          Math.min(stretches.end(index), from + before + maxLength),
        );
        regex.lastIndex = 0;
        for (let match = regex.exec(text); match; match = regex.exec(text)) {
          const begin = from + match.index;
          const { length } = match[0];
          if (begin > at) break;
          if (begin + length <= at) continue;
          free = begin + length;
          if (begin >= stretches.start(index) && begin < stretches.stop(index))
            goesOn = found(begin, length, index, rule);
          break;
        }
        return goesOn;
      });
      if (!goesOn) return;
    }
  };
}

/** Bytes behind the last stretch that the memory must have. */
export const MATCHER_SLACK = PAIR_SLACK;
