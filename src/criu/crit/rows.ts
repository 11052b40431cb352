import type { AsciiText } from "./ascii-text.ts";
import { patternOf } from "./pattern.ts";
import type { MessagePlan } from "./plan.ts";
import { RowKernel } from "./row-kernel.ts";
import { Transcoder } from "./transcoder.ts";

/** Bytes read at once. */
export const WINDOW = 1 << 20;
/** Larger entries are decoded into nodes, one by one: the text of one is held as pieces. */
const MAX_ENTRY = 256 * 1024;
/** Bytes of text that are handed on at once, at least, while there are more. */
export const BATCH = 192 * 1024;
/** Bytes left from which on it is worth it to make a kernel. */
const MANY = 16 * 1024;

/** Entries `[index, last)`, the first of which starts at `at` of the window. */
interface Run {
  readonly at: number;
  readonly index: number;
  readonly last: number;
}

/** Prints the entries of an image, from one stretch of it after the other, with `comma` before each but the first. */
export class RowPrinter {
  private window: Uint8Array = new Uint8Array();
  private sizes: DataView = new DataView(this.window.buffer);
  private transcoder = new Transcoder(this.window);
  /** Made for the first image that has entries enough; null where the runtime can't. */
  private kernel: RowKernel | null | undefined;
  private kernelPlan: MessagePlan | undefined;
  private kernelWindow: Uint8Array | undefined;

  constructor(
    private readonly comma: Uint8Array,
    private readonly out: AsciiText,
  ) {}

  /** The stretch that `print` reads from here on: `WINDOW` bytes at most. */
  load(window: Uint8Array): void {
    this.window = window;
    this.sizes = new DataView(window.buffer, window.byteOffset, window.byteLength);
    this.transcoder = new Transcoder(window);
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
    const { sizes, transcoder, comma, out } = this;
    const { last } = run;
    let { at, index } = run;
    while (index < last && out.length < BATCH && at + 4 <= sizes.byteLength) {
      const kernel = index > 0 ? this.kernelFor(plan, at) : undefined;
      if (kernel) {
        const printed = kernel.print(at, last - index);
        out.copy(printed.text);
        ({ at } = printed);
        index += printed.count;
        // There is one more at the least that goes the other way, or text enough.
        if (index === last || out.length >= BATCH || at + 4 > sizes.byteLength) break;
      }
      const size = sizes.getUint32(at, true);
      const end = at + 4 + size;
      if (end > sizes.byteLength || size > MAX_ENTRY) break;
      const before = out.length;
      if (index > 0) out.copy(comma);
      if (!transcoder.print(plan, at + 4, end, out)) {
        out.length = before;
        break;
      }
      if (kernel?.isFull === false) this.addPattern(kernel, plan, at + 4, end);
      at = end;
      index += 1;
    }
    return { at, index };
  }

  /** The kernel, ready for entries of this plan from `at` of the window on; undefined where it is not worth it. */
  private kernelFor(plan: MessagePlan, at: number): RowKernel | undefined {
    const { window } = this;
    if (this.kernel === undefined && window.length - at < MANY) return undefined;
    this.kernel ??= RowKernel.make(WINDOW, BATCH) ?? null;
    const { kernel } = this;
    if (kernel === null) return undefined;
    if (this.kernelPlan !== plan) kernel.forget();
    if (this.kernelWindow !== window) kernel.load(window);
    this.kernelPlan = plan;
    this.kernelWindow = window;
    return kernel;
  }

  /** Keeps the form of an entry that was printed: the kernel didn't know it. */
  private addPattern(kernel: RowKernel, plan: MessagePlan, start: number, end: number): void {
    const { transcoder } = this;
    const pattern = patternOf(plan, transcoder.reader, [start, end], this.comma, (from, to, last) =>
      transcoder.between(plan, from, to, last),
    );
    if (pattern) kernel.add(pattern);
  }
}
