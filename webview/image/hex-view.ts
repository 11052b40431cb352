import type { ByteRange, ImageRow } from "../../src/protocol/index.ts";
import { element, setAttribute } from "../ui/dom.ts";
import { followPointer, Scroller } from "../ui/scroller.ts";
import { HexHead } from "./hex-head.ts";
import { hexLayout, moveCursor } from "./hex-layout.ts";
import type { HexLayout } from "./hex-layout.ts";
import type { FindMarks } from "./hex-marks.ts";
import type { HexPages } from "./hex-pages.ts";
import { byteOf, HexRow } from "./hex-row.ts";
import type { MarkedField } from "./hex-row.ts";

interface HexEvents {
  /** The person selected bytes. */
  selected(range: ByteRange): void;
  /** The selected bytes are wanted on the clipboard. */
  copy(range: ByteRange): void;
  /** It was scrolled. */
  moved(): void;
  /** Words about a byte, for the mouse that rests on it. */
  describe(offset: number): string;
  /** The same with what isn't at hand yet. */
  explain(offset: number): Promise<string>;
}

/** The bytes: draws the visible rows of an image of `size` bytes, moves cursor and selection. */
export class HexView {
  readonly root: HTMLElement;
  /** The grid with its scroll bar; what is appended stands beside them. */
  readonly middle: HTMLElement;
  readonly scroller: Scroller;
  /** Called when the grid was drawn, at most once a frame. */
  drawn: () => void = () => undefined;
  readonly #grid: HTMLElement;
  readonly #head = new HexHead();
  readonly #probe: HTMLElement;
  readonly #events: HexEvents;
  /** The drawn rows by number; a row that leaves the window is drawn again where another one enters it. */
  readonly #rows = new Map<number, HexRow>();
  #pages: HexPages | undefined;
  #size = 0;
  #layout: HexLayout = { columns: 16, digits: 8 };
  #anchor = 0;
  #cursor = 0;
  #field: MarkedField | undefined;
  #findMarks: FindMarks = () => [];

