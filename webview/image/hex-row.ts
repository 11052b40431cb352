import type { ByteRange } from "../../src/protocol/index.ts";
import { element, setAttribute, setText } from "../ui/dom.ts";
import { markNames, marksLook } from "./hex-marks.ts";
import type { Mark } from "./hex-marks.ts";
import type { HexPages } from "./hex-pages.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/** What a row is drawn from. */
interface RowView {
  /** Offset of the row's first byte. */
  readonly start: number;
  /** Pixels from the top of the window. */
  readonly y: number;
  readonly size: number;
  readonly pages: HexPages;
  readonly cursor: number;
  readonly selection: ByteRange;
  readonly field: MarkedField | undefined;
  readonly marks: readonly Mark[];
}

/** The selected tree row's bytes. */
export interface MarkedField {
  readonly span: ByteRange;
  readonly valueSpan: ByteRange;
  /** It has no rows below it. */
  readonly isLeaf: boolean;
}

/** One line of the hex grid. It is made once and drawn again with other bytes. */
export class HexRow {
  readonly root: HTMLElement;
  readonly #digits: number;
  readonly #offset: HTMLElement;
  readonly #cells: readonly HTMLElement[];
  readonly #text: readonly HTMLElement[];
  #start = 0;
  #drawn = "";

  constructor(columns: number, digits: number) {
    this.#digits = digits;
    this.#offset = element("span", { class: "offset", attributes: { role: "rowheader" } });
    this.#cells = Array.from({ length: columns }, (_, column) =>
      element("span", { attributes: { role: "gridcell", "aria-colindex": String(column + 2) } }),
    );
    this.#text = Array.from({ length: columns }, () => element("span"));
    this.root = element(
      "div",
      { class: "line", attributes: { role: "row" } },
      this.#offset,
      element("span", { class: "cells", attributes: { role: "presentation" } }, ...this.#cells),
      // The same bytes a second time; a screen reader has them from the cells.
      element("span", { class: "text", attributes: { "aria-hidden": "true" } }, ...this.#text),
    );
  }

  /** Draws the row; only its place when nothing else has changed, which is what scrolling is. */
  draw(view: RowView): void {
    const columns = this.#cells.length;
    this.root.style.transform = `translateY(${String(view.y)}px)`;
    const look = lookOf(view, columns);
    if (look === this.#drawn) return;
    this.#drawn = look;
    this.#start = view.start;
    this.root.dataset["start"] = String(view.start);
    setAttribute(this.root, "aria-rowindex", String(view.start / columns + 2));
    setText(this.#offset, view.start.toString(16).toUpperCase().padStart(this.#digits, "0"));
    for (const [column, cell] of this.#cells.entries()) {
      const text = this.#text[column];
      if (text) drawByte(cell, text, view.start + column, column, view);
    }
  }

  /** The cell of a byte that the row shows. */
  cellOf(offset: number): HTMLElement | undefined {
    return this.#cells[offset - this.#start];
  }
}

/** The byte that an element of a row shows, in hex or as text. */
export function byteOf(target: EventTarget | null): number | undefined {
  if (!(target instanceof HTMLElement)) return undefined;
  const { offset } = target.dataset;
  if (offset !== undefined) return Number(offset);
  if (!target.classList.contains("c") || target.classList.contains("none")) return undefined;
  const start = Number(target.closest<HTMLElement>(".line")?.dataset["start"]);
  return start + Array.prototype.indexOf.call(target.parentElement?.children, target);
}

function drawByte(cell: HTMLElement, text: HTMLElement, offset: number, column: number, view: RowView): void {
  const group = column % 8 === 7 ? " group-end" : "";
  // Of the cursor and of the mouse that was over it.
  for (const name of ["id", "aria-label", "title"]) if (cell.hasAttribute(name)) cell.removeAttribute(name);
  if (text.title !== "") text.removeAttribute("title");
  if (offset >= view.size) {
    for (const blank of [cell, text]) setText(blank, " ");
    setClass(cell, `b none${group}`);
    setClass(text, "c none");
    cell.removeAttribute("data-offset");
    cell.removeAttribute("aria-selected");
    return;
  }
  const byte = view.pages.at(offset);
  const marks = marksOf(offset, view);
  const known = byte !== "asked" && !("error" in byte) ? byte : undefined;
  const edited = known?.edited ? " edited" : "";
  const kind = known
    ? `k-${known.kind}${known.starts ? " first" : ""}${edited}`
    : byte === "asked"
      ? "asked"
      : "bad";
  const printable = known && known.value >= 0x20 && known.value < 0x7f;
  cell.dataset["offset"] = String(offset);
  setText(cell, known ? (HEX[known.value] ?? "") : byte === "asked" ? "··" : "!!");
  setText(text, printable ? String.fromCharCode(known.value) : known ? "." : " ");
  setClass(cell, `b ${kind}${marks}${group}`);
  setClass(text, `c${marks}${edited}${printable ? "" : " dim"}`);
  setAttribute(cell, "aria-selected", inside(offset, view.selection) ? "true" : undefined);
}

/** Everything the row's look depends on, but for its place. */
function lookOf(
  { start, size, pages, cursor, selection, field, marks: extra }: RowView,
  columns: number,
): string {
  const part = ({ start: from, end }: ByteRange): string =>
    `${String(Math.max(from - start, 0))}-${String(Math.min(end - start, columns))}`;
  const touches = (range: ByteRange | undefined): range is ByteRange =>
    range !== undefined && range.start < start + columns && range.end > start;
  const column = cursor >= start && cursor < start + columns ? cursor - start : -1;
  const marks = [touches(selection) ? part(selection) : "", column];
  if (field && touches(field.span)) marks.push(part(field.span), part(field.valueSpan), String(field.isLeaf));
  if (extra.length > 0) marks.push(marksLook(extra, start));
  const last = Math.min(start + columns, size) - 1;
  return [start, size, pages.stampOf(start), pages.stampOf(last), ...marks].join(" ");
}

function marksOf(offset: number, { cursor, selection, field, marks: extra }: RowView): string {
  let marks = extra.length > 0 ? markNames(offset, extra) : "";
  if (field && inside(offset, field.span)) {
    marks += field.isLeaf ? " field leaf" : " field";
    if (inside(offset, field.valueSpan)) marks += " value";
  }
  if (selection.end - selection.start > 1 && inside(offset, selection)) marks += " selected";
  if (offset === cursor) marks += " cursor";
  return marks;
}

function setClass(cell: HTMLElement, name: string): void {
  if (cell.className !== name) cell.className = name;
}

function inside(offset: number, { start, end }: ByteRange): boolean {
  return offset >= start && offset < end;
}
