import type { FilterPart } from "../../src/protocol/index.ts";
import { element, icon, setText } from "../ui/dom.ts";
import { FilteredRows, MOST_FITTING } from "./filter-model.ts";

/** A key typed within this time starts no search of its own. */
const PAUSE_MS = 150;

interface FilterEvents {
  /** Asks the host for the rows that fit, from top row `from` on. */
  ask(query: string, from: number, limit: number): Promise<FilterPart>;
  /** There are other rows to show; undefined for all of them. */
  changed(rows: FilteredRows | undefined): void;
  /** The person goes on to the rows. */
  leave(): void;
  expandAll(): void;
  collapseAll(): void;
}

/** The line above the tree: a box to filter it, and buttons to open and close all of it. */
export class FilterBar {
  readonly root: HTMLElement;
  readonly #events: FilterEvents;
  readonly #input = element("input", {
    class: "filter-text",
    attributes: {
      id: "filter",
      type: "text",
      spellcheck: "false",
      placeholder: "Filter by name, value or path",
      "aria-label": "Filter fields by name, value or path",
      "aria-describedby": "filter-count",
    },
  });
  readonly #note = element("span", {
    class: "filter-note",
    attributes: { id: "filter-count", role: "status" },
  });
  #timer = 0;
  #run = 0;

  constructor(events: FilterEvents) {
    this.#events = events;
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.#search(), PAUSE_MS);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#input.value !== "") this.clear();
      else if (event.key === "ArrowDown" || event.key === "Enter" || event.key === "Escape") events.leave();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.root = element(
      "div",
      { class: "tree-tools", attributes: { role: "toolbar", "aria-label": "Fields" } },
      this.#input,
      this.#note,
      toolButton("Clear filter", "clear-all", () => {
        this.clear();
      }),
      toolButton("Expand all fields", "expand-all", () => {
        events.expandAll();
      }),
      toolButton("Collapse all fields", "collapse-all", () => {
        events.collapseAll();
      }),
    );
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  /** Looks again: the image is another one now. */
  again(): void {
    clearTimeout(this.#timer);
    void this.#search();
  }

  /** Shows all rows again. */
  clear(): void {
    this.#input.value = "";
    clearTimeout(this.#timer);
    void this.#search();
  }

  /** Asks part by part, so that a long search shows what it has and ends when another begins. */
  async #search(): Promise<void> {
    const run = ++this.#run;
    const query = this.#input.value.trim();
    if (query === "") {
      setText(this.#note, "");
      this.#events.changed(undefined);
      return;
    }
    const rows = new FilteredRows();
    let from: number | undefined = 0;
    while (from !== undefined && rows.count < MOST_FITTING) {
      const part: FilterPart = await this.#events.ask(query, from, MOST_FITTING - rows.count);
      if (run !== this.#run) return;
      rows.add(part);
      from = part.next;
      if (part.count > 0 || from === undefined) this.#events.changed(rows);
      setText(this.#note, `${countWords(rows.count)} …`);
    }
    this.#events.changed(rows);
    setText(
      this.#note,
      rows.count >= MOST_FITTING ? `first ${String(MOST_FITTING)}` : countWords(rows.count),
    );
  }
}

function countWords(count: number): string {
  return count === 0 ? "no match" : count === 1 ? "1 match" : `${count.toLocaleString("en")} matches`;
}

function toolButton(title: string, name: string, run: () => void): HTMLElement {
  const button = element(
    "button",
    { class: "tool", attributes: { type: "button", title, "aria-label": title } },
    icon(name),
  );
  button.addEventListener("click", run);
  return button;
}
