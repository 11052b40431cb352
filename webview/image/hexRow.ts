import type { ByteRange } from "../../src/protocol/index.ts";
import { element, setAttribute, setText } from "../ui/dom.ts";
import type { HexPages } from "./hexPages.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/** What a row is drawn from. */
interface RowView {
  /** Offset of the row's first byte. */
  readonly start: number;
  /** Pixels from the top of the window. */
  readonly y: number;
  readonly size: number;
  readonly at: HexPages["at"];
  readonly cursor: number;
  readonly selection: ByteRange;
  readonly field: { readonly span: ByteRange; readonly valueSpan: ByteRange } | undefined;
}

/** One line of the hex grid. It is made once and drawn again with other bytes. */
export class HexRow {
  readonly root: HTMLElement;
  readonly #digits: number;
  readonly #offset: HTMLElement;
  readonly #cells: readonly HTMLElement[];
  readonly #text: readonly HTMLElement[];
  #start = 0;

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

  draw(view: RowView): void {
    const columns = this.#cells.length;
    this.#start = view.start;
    this.root.style.transform = `translateY(${String(view.y)}px)`;
    setAttribute(this.root, "aria-rowindex", String(view.start / columns + 1));
    setText(this.#offset, view.start.toString(16).toUpperCase().padStart(this.#digits, "0"));
    for (const [column, cell] of this.#cells.entries()) {
      const offset = view.start + column;
      const text = this.#text[column];
      if (text) this.#drawByte(cell, text, offset, column, view);
    }
  }

  /** The cell of a byte that the row shows. */
  cellOf(offset: number): HTMLElement | undefined {
    return this.#cells[offset - this.#start];
  }

  #drawByte(cell: HTMLElement, text: HTMLElement, offset: number, column: number, view: RowView): void {
    const group = column % 8 === 7 ? " group-end" : "";
    if (offset >= view.size) {
      blank(cell, `b none${group}`);
      blank(text, "c none");
      return;
    }
    const byte = view.at(offset);
    const marks = marksOf(offset, view);
    const known = byte !== "asked" && !("error" in byte) ? byte : undefined;
    const kind = known
      ? `k-${known.kind}${known.starts ? " first" : ""}`
      : byte === "asked"
        ? "asked"
        : "bad";
    const printable = known && known.value >= 0x20 && known.value < 0x7f;
    cell.id = `b${String(offset)}`;
    cell.dataset["offset"] = text.dataset["text"] = String(offset);
    setText(cell, known ? (HEX[known.value] ?? "") : byte === "asked" ? "··" : "!!");
    setText(text, printable ? String.fromCharCode(known.value) : known ? "." : " ");
    setClass(cell, `b ${kind}${marks}${group}`);
    setClass(text, `c ${kind}${marks}${printable ? "" : " dim"}`);
    setAttribute(cell, "aria-selected", String(inside(offset, view.selection)));
    cell.removeAttribute("aria-label");
    cell.removeAttribute("title");
  }
}

function marksOf(offset: number, { cursor, selection, field }: RowView): string {
  let marks = "";
  if (field && inside(offset, field.span))
    marks += inside(offset, field.valueSpan) ? " field value" : " field";
  if (selection.end - selection.start > 1 && inside(offset, selection)) marks += " selected";
  if (offset === cursor) marks += " cursor";
  return marks;
}

function blank(cell: HTMLElement, name: string): void {
  setClass(cell, name);
  setText(cell, " ");
  for (const attribute of ["data-offset", "data-text", "id", "title", "aria-label", "aria-selected"])
    cell.removeAttribute(attribute);
}

function setClass(cell: HTMLElement, name: string): void {
  if (cell.className !== name) cell.className = name;
}

function inside(offset: number, { start, end }: ByteRange): boolean {
  return offset >= start && offset < end;
}
