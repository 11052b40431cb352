import type { ByteQuery } from "../../src/protocol/index.ts";
import { element, icon, setText } from "../ui/dom.ts";
import type { Search } from "./search-model.ts";
import { sizeWords } from "./words.ts";

interface SearchEvents {
  /** Look for something else, or for nothing. */
  search(query: ByteQuery | undefined): void;
  step(direction: 1 | -1): void;
  stop(): void;
  /** The bar was closed. */
  closed(): void;
}

type Mode = "utf-8" | "utf-16le" | "utf-16be" | "hex" | "regex";

const MODES: readonly { readonly mode: Mode; readonly title: string; readonly hint: string }[] = [
  { mode: "utf-8", title: "Text", hint: "Text in UTF-8" },
  { mode: "utf-16le", title: "UTF-16 LE", hint: "Text in UTF-16, little-endian" },
  { mode: "utf-16be", title: "UTF-16 BE", hint: "Text in UTF-16, big-endian" },
  { mode: "hex", title: "Hex", hint: "de ad ?? e? (? is any digit)" },
  { mode: "regex", title: "Regex", hint: "[\\x00-\\x08]+ (a character is a byte)" },
];

/** Typing in a gigabyte starts a search only when the person pauses. */
const PAUSE_MS = 250;

/** The search box over the bytes. */
export class SearchBar {
  readonly root: HTMLElement;
  readonly #events: SearchEvents;
  readonly #input: HTMLInputElement;
  readonly #mode: HTMLSelectElement;
  readonly #case: HTMLButtonElement;
  readonly #count: HTMLElement;
  readonly #stop: HTMLButtonElement;
  #typing = 0;
  #last = "";

  constructor(events: SearchEvents) {
    this.#events = events;
    this.#input = element("input", {
      class: "field-box",
      attributes: { id: "search", type: "text", spellcheck: "false", "aria-label": "Find bytes" },
    });
    this.#mode = element(
      "select",
      { class: "field-box", attributes: { id: "search-mode", "aria-label": "What to look for" } },
      ...MODES.map(({ mode, title }) => element("option", { text: title, attributes: { value: mode } })),
    );
    this.#case = button("case-sensitive", "Match case");
    this.#case.setAttribute("aria-pressed", "false");
    this.#count = element("span", {
      class: "search-count",
      attributes: { id: "search-count", role: "status" },
    });
    this.#stop = button("debug-stop", "Stop searching");
    this.#stop.hidden = true;
    const previous = button("arrow-up", "Previous match (Shift+Enter)");
    const next = button("arrow-down", "Next match (Enter)");
    const close = button("close", "Close (Escape)");
    this.root = element(
      "div",
      { class: "search-bar", attributes: { role: "search", "aria-label": "Find in the bytes" } },
      this.#mode,
      this.#input,
      this.#case,
      this.#count,
      this.#stop,
      previous,
      next,
      close,
    );
    this.root.hidden = true;
    this.#input.addEventListener("input", () => {
      this.#searchSoon();
    });
    this.#mode.addEventListener("change", () => {
      this.#hint();
      this.#searchNow();
    });
    this.#case.addEventListener("click", () => {
      this.#case.setAttribute("aria-pressed", String(!this.#matchCase));
      this.#searchNow();
    });
    this.root.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    previous.addEventListener("click", () => {
      this.step(-1);
    });
    next.addEventListener("click", () => {
      this.step(1);
    });
    this.#stop.addEventListener("click", () => {
      events.stop();
    });
    close.addEventListener("click", () => {
      this.close();
    });
    this.#hint();
  }

  /** Shows the box with the caret in it; looks for `query` when one is given. */
  open(query?: ByteQuery): void {
    this.root.hidden = false;
    if (query) this.#fill(query);
    this.#input.focus();
    this.#input.select();
    if (query) this.#searchNow();
  }

  close(): void {
    this.root.hidden = true;
    this.#last = "";
    clearTimeout(this.#typing);
    this.#events.search(undefined);
    this.#events.closed();
  }

  /** What was found is no longer so: the next step looks again. */
  forget(): void {
    this.#last = "";
    this.show(undefined, undefined);
  }

  /** Goes to another match; opens the box when there is nothing to look for yet. */
  step(direction: 1 | -1): void {
    if (this.#input.value === "") this.open();
    else if (!this.#searchNow()) this.#events.step(direction);
  }

  /** Shows how far a search is; `now` is the number of the selected match, from 0. */
  show(search: Search | undefined, now: number | undefined): void {
    const error = search?.error;
    this.#input.setAttribute("aria-invalid", String(error !== undefined));
    this.#input.title = error ?? "";
    this.#stop.hidden = search?.isRunning !== true;
    setText(this.#count, search ? (error ?? countWords(search, now)) : "");
    this.#count.title = error ?? "";
    this.#count.classList.toggle("bad", error !== undefined);
  }

  get #matchCase(): boolean {
    return this.#case.getAttribute("aria-pressed") === "true";
  }

  #query(): ByteQuery | undefined {
    const text = this.#input.value;
    if (text === "") return undefined;
    const mode = MODES[this.#mode.selectedIndex]?.mode ?? "utf-8";
    if (mode === "hex") return { kind: "hex", text };
    if (mode === "regex") return { kind: "regex", text, matchCase: this.#matchCase };
    return { kind: "text", text, encoding: mode, matchCase: this.#matchCase };
  }

  #fill(query: ByteQuery): void {
    this.#input.value = query.text;
    const wanted = query.kind === "text" ? query.encoding : query.kind;
    this.#mode.selectedIndex = MODES.findIndex(({ mode }) => mode === wanted);
    if (query.kind !== "hex") this.#case.setAttribute("aria-pressed", String(query.matchCase));
    this.#hint();
  }

  #hint(): void {
    const chosen = MODES[this.#mode.selectedIndex];
    this.#input.placeholder = chosen?.hint ?? "";
    this.#case.disabled = chosen?.mode === "hex";
  }

  #searchSoon(): void {
    clearTimeout(this.#typing);
    this.#typing = window.setTimeout(() => this.#searchNow(), PAUSE_MS);
  }

  /** Starts a search unless it is the same as the last one. */
  #searchNow(): boolean {
    clearTimeout(this.#typing);
    const query = this.#query();
    const text = JSON.stringify(query ?? "");
    if (text === this.#last) return false;
    this.#last = text;
    this.#events.search(query);
    return true;
  }

  #onKey({ key, shiftKey, target }: KeyboardEvent): boolean {
    if (key === "Escape") {
      if (this.#stop.hidden) this.close();
      else this.#events.stop();
      return true;
    }
    if (key !== "Enter" || target !== this.#input) return false;
    this.step(shiftKey ? -1 : 1);
    return true;
  }
}

/** `3 of 12`, `12 so far, 40 % of 1 GiB searched`, `No results`. */
function countWords(search: Search, now: number | undefined): string {
  const { count, end, size, isDone, isRunning } = search;
  const found = count.toLocaleString("en");
  const place = now === undefined ? "" : `${(now + 1).toLocaleString("en")} of `;
  if (isDone) return count === 0 ? "No results" : `${place}${found}`;
  const done = `${String(Math.floor((end / size) * 100))} % of ${sizeWords(size)}`;
  return `${place}${found}${isRunning ? ` · ${done}` : `+ · stopped at ${done}`}`;
}

/** A small button with an icon. */
export function button(name: string, title: string): HTMLButtonElement {
  return element(
    "button",
    { class: "tool", attributes: { type: "button", title, "aria-label": title } },
    icon(name),
  );
}
