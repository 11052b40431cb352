import { element } from "../ui/dom.ts";

/** The line above the hex grid: the columns, of which the cursor's stands out. */
export class HexHead {
  readonly root = element("div", { class: "hex-head", attributes: { "aria-hidden": "true" } });

  draw(columns: number): void {
    const cells = Array.from({ length: columns }, (_, column) =>
      element("span", {
        class: column % 8 === 7 ? "b group-end" : "b",
        text: column.toString(16).toUpperCase().padStart(2, "0"),
      }),
    );
    this.root.replaceChildren(
      element("span", { class: "offset", text: "Offset" }),
      element("span", { class: "cells" }, ...cells),
      element("span", { class: "text", text: "Text" }),
    );
  }

  mark(column: number): void {
    const cells = this.root.querySelectorAll(".b");
    cells.forEach((cell, index) => cell.classList.toggle("now", index === column));
  }

  /** Follows the grid when it is scrolled sideways. */
  shift(left: number): void {
    this.root.style.transform = `translateX(${String(-left)}px)`;
  }
}
