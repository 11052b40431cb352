import { element, onceAFrame } from "./dom.ts";
import { ScrollRange } from "./scroll-range.ts";

/** Rows keep their place on the sheet for so many pixels of scrolling, so that only the sheet moves. */
const SHEET = 1 << 16;

/**
 * A window onto equally high rows with a scroll bar of its own. The owner draws: it is told when the visible rows
 * may have changed and puts each on the `sheet` at `yOf(row)`.
 */
export class Scroller {
  readonly range = new ScrollRange();
  /** The row that stays in the window when that becomes smaller; -1 for none. */
  kept: () => number = () => -1;
  /** Holds the rows. It is a layer of its own that moves under the window: rows aren't painted again. */
  readonly sheet: HTMLElement;
  readonly #track: HTMLElement;
  readonly #thumb: HTMLElement;
  readonly #draw: () => void;
  readonly #settled: () => void;
  #settling = 0;

  /**
   * `content` is the window; it scrolls sideways by itself when the rows are wide. `settled` is called a moment after
   * the last change of the scroll position.
   */
  constructor(parent: HTMLElement, content: HTMLElement, draw: () => void, settled: () => void) {
    this.sheet = element("div", { class: "scroll-sheet", attributes: { role: "presentation" } });
    content.append(this.sheet);
    this.#settled = settled;
    this.#thumb = element("div", { class: "scroll-thumb" });
    // The keyboard scrolls by moving the cursor, so the bar itself is for the mouse only.
    this.#track = element(
      "div",
      { class: "scroll-track", attributes: { "aria-hidden": "true" } },
      this.#thumb,
    );
    content.classList.add("scroll-content");
    parent.classList.add("scroller");
    parent.append(content, this.#track);
    this.#draw = onceAFrame(() => {
      this.#place();
      draw();
    });
    parent.addEventListener("wheel", (event) => {
      this.#onWheel(event);
    });
    this.#track.addEventListener("pointerdown", (event) => {
      this.#onPointerDown(event);
    });
    new ResizeObserver(() => {
      const row = this.kept();
      const wasShown = row >= 0 && this.range.shows(row);
      this.range.viewHeight = content.clientHeight;
      this.scrollTo(this.range.top);
      if (wasShown) this.reveal(row);
    }).observe(content);
  }

  /** Draws again in the next frame. */
  refresh(): void {
    this.#draw();
  }

  scrollTo(top: number): void {
    const before = this.range.top;
    this.range.top = top;
    this.#draw();
    if (this.range.top !== before) this.#settleSoon();
  }

  /** Brings a row into the window. */
  reveal(row: number): void {
    const before = this.range.top;
    this.range.reveal(row);
    this.#draw();
    if (this.range.top !== before) this.#settleSoon();
  }

  /** Pixels from the top of the sheet to a row. */
  yOf(row: number): number {
    return row * this.range.rowHeight - this.#sheetTop;
  }

  get #sheetTop(): number {
    return Math.floor(this.range.top / SHEET) * SHEET;
  }

  #place(): void {
    this.sheet.style.transform = `translateY(${String(this.#sheetTop - this.range.top)}px)`;
    const thumb = this.range.thumb(this.#track.clientHeight);
    this.#track.hidden = thumb === undefined;
    if (!thumb) return;
    this.#thumb.style.height = `${String(thumb.length)}px`;
    this.#thumb.style.transform = `translateY(${String(thumb.start)}px)`;
  }

  #onWheel(event: WheelEvent): void {
    if (event.ctrlKey || event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    const { rowHeight, viewHeight } = this.range;
    const unit = [1, rowHeight, viewHeight][event.deltaMode] ?? 1;
    const before = this.range.top;
    this.scrollTo(before + event.deltaY * unit);
    if (this.range.top !== before) event.preventDefault();
  }

  #onPointerDown(event: PointerEvent): void {
    event.preventDefault();
    const track = this.#track.getBoundingClientRect();
    const thumb = this.#thumb.getBoundingClientRect();
    const onThumb = event.clientY >= thumb.top && event.clientY <= thumb.bottom;
    const grip = onThumb ? event.clientY - thumb.top : thumb.height / 2;
    const drag = (at: PointerEvent): void => {
      this.range.dragThumb(at.clientY - track.top - grip, track.height);
      this.#draw();
      this.#settleSoon();
    };
    drag(event);
    followPointer(this.#track, event, drag);
  }

  #settleSoon(): void {
    clearTimeout(this.#settling);
    this.#settling = window.setTimeout(this.#settled, 200);
  }
}

/** Calls `move` until the pointer that went down in `event` goes up again, wherever it is. */
export function followPointer(
  target: HTMLElement,
  event: PointerEvent,
  move: (event: PointerEvent) => void,
  up: () => void = () => undefined,
): void {
  const end = new AbortController();
  target.setPointerCapture(event.pointerId);
  const stop = (): void => {
    end.abort();
    up();
  };
  target.addEventListener("pointermove", move, { signal: end.signal });
  target.addEventListener("pointerup", stop, { signal: end.signal });
  target.addEventListener("pointercancel", stop, { signal: end.signal });
}
