import { inspect, INSPECTED } from "../image/inspector-values.ts";
import { element, setAttribute, setText } from "../ui/dom.ts";
import type { MemoryPages } from "./memory-pages.ts";
import { textAt } from "./notes.ts";
import type { NameOf } from "./notes.ts";

/** Readings of the image editor that make sense in memory; numbers of protobuf don't. */
const SHOWN: ReadonlySet<string> = new Set([
  ...["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"],
  ...["time_t 64", "timespec", "IPv4", "UTF-8 text", "UTF-16 text"],
]);
const POINTED = 48;

interface InspectorEvents {
  follow(target: bigint): void;
}

/** What the bytes at the cursor are as numbers, times and text, and what they point to. */
export class MemoryInspector {
  readonly root: HTMLElement;
  readonly #list = element("dl", {
    class: "readings",
    attributes: { "aria-label": "The bytes at the cursor" },
  });
  readonly #pointer = element("button", { class: "link", attributes: { type: "button" } });
  readonly #pointed = element("span", { class: "pointed" });
  readonly #values = new Map<string, { readonly row: HTMLElement; readonly value: HTMLElement }>();
  readonly #pages: MemoryPages;
  readonly #nameOf: NameOf;
  readonly #little: boolean;
  #target: bigint | undefined;

  constructor(pages: MemoryPages, nameOf: NameOf, little: boolean, events: InspectorEvents) {
    this.#pages = pages;
    this.#nameOf = nameOf;
    this.#little = little;
    this.#pointer.addEventListener("click", () => {
      if (this.#target !== undefined) events.follow(this.#target);
    });
    const pointer = element(
      "div",
      { class: "reading pointer-reading" },
      element("dt", { text: "pointer" }),
      element("dd", {}, this.#pointer, this.#pointed),
    );
    this.#list.append(pointer);
    this.root = element(
      "section",
      { class: "inspector", attributes: { "aria-label": "Data inspector" } },
      this.#list,
    );
  }

  /** What the eight bytes at an address point to; undefined when they are no pointer into this memory. */
  async pointerAt(address: bigint): Promise<bigint | undefined> {
    // At the end of the address space there is nothing to read.
    const bytes = await this.#pages.read(address, 8).catch(() => new Uint8Array(0));
    return this.#pointerIn(bytes);
  }

  #pointerIn(bytes: Uint8Array<ArrayBuffer>): bigint | undefined {
    if (bytes.length < 8) return undefined;
    const target = new DataView(bytes.buffer).getBigUint64(0, this.#little);
    return this.#nameOf(target) === undefined ? undefined : target;
  }

  show(address: bigint): void {
    this.#showPointer(address);
    for (const { name, value } of inspect(this.#pages.known(address, INSPECTED), this.#little)) {
      if (!SHOWN.has(name)) continue;
      const line = this.#values.get(name) ?? this.#add(name);
      setText(line.value, value ?? "—");
      line.row.classList.toggle("none", value === undefined);
      setAttribute(line.value, "title", value);
    }
  }

  #showPointer(address: bigint): void {
    const target = this.#pointerIn(this.#pages.known(address, 8));
    if (target === this.#target && target !== undefined) return;
    this.#target = target;
    const name = target === undefined ? undefined : this.#nameOf(target);
    this.#pointer.hidden = target === undefined;
    setText(this.#pointer, target === undefined ? "" : `0x${target.toString(16)} → ${name ?? ""}`);
    setText(this.#pointed, target === undefined ? "points nowhere" : "");
    if (target === undefined) return;
    void this.#pages
      .read(target, POINTED)
      .then((bytes) => {
        if (target !== this.#target) return;
        const text = textAt(bytes);
        if (text.length >= 4) setText(this.#pointed, ` "${text}"`);
      })
      // At the end of the address space there is nothing to read.
      .catch(() => undefined);
  }

  #add(name: string): { readonly row: HTMLElement; readonly value: HTMLElement } {
    const value = element("dd");
    const row = element(
      "div",
      { class: "reading", attributes: { "data-reading": name } },
      element("dt", { text: name }),
      value,
    );
    const line = { row, value };
    this.#values.set(name, line);
    this.#list.append(row);
    return line;
  }
}