  constructor(events: HexEvents) {
    this.#events = events;
    this.#grid = element("div", {
      class: "hex byte-rows",
      attributes: {
        role: "grid",
        tabindex: "0",
        "aria-label": "Bytes",
        "aria-readonly": "true",
        "aria-multiselectable": "true",
        id: "bytes",
        // For the menus of package.json.
        "data-vscode-context": JSON.stringify({
          webviewSection: "bytes",
          preventDefaultContextMenuItems: true,
        }),
      },
    });
    this.#probe = element("span", { class: "probe", text: "0".repeat(32) });
    const body = element("div", { class: "hex-body byte-rows-body" });
    this.middle = element("div", { class: "hex-middle" }, body);
    this.root = element("div", { class: "pane bytes" }, this.#head.root, this.middle, this.#probe);
    this.scroller = new Scroller(
      body,
      this.#grid,
      () => {
        this.#draw();
      },
      () => {
        events.moved();
      },
    );
    this.#grid.prepend(this.#head.names);
    this.#grid.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    this.#grid.addEventListener("pointerdown", (event) => {
      this.#onPointerDown(event);
    });
    this.#grid.addEventListener("mouseover", ({ target }) => {
      const offset = byteOf(target);
      if (!(target instanceof HTMLElement) || offset === undefined) return;
      target.title = events.describe(offset);
      // There before the browser shows a title.
      void events.explain(offset).then((words) => {
        if (byteOf(target) === offset) target.title = words;
      });
    });
    this.#grid.addEventListener("scroll", () => {
      this.#head.shift(this.#grid.scrollLeft);
    });
    new ResizeObserver(() => {
      this.#fit();
    }).observe(this.root);
  }

  /** Shows an image. */
  open(size: number, pages: HexPages): void {
    this.#size = size;
    this.#pages = pages;
    setAttribute(this.#grid, "aria-label", size === 0 ? "Bytes: the file is empty" : "Bytes");
    this.#fit();
  }

  /** Draws again in the next frame; bytes have come. */
  refresh(): void {
    this.scroller.refresh();
  }

  /** Marks a row's bytes and, unless the person is moving in them, brings its first one into the window. */
  showField(row: ImageRow | undefined, follow: boolean): void {
    this.#field = row && { span: row.span, valueSpan: row.valueSpan, isLeaf: row.childCount === 0 };
    if (row && follow && this.#size > 0) {
      this.#anchor = this.#cursor = Math.min(row.valueSpan.start, this.#size - 1);
      // The end first, so that the beginning wins when both don't fit.
      this.#reveal(Math.max(row.span.start, Math.min(row.span.end, row.span.start + 512) - 1));
      this.#reveal(row.span.start);
    }
    this.refresh();
  }

  focus(): void {
    this.#grid.focus();
  }

  /** Where to ask for marks; they are drawn with the next `refresh`. */
  setMarks(find: FindMarks): void {
    this.#findMarks = find;
  }

  /** The bytes in the window. */
  get window(): ByteRange {
    const { first, end } = this.scroller.range.visible;
    const { columns } = this.#layout;
    return { start: first * columns, end: Math.min(this.#size, end * columns) };
  }

  /** The selected bytes: one or more. */
  get selection(): ByteRange {
    const start = Math.min(this.#anchor, this.#cursor);
    return { start, end: Math.min(this.#size, Math.max(this.#anchor, this.#cursor) + 1) };
  }

  /** Selects without telling anyone. */
  select({ start, end }: ByteRange): void {
    this.#anchor = Math.max(0, Math.min(start, this.#size - 1));
    this.#cursor = Math.max(this.#anchor, Math.min(end, this.#size) - 1);
    this.#reveal(this.#anchor);
    this.refresh();
  }

  /** Offset of the first byte in the window. */
  get top(): number {
    return this.scroller.range.visible.first * this.#layout.columns;
  }

  set top(offset: number) {
    const { range } = this.scroller;
    this.scroller.scrollTo(Math.floor(offset / this.#layout.columns) * range.rowHeight);
  }

  #reveal(offset: number): void {
    this.scroller.reveal(Math.floor(offset / this.#layout.columns));
  }

  /** Chooses how many bytes a row has, and keeps the first visible byte where it is. */
  #fit(): void {
    const { top } = this;
    const character = this.#probe.getBoundingClientRect().width / 32 || 8;
    const line = this.#probe.getBoundingClientRect().height;
    this.#layout = hexLayout(this.#size, this.root.clientWidth / character);
    const { columns, digits } = this.#layout;
    const { range } = this.scroller;
    range.rowHeight = Math.max(18, Math.round(line));
    range.rowCount = Math.ceil(this.#size / columns);
    this.root.style.setProperty("--digits", String(digits));
    this.root.style.setProperty("--row-height", `${String(range.rowHeight)}px`);
    setAttribute(this.#grid, "aria-colcount", String(columns + 1));
    // The names of the columns are the first row.
    setAttribute(this.#grid, "aria-rowcount", String(range.rowCount + 1));
    for (const { root } of this.#rows.values()) root.remove();
    this.#rows.clear();
    this.#head.draw(columns);
    this.top = top;
  }

  #draw(): void {
    const pages = this.#pages;
    if (!pages) return;
    const { first, end } = this.scroller.range.visible;
    const { columns } = this.#layout;
    const selection = this.selection;
    const free: HexRow[] = [];
    for (const [number, row] of this.#rows)
      if (number < first || number >= end) {
        free.push(row);
        this.#rows.delete(number);
      }
    for (let number = first; number < end; number++) {
      const row = this.#rows.get(number) ?? free.pop() ?? this.#newRow();
      this.#rows.set(number, row);
      row.draw({
        start: number * columns,
        y: this.scroller.yOf(number),
        size: this.#size,
        pages,
        cursor: this.#cursor,
        selection,
        field: this.#field,
        marks: this.#findMarks({ start: number * columns, end: (number + 1) * columns }),
      });
    }
    for (const { root } of free) root.remove();
    this.#markCursor();
    this.drawn();
  }

  /** Tells a screen reader which cell is active, and what it is. */
  #markCursor(): void {
    const { columns } = this.#layout;
    const cell = this.#rows.get(Math.floor(this.#cursor / columns))?.cellOf(this.#cursor);
    if (cell) {
      cell.id = "byte";
      setAttribute(cell, "aria-label", `${cell.textContent}, ${this.#events.describe(this.#cursor)}`);
    }
    setAttribute(this.#grid, "aria-activedescendant", cell?.id);
    this.#head.mark(this.#cursor % columns);
  }

  #newRow(): HexRow {
    const row = new HexRow(this.#layout.columns, this.#layout.digits);
    this.scroller.sheet.append(row.root);
    return row;
  }

  #moveTo(offset: number, extend: boolean): void {
    this.#cursor = offset;
    if (!extend) this.#anchor = offset;
    this.#reveal(offset);
    this.refresh();
    this.#events.selected(this.selection);
  }

  #onPointerDown(event: PointerEvent): void {
    const offset = byteOf(event.target);
    if (offset === undefined) return;
    if (event.button === 2) {
      const { start, end } = this.selection;
      // The menu is about what is selected; a click beside it selects anew.
      if (offset < start || offset >= end) this.#moveTo(offset, false);
    }
    if (event.button !== 0) return;
    this.#moveTo(offset, event.shiftKey);
    followPointer(this.#grid, event, ({ clientX, clientY }) => {
      const under = byteOf(document.elementFromPoint(clientX, clientY));
      if (under !== undefined && under !== this.#cursor) this.#moveTo(under, true);
      else if (under === undefined) this.#scrollBeyond(clientY);
    });
  }

  /** Dragging out of the window scrolls it. */
  #scrollBeyond(y: number): void {
    const { top, bottom } = this.#grid.getBoundingClientRect();
    const { columns } = this.#layout;
    const step = y < top ? -columns : y > bottom ? columns : 0;
    const target = this.#cursor + step;
    if (step !== 0 && target >= 0 && target < this.#size) this.#moveTo(target, true);
  }

  /** Whether the key was ours. */
  #onKey(event: KeyboardEvent): boolean {
    const { key, shiftKey } = event;
    const control = event.ctrlKey || event.metaKey;
    if (this.#size === 0 || event.altKey) return false;
    if (control && key === "c") {
      const { start, end } = this.selection;
      this.#events.copy(end - start > 1 || !this.#field ? { start, end } : this.#field.valueSpan);
      return true;
    }
    if (control && key === "a") {
      this.#anchor = 0;
      this.#cursor = this.#size - 1;
      this.refresh();
      this.#events.selected(this.selection);
      return true;
    }
    if (control && key !== "Home" && key !== "End") return false;
    const { pageRows } = this.scroller.range;
    const place = { columns: this.#layout.columns, pageRows: Math.max(1, pageRows - 1), size: this.#size };
    const target = moveCursor(key, control, this.#cursor, place);
    if (target !== undefined) this.#moveTo(target, shiftKey);
    return target !== undefined;
  }
}
