import { element } from "../ui/dom.ts";

/** The line above the hex grid: the columns, of which the cursor's stands out. */
export class HexHead {
  readonly root = element("div", { class: "hex-head", attributes: { "aria-hidden": "true" } });
  /** The same as the first row of the grid, for screen readers. */
  readonly names = element("div", {
    class: "visually-hidden",
    attributes: { role: "row", "aria-rowindex": "1" },
  });
  #cells: readonly HTMLElement[] = [];
  #marked = -1;

  draw(columns: number): void {
    const nameOf = (column: number): string => column.toString(16).toUpperCase().padStart(2, "0");
    const cells = Array.from({ length: columns }, (_, column) =>
      element("span", { class: column % 8 === 7 ? "b group-end" : "b", text: nameOf(column) }),
    );
    this.#cells = cells;
    this.#marked = -1;
    const names = ["Offset", ...cells.map((_, column) => nameOf(column))].map((text, at) =>
      element("span", { text, attributes: { role: "columnheader", "aria-colindex": String(at + 1) } }),
    );
    this.names.replaceChildren(...names);
    this.root.replaceChildren(
      element("span", { class: "offset", text: "Offset" }),
      element("span", { class: "cells" }, ...cells),
      element("span", { class: "text", text: "Text" }),
    );
  }

  mark(column: number): void {
    if (column === this.#marked) return;
    this.#cells[this.#marked]?.classList.remove("now");
    this.#cells[column]?.classList.add("now");
    this.#marked = column;
  }

  /** Follows the grid when it is scrolled sideways. */
  shift(left: number): void {
    this.root.style.transform = `translateX(${String(-left)}px)`;
  }
}
