import { element, setAttribute } from "../ui/dom.ts";
import { followPointer, Scroller } from "../ui/scroller.ts";
import type { Area } from "./area.ts";
import type { MemoryPages } from "./memory-pages.ts";
import { MemoryRow } from "./memory-row.ts";
import { notesOf } from "./notes.ts";
import type { NameOf } from "./notes.ts";
import { moveCursor, RowMap } from "./row-map.ts";
import type { MemoryLine } from "./row-map.ts";

export interface ByteSelection {
  readonly start: bigint;
  readonly end: bigint;
}

interface GridEvents {
  /** The cursor or the selection is elsewhere. */
  selected(selection: ByteSelection): void;
  /** The pointer at the cursor, or that was clicked, is to be followed. */
  follow(target: bigint | undefined): void;
  copy(selection: ByteSelection): void;
  moved(): void;
}

/** What the grid shows. */
export interface GridMemory {
  readonly areas: readonly Area[];
  readonly pages: MemoryPages;
  readonly pageSize: number;
  readonly little: boolean;
  readonly nameOf: NameOf;
}

const WIDTHS = [32, 16, 8] as const;
/** Characters beside the bytes: gutter, margins, and some of the notes. */
const BESIDE = 24;

/** The bytes of an address space, in lines that are drawn as they come into the window. */
export class MemoryGrid {
  readonly root: HTMLElement;
  readonly #grid: HTMLElement;
  readonly #probe: HTMLElement;
  readonly #scroller: Scroller;
  readonly #events: GridEvents;
  readonly #memory: GridMemory;
  readonly #digits: number;
  readonly #drawn = new Map<number, MemoryRow>();
  #rows: RowMap;
  #anchor: bigint;
  #cursor: bigint;

