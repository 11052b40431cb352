/**
 * Where a list of equally high rows is scrolled to, as numbers only. Browsers cap the height of an element at some
 * 30 million pixels, about 24 MiB of hex rows; this counts pixels in a double, good for petabytes.
 */
export class ScrollRange {
  rowHeight = 20;
  rowCount = 0;
  /** Height of the window onto the rows. */
  viewHeight = 0;
  #top = 0;

  /** Pixels above the window. */
  get top(): number {
    return this.#top;
  }

  set top(pixels: number) {
    this.#top = Math.max(0, Math.min(pixels, this.limit));
  }

  /** The greatest possible `top`. */
  get limit(): number {
    return Math.max(0, this.rowCount * this.rowHeight - this.viewHeight);
  }

  /** Rows that fit whole. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.viewHeight / this.rowHeight));
  }

  /** Rows `[first, end)` that are at least partly in the window. */
  get visible(): { first: number; end: number } {
    const first = Math.floor(this.#top / this.rowHeight);
    const end = Math.ceil((this.#top + this.viewHeight) / this.rowHeight);
    return { first, end: Math.min(end, this.rowCount) };
  }

  /** Whether all of a row is in the window. */
  shows(row: number): boolean {
    const start = row * this.rowHeight;
    return start >= this.#top && start + this.rowHeight <= this.#top + this.viewHeight;
  }

  /** Scrolls as little as needed to have the row in the window; to a third from the top when it is far away. */
  reveal(row: number): void {
    const start = row * this.rowHeight;
    const end = start + this.rowHeight;
    if (this.shows(row)) return;
    const far = start < this.#top - this.viewHeight || end > this.#top + 2 * this.viewHeight;
    if (far) this.top = start - Math.floor(this.viewHeight / 3);
    else this.top = start < this.#top ? start : end - this.viewHeight;
  }

  /** The scroll bar's thumb in a track of `track` pixels; undefined when everything is in the window. */
  thumb(track: number): { start: number; length: number } | undefined {
    if (this.limit === 0) return undefined;
    const total = this.rowCount * this.rowHeight;
    const length = Math.min(track, Math.max(24, (this.viewHeight / total) * track));
    return { start: (this.#top / this.limit) * (track - length), length };
  }

  /** Puts the thumb's upper end at `start` pixels of a track of `track` pixels. */
  dragThumb(start: number, track: number): void {
    const { length } = this.thumb(track) ?? { length: track };
    if (track > length) this.top = (start / (track - length)) * this.limit;
  }
}
