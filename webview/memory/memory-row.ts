import { element, setAttribute, setText } from "../ui/dom.ts";
import { areaName, areaRange } from "./area.ts";
import type { Area } from "./area.ts";
import type { Known, MemoryPages } from "./memory-pages.ts";
import type { Note } from "./notes.ts";
import { lineClass, originLook } from "./origin-look.ts";
import type { MemoryLine } from "./row-map.ts";
import { addressText, sizeText } from "./words.ts";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/** What a line is drawn from. */
export interface LineView {
  readonly line: MemoryLine;
  readonly row: number;
  /** Pixels from the top of the sheet. */
  readonly y: number;
  readonly area: Area | undefined;
  readonly pages: MemoryPages;
  readonly pageSize: number;
  readonly cursor: bigint;
  readonly selection: { readonly start: bigint; readonly end: bigint };
  readonly notes: readonly Note[];
}

/** One line of the editor. It is made once and drawn again as another one. */
export class MemoryRow {
  readonly root: HTMLElement;
  readonly #digits: number;
  readonly #origin = element("span", {
    class: "origin",
    attributes: { role: "gridcell", "aria-colindex": "1" },
  });
  readonly #address = element("span", { class: "address", attributes: { role: "rowheader" } });
  readonly #cells: readonly HTMLElement[];
  readonly #text: readonly HTMLElement[];
  readonly #notes = element("span", { class: "notes", attributes: { role: "gridcell" } });
  readonly #words = element("span", { class: "words", attributes: { role: "gridcell" } });
  readonly #bytes: readonly HTMLElement[];
  #drawn = "";
  #start = 0n;

  constructor(columns: number, digits: number) {
    this.#digits = digits;
    this.#cells = Array.from({ length: columns }, (_, column) =>
      element("span", { attributes: { role: "gridcell", "aria-colindex": String(column + 3) } }),
    );
    this.#text = Array.from({ length: columns }, () => element("span"));
    this.#bytes = [
      element("span", { class: "cells", attributes: { role: "presentation" } }, ...this.#cells),
      // The same bytes a second time; a screen reader has them from the cells.
      element("span", { class: "text", attributes: { "aria-hidden": "true" } }, ...this.#text),
      this.#notes,
    ];
    this.root = element(
      "div",
      { class: "line", attributes: { role: "row" } },
      this.#origin,
      this.#address,
      this.#words,
      ...this.#bytes,
    );
  }

  draw(view: LineView): void {
    const { line, row, y } = view;
    this.root.style.transform = `translateY(${String(y)}px)`;
    const look = lookOf(view);
    if (look === this.#drawn) return;
    this.#drawn = look;
    setAttribute(this.root, "aria-rowindex", String(row + 1));
    for (const part of this.#bytes) part.hidden = line.kind !== "bytes";
    this.#words.hidden = line.kind === "bytes";
    this.#address.hidden = line.kind !== "bytes";
    if (line.kind === "bytes") this.#drawBytes(view, line);
    else this.#drawWords(view, line);
  }

  /** The cell of a byte that the line shows. */
  cellOf(address: bigint): HTMLElement | undefined {
    const column = address - this.#start;
    return column >= 0n && column < BigInt(this.#cells.length) ? this.#cells[Number(column)] : undefined;
  }

  /** The byte that an element of the line shows. */
  addressOf(target: Element): bigint | undefined {
    for (const parts of [this.#cells, this.#text]) {
      const index = parts.findIndex((each) => each === target);
      if (index >= 0)
        return parts[index]?.classList.contains("none") ? undefined : this.#start + BigInt(index);
    }
    return undefined;
  }

  #drawWords({ area, line }: LineView, { kind }: MemoryLine): void {
    this.#start = -1n;
    this.root.className = `line ${kind}`;
    setText(this.#origin, "");
    this.#origin.className = "origin";
    if (line.kind === "gap") {
      setText(this.#words, `⋯ ${sizeText(line.to - line.from)} not mapped`);
      this.#words.title = `From ${line.from.toString(16)} to ${line.to.toString(16)}`;
    } else if (area) {
      const size = sizeText(area.end - area.start);
      setText(
        this.#words,
        [areaRange(area), area.permissions, areaName(area), size, ...area.marks].join("  "),
      );
      this.#words.title = "";
    }
  }

  #drawBytes(view: LineView, { address, length }: MemoryLine & { readonly kind: "bytes" }): void {
    const { pages, area, notes } = view;
    this.#start = address;
    this.root.className = lineClass(address, view.pageSize);
    setText(this.#address, addressText(address, this.#digits));
    const first = pages.at(address);
    this.#drawOrigin(first, area);
    for (const [column, cell] of this.#cells.entries()) {
      const text = this.#text[column];
      if (text) drawByte(cell, text, column, column < length ? address + BigInt(column) : undefined, view);
    }
    this.#notes.replaceChildren(
      ...notes.map((note) =>
        note.kind === "string"
          ? element("span", { class: "note string", text: note.text })
          : element("span", {
              class: "note pointer",
              text: note.text,
              attributes: { "data-target": note.target.toString(16), title: "Ctrl+Click or F12 to follow" },
            }),
      ),
    );
  }

  #drawOrigin(first: Known, area: Area | undefined): void {
    const { letter, classes, words } = originLook(first, area);
    setText(this.#origin, letter);
    this.#origin.className = classes;
    this.#origin.title = words;
    setAttribute(this.#origin, "aria-label", words === "" ? "not read yet" : words);
  }
}

function drawByte(
  cell: HTMLElement,
  text: HTMLElement,
  column: number,
  address: bigint | undefined,
  { pages, cursor, selection }: LineView,
): void {
  const group = column % 8 === 7 ? " group-end" : "";
  cell.removeAttribute("id");
  cell.removeAttribute("aria-label");
  cell.removeAttribute("title");
  text.removeAttribute("title");
  if (address === undefined) {
    for (const each of [cell, text]) setText(each, " ");
    cell.className = `b none${group}`;
    text.className = "c none";
    return;
  }
  const byte = pages.at(address);
  const known = byte !== "asked" && !("error" in byte) ? byte : undefined;
  const isThere = known !== undefined && known.origin.kind !== "unavailable";
  const isPrintable = isThere && known.value >= 0x20 && known.value < 0x7f;
  const isSelected = address >= selection.start && address < selection.end;
  const marks =
    (isSelected && selection.end - selection.start > 1n ? " selected" : "") +
    (address === cursor ? " cursor" : "");
  const state = known === undefined ? (byte === "asked" ? "asked" : "bad") : isThere ? "" : "missing";
  const isZero = isThere && known.value === 0 ? " zero" : "";
  setText(cell, isThere ? (HEX[known.value] ?? "") : state === "bad" ? "!!" : "··");
  setText(text, isPrintable ? String.fromCharCode(known.value) : isThere ? "." : " ");
  cell.className = `b ${state}${isZero}${marks}${group}`;
  text.className = `c${marks}${isPrintable ? "" : " dim"}`;
  setAttribute(cell, "aria-selected", isSelected ? "true" : undefined);
}

/** Everything that a line's look depends on, but for its place. */
function lookOf({ line, row, pages, cursor, selection, notes }: LineView): string {
  if (line.kind !== "bytes") return `${line.kind} ${String(row)}`;
  const { address, length } = line;
  const end = address + BigInt(length);
  const from = selection.start > address ? selection.start : address;
  const to = selection.end < end ? selection.end : end;
  const marks = from < to ? `${from.toString(36)}-${to.toString(36)}` : "";
  const at = cursor >= address && cursor < end ? cursor.toString(36) : "";
  const isOne = selection.end - selection.start === 1n;
  return [address, pages.version, marks, at, isOne, notes.length].join(" ");
}