  constructor(memory: GridMemory, events: GridEvents) {
    this.#memory = memory;
    this.#events = events;
    this.#rows = new RowMap(memory.areas, 16);
    this.#cursor = this.#anchor = memory.areas[0]?.start ?? 0n;
    // The vsyscall page, far above all else, is no reason for four more digits everywhere.
    const highest = memory.areas.findLast(({ end }) => end < 1n << 63n)?.end ?? 0n;
    this.#digits = Math.max(8, highest.toString(16).length);
    this.#probe = element("span", { class: "probe", text: "0".repeat(32) });
    this.#grid = element("div", {
      class: "memory byte-rows",
      attributes: {
        role: "grid",
        tabindex: "0",
        id: "memory",
        "aria-label": "Memory",
        "aria-readonly": "true",
        "aria-multiselectable": "true",
        "data-vscode-context": JSON.stringify({
          webviewSection: "memory",
          preventDefaultContextMenuItems: true,
        }),
      },
    });
    const body = element("div", { class: "byte-rows-body" });
    this.root = element("div", { class: "memory-pane" }, body, this.#probe);
    this.#scroller = new Scroller(
      body,
      this.#grid,
      () => {
        this.#draw();
      },
      () => {
        events.moved();
      },
    );
    this.#grid.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    this.#grid.addEventListener("pointerdown", (event) => {
      this.#onPointerDown(event);
    });
    this.#grid.addEventListener("mouseover", ({ target }) => {
      const address = this.#addressOf(target);
      if (address !== undefined && target instanceof HTMLElement) target.title = this.#describe(address);
    });
    new ResizeObserver(() => {
      this.#fit();
    }).observe(this.root);
  }

  get selection(): ByteSelection {
    const [start, end] =
      this.#anchor < this.#cursor ? [this.#anchor, this.#cursor] : [this.#cursor, this.#anchor];
    return { start, end: end + 1n };
  }

  /** The addresses that are in the window, with what isn't mapped between them. */
  get window(): ByteSelection {
    const { first, end } = this.#scroller.range.visible;
    const [top, bottom] = [this.#rows.line(first), this.#rows.line(Math.max(first, end - 1))];
    const start = top && this.#startOf(top);
    return { start: start ?? 0n, end: (bottom && this.#startOf(bottom)) ?? start ?? 0n };
  }

  #startOf(line: MemoryLine): bigint {
    if (line.kind === "gap") return line.from;
    return line.kind === "bytes" ? line.address : (this.#memory.areas[line.area]?.start ?? 0n);
  }

  get cursor(): bigint {
    return this.#cursor;
  }

  /** Selects bytes and brings the first into the window. */
  select({ start, end }: ByteSelection): void {
    this.#anchor = end > start ? end - 1n : start;
    this.#cursor = start;
    this.#scroller.reveal(this.#rows.rowOf(start));
    this.refresh();
    this.#events.selected(this.selection);
  }

  focus(): void {
    this.#grid.focus();
  }

  refresh(): void {
    this.#scroller.refresh();
  }

  #fit(): void {
    const box = this.#probe.getBoundingClientRect();
    const character = box.width / 32 || 8;
    const room = this.root.clientWidth / character - this.#digits - BESIDE;
    const columns = WIDTHS.find((each) => each * 3.6 + each / 8 <= room) ?? 8;
    const { range } = this.#scroller;
    const top = this.#rows.line(range.visible.first);
    if (columns !== this.#rows.columns || this.#drawn.size === 0) {
      this.#rows = new RowMap(this.#memory.areas, columns);
      for (const { root } of this.#drawn.values()) root.remove();
      this.#drawn.clear();
    }
    range.rowHeight = Math.max(18, Math.round(box.height));
    range.rowCount = this.#rows.count;
    this.root.style.setProperty("--digits", String(this.#digits));
    this.root.style.setProperty("--row-height", `${String(range.rowHeight)}px`);
    setAttribute(this.#grid, "aria-rowcount", String(this.#rows.count));
    setAttribute(this.#grid, "aria-colcount", String(columns + 3));
    if (top?.kind === "bytes") this.#scroller.scrollTo(this.#rows.rowOf(top.address) * range.rowHeight);
    if (range.visible.end <= range.visible.first) return;
    this.#scroller.reveal(this.#rows.rowOf(this.#cursor));
  }

  #draw(): void {
    const { first, end } = this.#scroller.range.visible;
    const { areas, pages, pageSize, little, nameOf } = this.#memory;
    const free: MemoryRow[] = [];
    for (const [number, row] of this.#drawn)
      if (number < first || number >= end) {
        free.push(row);
        this.#drawn.delete(number);
      }
    const { selection } = this;
    for (let number = first; number < end; number++) {
      const line = this.#rows.line(number);
      if (line === undefined) continue;
      const row = this.#drawn.get(number) ?? free.pop() ?? this.#newRow();
      this.#drawn.set(number, row);
      const isBytes = line.kind === "bytes";
      if (isBytes) pages.touch(line.address);
      row.draw({
        line,
        row: number,
        y: this.#scroller.yOf(number),
        area: line.kind === "gap" ? undefined : areas[line.area],
        pages,
        pageSize,
        cursor: this.#cursor,
        selection,
        notes: isBytes ? notesOf(line.address, line.length, pages, little, nameOf) : [],
      });
    }
    for (const { root } of free) root.remove();
    this.#markCursor();
  }

  /** Tells a screen reader which cell is active, and what it is. */
  #markCursor(): void {
    const cell = this.#drawn.get(this.#rows.rowOf(this.#cursor))?.cellOf(this.#cursor);
    if (cell) {
      cell.id = "byte";
      setAttribute(cell, "aria-label", `${cell.textContent}, ${this.#describe(this.#cursor)}`);
    }
    setAttribute(this.#grid, "aria-activedescendant", cell?.id);
  }

  #newRow(): MemoryRow {
    const row = new MemoryRow(this.#rows.columns, this.#digits);
    this.#scroller.sheet.append(row.root);
    return row;
  }

  #describe(address: bigint): string {
    const { pages, nameOf } = this.#memory;
    const known = pages.at(address);
    const origin = known === "asked" ? "not read yet" : "error" in known ? known.error : known.origin.words;
    return [address.toString(16), nameOf(address), origin].filter((part) => part !== undefined).join(", ");
  }

  #addressOf(target: EventTarget | null): bigint | undefined {
    if (!(target instanceof Element)) return undefined;
    for (const row of this.#drawn.values()) if (row.root.contains(target)) return row.addressOf(target);
    return undefined;
  }

  #moveTo(address: bigint, extend: boolean): void {
    this.#cursor = address;
    if (!extend) this.#anchor = address;
    this.#scroller.reveal(this.#rows.rowOf(address));
    this.refresh();
    this.#events.selected(this.selection);
  }

  #onPointerDown(event: PointerEvent): void {
    const { target, ctrlKey, metaKey, button, shiftKey } = event;
    const pointer = target instanceof HTMLElement ? target.dataset["target"] : undefined;
    if (pointer !== undefined && button === 0) {
      if (ctrlKey || metaKey) this.#events.follow(BigInt(`0x${pointer}`));
      return;
    }
    const address = this.#addressOf(target);
    if (address === undefined) return;
    const { start, end } = this.selection;
    // The menu is about what is selected; a click beside it selects anew.
    if (button === 2 && (address < start || address >= end)) this.#moveTo(address, false);
    if (button !== 0) return;
    this.#moveTo(address, shiftKey);
    if (ctrlKey || metaKey) {
      this.#events.follow(undefined);
      return;
    }
    followPointer(this.#grid, event, ({ clientX, clientY }) => {
      const under = this.#addressOf(document.elementFromPoint(clientX, clientY));
      if (under !== undefined && under !== this.#cursor) this.#moveTo(under, true);
    });
  }

  /** Whether the key was ours. */
  #onKey({ key, shiftKey, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    const control = ctrlKey || metaKey;
    if (altKey || this.#memory.areas.length === 0) return false;
    if (control && key === "c") {
      this.#events.copy(this.selection);
      return true;
    }
    if (key === "Enter" && !control) {
      this.#events.follow(undefined);
      return true;
    }
    if (control && key !== "Home" && key !== "End") return false;
    const pageRows = Math.max(1, this.#scroller.range.pageRows - 1);
    const target = moveCursor(key, control, this.#cursor, this.#rows, this.#memory.areas, pageRows);
    if (target !== undefined) this.#moveTo(target, shiftKey);
    return target !== undefined;
  }
}
