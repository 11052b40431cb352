import type { AsciiText } from "./ascii-text.ts";
import type { MessagePlan } from "./plan.ts";
import { MOST_PATTERNS, patternOf, printPatterns } from "./pattern.ts";
import type { RowPattern } from "./pattern.ts";
import { printAlike } from "./repeat.ts";
import type { PrintedRow } from "./repeat.ts";
import { Transcoder } from "./transcoder.ts";

/** Bytes read at once. */
export const WINDOW = 1 << 20;
/** Larger entries are decoded into nodes, one by one: the text of one is held as pieces. */
const MAX_ENTRY = 256 * 1024;
/** Bytes of text that are handed on at once, at least, while there are more. */
export const BATCH = 192 * 1024;

/** Entries `[index, last)`, the first of which starts at `at` of the window. */
interface Run {
  readonly at: number;
  readonly index: number;
  readonly last: number;
}

/** Prints the entries of a stretch of an image, `window`, with `comma` before each but the first of the image. */
export class RowPrinter {
  private readonly sizes: DataView;
  private readonly transcoder: Transcoder;
  /** Patterns of the entries printed so far, all of one plan. */
  private readonly patterns: RowPattern[] = [];
  private patternPlan: MessagePlan | undefined;
  private readonly row: PrintedRow = {
    at: 0,
    size: 0,
    tail: 0,
    textLength: 0,
    value: 0,
    digits: 0,
    digitsEnd: 0,
    hex: false,
  };

  constructor(
    window: Uint8Array,
    private readonly comma: Uint8Array,
    private readonly out: AsciiText,
  ) {
    this.sizes = new DataView(window.buffer, window.byteOffset, window.byteLength);
    this.transcoder = new Transcoder(window);
  }

  /** Keeps the pattern of an entry that was printed, unless it is known. */
  private addPattern(plan: MessagePlan, start: number, end: number): void {
    const { transcoder } = this;
    if (plan !== this.patternPlan) this.patterns.length = 0;
    this.patternPlan = plan;
    const { patterns } = this;
    if (patterns.length === MOST_PATTERNS) return;
    const pattern = patternOf(plan, transcoder.reader, start, end, this.comma, (from, to, last) =>
      transcoder.between(plan, from, to, last),
    );
    const isKnown = (known: RowPattern): boolean =>
      known.tag === pattern?.tag && Buffer.compare(known.middle, pattern.middle) === 0;
    if (pattern && !patterns.some(isKnown)) patterns.unshift(pattern);
  }

  /** Whether there is text enough to be handed on. */
  get isFull(): boolean {
    return this.out.length >= BATCH;
  }

  /** The size word at `at` of the window. */
  sizeAt(at: number): number {
    return this.sizes.getUint32(at, true);
  }

  /**
   * Prints entries of a run until there is text enough, or up to one that doesn't fit into the window or can't be
   * printed. Gives where that one is.
   */
  print(plan: MessagePlan, run: Run): { readonly at: number; readonly index: number } {
    const { sizes, transcoder, row, comma, out } = this;
    const { bytes } = transcoder.reader;
    const { last } = run;
    let { at, index } = run;
    while (index < last && out.length < BATCH && at + 4 <= sizes.byteLength) {
      const size = sizes.getUint32(at, true);
      const end = at + 4 + size;
      if (end > sizes.byteLength || size > MAX_ENTRY) break;
      const before = out.length;
      if (index > 0) out.copy(comma);
      if (!transcoder.print(plan, at + 4, end, out, row)) {
        out.length = before;
        break;
      }
      at = end;
      index += 1;
      // The first row of an image has no separator: the next can't be like it.
      if (row.digits === 0 || index === 1) continue;
      const [start, textLength] = [at - size, out.length - before];
      const most = Math.min(last - index, Math.ceil(BATCH / textLength));
      // Nor is one that ends otherwise; to ask here is quicker.
      if (bytes[at + 3 + size] === bytes[at - 1]) {
        row.at = at - 4 - size;
        row.size = size;
        row.textLength = textLength;
        row.digitsEnd -= before;
        const alike = printAlike(transcoder.reader, sizes, row, out, most);
        at += alike * (4 + size);
        index += alike;
        if (alike > 0) continue;
      }
      this.addPattern(plan, start, at);
      const printed = printPatterns(transcoder.reader, sizes, at, this.patterns, out, most);
      ({ at } = printed);
      index += printed.count;
    }
    return { at, index };
  }
}
