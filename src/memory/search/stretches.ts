import { STRETCH_COLUMNS } from "./messages.ts";

/** Bytes in a row in the worker's memory, `[from, end)`, of which matches may begin in `[start, stop)`. */
export interface Stretch {
  readonly from: number;
  readonly start: number;
  readonly stop: number;
  readonly end: number;
}

/** A part of a job that lies in the memory: the places `[base, end)`, of which matches may begin in `[start, stop)`. */
export interface Window {
  readonly base: number;
  readonly start: number;
  readonly stop: number;
  readonly end: number;
}

/**
 * The stretches of a job, as far as they lie in a window of it, at their places in the memory. Columns of numbers, since there
 * may be many thousands in a job.
 */
export class Stretches {
  readonly length: number;
  /** Number in the job of the first one. */
  readonly first: number;
  readonly #rows: Float64Array;
  readonly #window: Window;

  constructor(rows: Float64Array, first: number, length: number, window: Window) {
    this.#rows = rows;
    this.first = first;
    this.length = length;
    this.#window = window;
  }

  static of(stretches: readonly Stretch[]): Stretches {
    const rows = stretches.flatMap(({ from, start, stop, end }) => [from, start, stop, end]);
    const end = rows.at(-1) ?? 0;
    const whole = { base: 0, start: 0, stop: end, end };
    return new Stretches(new Float64Array(rows), 0, stretches.length, whole);
  }

  from(index: number): number {
    return Math.max(this.#at(index, 0), this.#window.base) - this.#window.base;
  }

  start(index: number): number {
    return Math.min(Math.max(this.#at(index, 1), this.#window.start) - this.#window.base, this.stop(index));
  }

  stop(index: number): number {
    return Math.min(this.#at(index, 2), this.#window.stop) - this.#window.base;
  }

  end(index: number): number {
    return Math.min(this.#at(index, 3), this.#window.end) - this.#window.base;
  }

  /** The same, with matches that may begin anywhere. */
  whole(): Stretches {
    const rows = this.#rows.slice();
    for (let row = 0; row < rows.length; row += STRETCH_COLUMNS) {
      rows[row + 1] = rows[row] ?? 0;
      rows[row + 2] = rows[row + 3] ?? 0;
    }
    const { base, end } = this.#window;
    return new Stretches(rows, this.first, this.length, { base, start: base, stop: end, end });
  }

  #at(index: number, column: number): number {
    return this.#rows[(this.first + index) * STRETCH_COLUMNS + column] ?? 0;
  }
}

/**
 * A job in windows that fit the memory. Each place is looked at as a match's begin in one window only; `before` and `behind`
 * are how many bytes around those belong to it too. `free()` is where the next window's matches may begin.
 */
export function* windowsOf(
  rows: Float64Array,
  { memory, span, before, behind }: WindowSizes,
  free: () => number = () => 0,
): Generator<{ readonly window: Window; readonly stretches: Stretches }> {
  const count = rows.length / STRETCH_COLUMNS;
  const at = (index: number, column: number): number => rows[index * STRETCH_COLUMNS + column] ?? 0;
  const size = rows.at(-1) ?? 0;
  const each = size <= memory ? size : span;
  let first = 0;
  for (let begin = 0; begin < size; begin += each) {
    const stop = begin + each;
    while (first < count && at(first, 2) <= begin) first++;
    let last = first;
    while (last < count && at(last, 1) < stop) last++;
    if (last === first) continue;
    const base = Math.max(0, begin - before);
    const window = { base, start: Math.max(begin, free()), stop, end: Math.min(size, stop + behind) };
    yield { window, stretches: new Stretches(rows, first, last - first, window) };
  }
}

/** Bytes of the memory, of the places of one window in which matches may begin, and of those around them. */
export interface WindowSizes {
  readonly memory: number;
  readonly span: number;
  readonly before: number;
  readonly behind: number;
}
