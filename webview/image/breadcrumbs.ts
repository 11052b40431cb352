import { element, icon, setAttribute } from "../ui/dom.ts";
import { crumbText } from "./words.ts";

/** The way to the selected row, outer rows first; each leads there. */
export class Breadcrumbs {
  readonly root: HTMLElement;
  readonly #list = element("ol");
  readonly #go: (path: string) => void;
  #shown = "";

  constructor(name: string, go: (path: string) => void) {
    this.#go = go;
    this.root = element(
      "nav",
      { class: "breadcrumbs", attributes: { id: "breadcrumbs", "aria-label": "Path of the selected field" } },
      element("span", { class: "crumb-image", text: name }),
      this.#list,
    );
  }

  /** `paths` are those of the rows from the top down to the selected one. */
  show(paths: readonly string[]): void {
    const key = paths.join("\n");
    if (key === this.#shown) return;
    this.#shown = key;
    this.#list.replaceChildren(
      ...paths.map((path, at) => {
        const button = element("button", {
          class: "crumb",
          text: crumbText(path, paths[at - 1]),
          attributes: { type: "button", title: path },
        });
        setAttribute(button, "aria-current", at === paths.length - 1 ? "location" : undefined);
        button.addEventListener("click", () => {
          this.#go(path);
        });
        return element("li", {}, icon("chevron-right"), button);
      }),
    );
    this.#list.lastElementChild?.scrollIntoView({ block: "nearest", inline: "end" });
  }
}
