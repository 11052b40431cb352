import { element, icon, setAttribute, setText } from "../ui/dom.ts";

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly content: HTMLElement;
}

/** Tabs under the bytes. The chosen one's content is shown until it is chosen again. */
export class Panel {
  readonly root: HTMLElement;
  readonly #tabs: readonly { readonly tab: Tab; readonly button: HTMLElement; readonly page: HTMLElement }[];
  readonly #changed: () => void;
  #open: string;

  /** `open` is the id of the open tab; "" when all are closed. */
  constructor(tabs: readonly Tab[], open: string, changed: () => void) {
    this.#changed = changed;
    this.#open = open;
    this.#tabs = tabs.map((tab) => {
      const name = `panel-${tab.id}`;
      const title = element("span", { text: tab.title });
      const button = element(
        "button",
        { class: "panel-tab", attributes: { type: "button", id: `${name}-tab`, "aria-controls": name } },
        icon("chevron-right"),
        title,
      );
      button.addEventListener("click", () => {
        this.toggle(tab.id);
      });
      const page = element(
        "div",
        { class: "panel-page", attributes: { id: name, role: "region", "aria-labelledby": `${name}-tab` } },
        tab.content,
      );
      return { tab, button, page };
    });
    const bar = element("div", { class: "panel-bar" }, ...this.#tabs.map(({ button }) => button));
    this.root = element("div", { class: "panel" }, bar, ...this.#tabs.map(({ page }) => page));
    this.#show();
  }

  get open(): string {
    return this.#open;
  }

  toggle(id: string): void {
    this.#open = this.#open === id ? "" : id;
    this.#show();
    this.#changed();
  }

  rename(id: string, title: string): void {
    const label = this.#tabs.find(({ tab }) => tab.id === id)?.button.lastElementChild;
    if (label) setText(label, title);
  }

  #show(): void {
    for (const { tab, button, page } of this.#tabs) {
      const isOpen = tab.id === this.#open;
      page.hidden = !isOpen;
      setAttribute(button, "aria-expanded", String(isOpen));
      const mark = button.firstElementChild;
      if (mark) mark.className = `codicon codicon-chevron-${isOpen ? "down" : "right"}`;
    }
  }
}
