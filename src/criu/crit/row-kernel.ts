import { linearMemory } from "../../bytes/index.ts";
import type { LinearMemory } from "../../bytes/index.ts";
import type { RowPattern } from "./pattern.ts";
import { KIND, PIECE, PLACES, rowLoop, WORD } from "./row-code.ts";
import type { RowLoop } from "./row-code.ts";

/** Patterns of one image; real ones have as many as there are forms of their entries. */
const MOST_PATTERNS = 8;
const WINDOW_AT = 32 * 1024;
/** Whole words are read and written: so much more than there is. */
const SLACK = 64;
/** Digits with quotes, at most. */
const NUMBER = 22;

const NOTHING = new Uint8Array();

/** Prints rows of a few forms that were met before, from one window of bytes after the other. */
export class RowKernel {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly textAt: number;
  private patternCount = 0;
  /** Text of the longest row there may be. */
  private longest = 1;
  private end = WINDOW_AT;

  private constructor(
    { buffer }: LinearMemory,
    private readonly run: RowLoop,
    windowSize: number,
    private readonly textSize: number,
  ) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.textAt = WINDOW_AT + windowSize + SLACK;
    for (let number = 0; number < 100; number++)
      this.view.setUint16(
        PLACES.pairs + 2 * number,
        0x3030 + ((number % 10) << 8) + Math.floor(number / 10),
        true,
      );
    for (let power = 0; power < 20; power++)
      this.view.setBigUint64(PLACES.powers + 8 * power, 10n ** BigInt(power), true);
  }

  /** For windows of `windowSize` bytes, `textSize` of text at a time. Undefined where the runtime has no WebAssembly. */
  static make(windowSize: number, textSize: number): RowKernel | undefined {
    const memory = linearMemory(WINDOW_AT + windowSize + textSize + PLACES.patternSize + 2 * SLACK);
    const run = rowLoop(memory);
    return run && new RowKernel(memory, run, windowSize, textSize);
  }

  /** From here on rows are of these bytes, as many as were said at most. */
  load(window: Uint8Array): void {
    this.bytes.set(window, WINDOW_AT);
    this.end = WINDOW_AT + window.length;
  }

  forget(): void {
    this.patternCount = 0;
    this.longest = 1;
  }

  get isFull(): boolean {
    return this.patternCount === MOST_PATTERNS;
  }

  /** Knows rows of this form from here on. False when it is too long. */
  add(pattern: RowPattern): boolean {
    let size = 0;
    let text = 0;
    for (const piece of pattern) {
      size += sizeOf(piece);
      text += piece.text.length + NUMBER;
    }
    if (size > PLACES.patternSize || this.isFull) return false;
    let at = PLACES.patterns + PLACES.patternSize * this.patternCount++;
    for (const piece of pattern) at = this.addPiece(piece, at);
    this.longest = Math.max(this.longest, text);
    return true;
  }

  private addPiece(piece: RowPattern[number], at: number): number {
    const { view } = this;
    const { bytes, text, kind, most } = piece;
    view.setUint32(at + PIECE.byteCount, bytes.length, true);
    view.setUint32(at + PIECE.textLength, text.length, true);
    view.setUint32(at + PIECE.kind, KIND[kind], true);
    view.setUint32(at + PIECE.size, sizeOf(piece), true);
    view.setBigUint64(at + PIECE.most, most, true);
    this.bytes.set(bytes, at + PIECE.bytes);
    this.bytes.set(text, at + PIECE.bytes + wholeWords(bytes.length));
    return at + sizeOf(piece);
  }

  /**
   * Prints up to `limit` rows from `at` of the window on, until one is of no known form or there is text enough. Gives how
   * many, where the next begins, and the text, which is gone with the next call.
   */
  print(
    at: number,
    limit: number,
  ): { readonly count: number; readonly at: number; readonly text: Uint8Array } {
    const { view, textAt } = this;
    // The loop begins with the first pattern, whatever is there.
    if (this.patternCount === 0) return { count: 0, at, text: NOTHING };
    const most = Math.min(limit, Math.floor(this.textSize / this.longest));
    const lastPattern = PLACES.patterns + PLACES.patternSize * this.patternCount;
    const count = this.run(WINDOW_AT + at, this.end, textAt, most, PLACES.patterns, lastPattern);
    const text = this.bytes.subarray(textAt, view.getUint32(PLACES.result + 4, true));
    return { count, at: view.getUint32(PLACES.result, true) - WINDOW_AT, text };
  }
}

function sizeOf({ bytes, text }: RowPattern[number]): number {
  return PIECE.bytes + wholeWords(bytes.length) + wholeWords(text.length);
}

function wholeWords(length: number): number {
  return Math.ceil(length / WORD) * WORD;
}
