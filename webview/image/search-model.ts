import type { ByteQuery, ByteRange, SearchPart } from "../../src/protocol/index.ts";

/** More matches than anybody steps through; the search pauses there and goes on when it is asked to. */
const MOST_MATCHES = 100_000;

type Ask = (query: ByteQuery, start: number) => Promise<SearchPart>;

/** One search through an image: asks for part after part and keeps where the matches are, in order. */
export class Search {
  readonly query: ByteQuery;
  readonly size: number;
  readonly #ask: Ask;
  readonly #changed: () => void;
  readonly #offsets: number[] = [];
  readonly #lengths: number[] = [];
  #end = 0;
  #limit = MOST_MATCHES;
  #running = false;
  #stopped = false;
  #error: string | undefined;

  constructor(query: ByteQuery, size: number, ask: Ask, changed: () => void) {
    this.query = query;
    this.size = size;
    this.#ask = ask;
    this.#changed = changed;
  }

  get count(): number {
    return this.#offsets.length;
  }

  /** Matches that begin before this offset are known. */
  get end(): number {
    return this.#end;
  }

  get isRunning(): boolean {
    return this.#running;
  }

  get isDone(): boolean {
    return this.#end >= this.size;
  }

  /** Why it ended early. */
  get error(): string | undefined {
    return this.#error;
  }

  /** Goes on until the end, the limit, or `stop`. */
  async run(): Promise<void> {
    if (this.#running || this.isDone) return;
    this.#running = true;
    this.#stopped = false;
    this.#limit = this.count + MOST_MATCHES;
    try {
      while (!this.#stopped && !this.isDone && this.count < this.#limit) {
        const { end, offsets, lengths } = await this.#ask(this.query, this.#end);
        for (const offset of offsets) this.#offsets.push(offset);
        for (const length of lengths) this.#lengths.push(length);
        // A part that gets nowhere would be asked for for ever.
        this.#end = end > this.#end ? end : this.size;
        this.#changed();
      }
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
    } finally {
      this.#running = false;
      this.#changed();
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  at(index: number): ByteRange | undefined {
    const start = this.#offsets[index];
    return start === undefined ? undefined : { start, end: start + (this.#lengths[index] ?? 0) };
  }

  /** Number of the first match that begins at `offset` or later; `count` when none does. */
  from(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#offsets[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Matches that touch a range. They don't overlap, so only one can begin before it. */
  within({ start, end }: ByteRange): readonly ByteRange[] {
    const found: ByteRange[] = [];
    for (let index = Math.max(0, this.from(start) - 1); index < this.count; index++) {
      const match = this.at(index);
      if (!match || match.start >= end) break;
      if (match.end > start) found.push(match);
    }
    return found;
  }
}
