import { element, icon } from "../ui/dom.ts";
import { areaName } from "./area.ts";
import type { Area } from "./area.ts";
import type { ByteSelection } from "./memory-grid.ts";
import { sizeText } from "./words.ts";

/** Where the cursor is: process, mapping, part of it, byte. */
export class Breadcrumbs {
  readonly root: HTMLElement;
  readonly #list = element("ol");
  readonly #process: string;
  readonly #chosen: (address: bigint) => void;

  constructor(process: string, chosen: (address: bigint) => void) {
    this.#process = process;
    this.#chosen = chosen;
    this.root = element(
      "nav",
      { class: "breadcrumbs", attributes: { "aria-label": "Where the cursor is" } },
      this.#list,
    );
  }

  show({ start, end }: ByteSelection, area: Area | undefined): void {
    const crumbs: HTMLElement[] = [element("li", { text: this.#process })];
    if (area) {
      const link = element("button", {
        class: "crumb",
        text: areaName(area),
        attributes: { type: "button" },
      });
      link.addEventListener("click", () => {
        this.#chosen(area.start);
      });
      crumbs.push(element("li", {}, icon("chevron-right"), link));
      const inFile =
        area.kind === "file" ? `, file offset 0x${(area.offset + start - area.start).toString(16)}` : "";
      const place = `${area.permissions} +0x${(start - area.start).toString(16)}${inFile}`;
      crumbs.push(element("li", {}, icon("chevron-right"), place));
    }
    const length = end - start;
    const bytes = length > 1n ? ` (${length < 1024n ? `${String(length)} bytes` : sizeText(length)})` : "";
    crumbs.push(
      element(
        "li",
        { attributes: { "aria-current": "location" } },
        icon("chevron-right"),
        `0x${start.toString(16)}${bytes}`,
      ),
    );
    this.#list.replaceChildren(...crumbs);
  }
}
