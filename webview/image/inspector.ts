import type { ByteRange } from "../../src/protocol/index.ts";
import { element, setAttribute, setText } from "../ui/dom.ts";
import { inspect } from "./inspector-values.ts";
import type { Reading } from "./inspector-values.ts";
import { hex } from "./words.ts";

interface InspectorEvents {
  /** The person wants to see which bytes a value takes. */
  select(range: ByteRange): void;
  copy(text: string): void;
  changed(): void;
}

/** What the bytes at the cursor are as numbers, times, addresses and text. */
export class Inspector {
  readonly root: HTMLElement;
  readonly #list: HTMLElement;
  readonly #order: HTMLSelectElement;
  readonly #place: HTMLElement;
  readonly #events: InspectorEvents;
  readonly #rows: { readonly root: HTMLElement; readonly value: HTMLElement; readonly size: HTMLElement }[] =
    [];
  #readings: readonly Reading[] = [];
  #offset = 0;
  #bytes = new Uint8Array(0);
  #now = 0;

  constructor(little: boolean, events: InspectorEvents) {
    this.#events = events;
    this.#list = element("div", {
      class: "readings",
      attributes: {
        role: "listbox",
        tabindex: "0",
        id: "inspector",
        "aria-label": "The bytes at the cursor as values",
      },
    });
    this.#order = element(
      "select",
      { class: "field-box", attributes: { id: "byte-order", "aria-label": "Byte order" } },
      element("option", { text: "Little-endian" }),
      element("option", { text: "Big-endian" }),
    );
    this.#order.selectedIndex = little ? 0 : 1;
    this.#place = element("span", { class: "place" });
    const head = element("div", { class: "panel-tools" }, this.#place, this.#order);
    this.root = element("div", { class: "inspector" }, head, this.#list);
    this.#order.addEventListener("change", () => {
      this.show(this.#offset, this.#bytes);
      events.changed();
    });
    this.#list.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    this.#list.addEventListener("click", ({ target }) => {
      const index = this.#rows.findIndex(({ root }) => target instanceof Node && root.contains(target));
      if (index < 0) return;
      this.#choose(index);
      this.#selectBytes();
    });
  }

  get little(): boolean {
    return this.#order.selectedIndex === 0;
  }

  /** Shows the bytes from `offset` on. */
  show(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#offset = offset;
    this.#bytes = bytes;
    this.#readings = inspect(bytes, this.little);
    setText(this.#place, `At ${hex(offset)} (${offset.toLocaleString("en")})`);
    for (const [index, reading] of this.#readings.entries()) {
      const row = this.#rows[index] ?? this.#addRow(reading.name);
      const { value, length } = reading;
      const size = value === undefined ? "" : `${String(length)} B`;
      setText(row.value, value ?? "—");
      setText(row.size, size);
      row.value.title = value ?? "Too few bytes, or not valid";
      const words =
        value === undefined
          ? "not valid here"
          : `${value}, ${String(length)} ${length === 1 ? "byte" : "bytes"}`;
      setAttribute(row.root, "aria-label", `${reading.name}: ${words}`);
      row.root.classList.toggle("none", value === undefined);
    }
    this.#choose(this.#now);
  }

  #addRow(name: string): { root: HTMLElement; value: HTMLElement; size: HTMLElement } {
    const value = element("span", { class: "reading-value" });
    const size = element("span", { class: "reading-size" });
    const root = element(
      "div",
      {
        class: "reading",
        attributes: { role: "option", id: `reading-${String(this.#rows.length)}`, "data-reading": name },
      },
      element("span", { class: "reading-name", text: name }),
      value,
      size,
    );
    const row = { root, value, size };
    this.#rows.push(row);
    this.#list.append(root);
    return row;
  }

  #choose(index: number): void {
    this.#now = Math.max(0, Math.min(index, this.#rows.length - 1));
    for (const [at, { root }] of this.#rows.entries())
      setAttribute(root, "aria-selected", String(at === this.#now));
    setAttribute(this.#list, "aria-activedescendant", this.#rows[this.#now]?.root.id);
  }

  #selectBytes(): void {
    const length = this.#readings[this.#now]?.length ?? 0;
    if (length > 0) this.#events.select({ start: this.#offset, end: this.#offset + length });
  }

  #onKey({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if ((ctrlKey || metaKey) && key === "c") {
      this.#events.copy(this.#readings[this.#now]?.value ?? "");
      return true;
    }
    if (ctrlKey || metaKey) return false;
    if (key === "Enter" || key === " ") {
      this.#selectBytes();
      return true;
    }
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowLeft: -1,
      ArrowDown: 1,
      ArrowRight: 1,
      Home: -this.#rows.length,
      End: this.#rows.length,
    };
    const step = steps[key];
    if (step === undefined) return false;
    this.#choose(this.#now + step);
    this.#rows[this.#now]?.root.scrollIntoView({ block: "nearest" });
    return true;
  }
}
