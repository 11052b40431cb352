import { element, setAttribute } from "../ui/dom.ts";
import { Scroller } from "../ui/scroller.ts";
import { areaName, areaRange } from "./area.ts";
import type { Area } from "./area.ts";
import { COLOURS, ENTROPIES, ORIGINS } from "./map-colours.ts";
import type { ColourBy } from "./map-colours.ts";
import { shortName, sizeText } from "./words.ts";

const ROW_HEIGHT = 42;
/** What is said of code that was dumped. */
const CODE: Readonly<Record<Area["code"], string | undefined>> = {
  own: undefined,
  copied: "code dumped",
  modified: "code modified",
};

/** Mappings whose entropy is asked for at once. */
const ASKED_AT_ONCE = 64;

/** Of so many mappings the entropy is asked for though they aren't seen, for the strip of the address space. */
const MAX_MEASURED = 4096;

interface MapEvents {
  chosen(area: number): void;
  /** Asks for the entropy of areas by their place in the list. */
  askEntropy(areas: readonly number[]): Promise<readonly (number | null)[]>;
  /** The colours are others now, or more of them are known. */
  coloured(): void;
}

/** The mappings beside the bytes: what lies where, how large, and how much of it is in the checkpoint. */
export class MapList {
  readonly root: HTMLElement;
  readonly #list: HTMLElement;
  readonly #scroller: Scroller;
  readonly #areas: readonly Area[];
  readonly #events: MapEvents;
  readonly #drawn = new Map<number, HTMLElement>();
  readonly #colour: HTMLSelectElement;
  readonly #entropies = new Map<number, number | null>();
  #isAsking = false;
  #now = 0;

  constructor(areas: readonly Area[], events: MapEvents) {
    this.#areas = areas;
    this.#events = events;
    this.#list = element("div", {
      class: "map-list",
      attributes: { role: "listbox", tabindex: "0", id: "map", "aria-label": "Mappings" },
    });
    this.#colour = element(
      "select",
      { class: "field-box", attributes: { "aria-label": "Colour of the mappings" } },
      ...Object.keys(COLOURS).map((name) => element("option", { text: name })),
    );
    this.#colour.addEventListener("change", () => {
      for (const row of this.#drawn.values()) row.remove();
      this.#drawn.clear();
      this.#scroller.refresh();
      events.coloured();
    });
    const body = element("div", { class: "map-body" });
    const total = areas.reduce((sum, { start, end }) => sum + (end - start), 0n);
    this.root = element(
      "div",
      { class: "pane map" },
      element(
        "div",
        { class: "map-head" },
        element("span", { text: `${String(areas.length)} mappings, ${sizeText(total)}` }),
        this.#colour,
      ),
      body,
    );
    this.#scroller = new Scroller(
      body,
      this.#list,
      () => {
        this.#draw();
      },
      () => undefined,
    );
    this.#scroller.range.rowHeight = ROW_HEIGHT;
    this.#scroller.range.rowCount = areas.length;
    this.#list.addEventListener("click", ({ target }) => {
      for (const [index, row] of this.#drawn)
        if (target instanceof Node && row.contains(target)) this.#choose(index, true);
    });
    this.#list.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
  }

  /** Marks the mapping that the cursor is in. */
  show(area: number | undefined): void {
    if (area !== undefined && area !== this.#now) this.#choose(area, false);
  }

  focus(): void {
    this.#list.focus();
  }

  /** The name of the colour of a mapping, as the choice above the list has it. */
  colourOf(index: number): string {
    const area = this.#areas[index];
    // The choices of the box are the table's keys.
    const by = this.#colour.value as ColourBy;
    return area === undefined ? "none" : COLOURS[by](area, this.#entropies.get(index));
  }

  #choose(area: number, tell: boolean): void {
    this.#now = Math.max(0, Math.min(area, this.#areas.length - 1));
    this.#scroller.reveal(this.#now);
    this.#scroller.refresh();
    if (tell) this.#events.chosen(this.#now);
  }

  #onKey({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const page = this.#scroller.range.pageRows;
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -this.#areas.length,
      End: this.#areas.length,
      Enter: 0,
      " ": 0,
    };
    const step = steps[key];
    if (step === undefined) return false;
    this.#choose(this.#now + step, true);
    return true;
  }

  #draw(): void {
    const { first, end } = this.#scroller.range.visible;
    for (const [index, row] of this.#drawn)
      if (index < first || index >= end) {
        row.remove();
        this.#drawn.delete(index);
      }
    for (let index = first; index < end; index++) {
      const area = this.#areas[index];
      if (area === undefined) continue;
      let row = this.#drawn.get(index);
      if (row === undefined) {
        row = this.#newRow(area, index);
        this.#drawn.set(index, row);
        this.#scroller.sheet.append(row);
      }
      row.style.transform = `translateY(${String(this.#scroller.yOf(index))}px)`;
      setAttribute(row, "aria-selected", String(index === this.#now));
    }
    setAttribute(this.#list, "aria-activedescendant", this.#drawn.get(this.#now)?.id);
    void this.#measure();
  }

  /** Asks for the entropy of what is seen, a part at a time, when it is what the colours tell. */
  async #measure(): Promise<void> {
    if (this.#colour.value !== "Entropy" || this.#isAsking) return;
    const isWanted = (index: number): boolean => !this.#entropies.has(index);
    const seen = [...this.#drawn.keys()].filter(isWanted);
    // What is seen comes first.
    const wanted = seen.length > 0 ? seen : this.#unseen().filter(isWanted);
    const asked = wanted.slice(0, ASKED_AT_ONCE);
    if (asked.length === 0) return;
    this.#isAsking = true;
    const answers = await this.#events.askEntropy(asked).catch(() => []);
    this.#isAsking = false;
    asked.forEach((index, place) => {
      this.#entropies.set(index, answers[place] ?? null);
      this.#drawn.get(index)?.remove();
      this.#drawn.delete(index);
    });
    this.#scroller.refresh();
    this.#events.coloured();
  }

  #unseen(): readonly number[] {
    return Array.from({ length: Math.min(this.#areas.length, MAX_MEASURED) }, (_, index) => index);
  }

  #newRow(area: Area, index: number): HTMLElement {
    const size = area.end - area.start;
    const parts = ORIGINS.flatMap((kind) => {
      const bytes = area.bytes[kind] ?? 0;
      return bytes === 0 ? [] : [{ kind, bytes, share: (bytes / Number(size)) * 100 }];
    });
    const bar = element("span", { class: "bar", attributes: { "aria-hidden": "true" } });
    for (const { kind, share } of parts) {
      const part = element("span", { class: `part o-${kind}` });
      part.style.width = `${String(share)}%`;
      bar.append(part);
    }
    const name = shortName(area.name, area.kind);
    const code = CODE[area.code];
    const notes = [...area.marks, ...(code === undefined ? [] : [code])];
    const residency = parts.map(({ kind, bytes }) => `${sizeText(bytes)} ${kind}`).join(", ");
    // The choices of the box are the table's keys.
    const by = this.#colour.value as ColourBy;
    const entropy = this.#entropies.get(index);
    const colour = this.colourOf(index);
    const measured = by === "Entropy" ? entropyText(entropy) : undefined;
    const row = element(
      "div",
      {
        class: `mapping c-${colour}`,
        attributes: {
          role: "option",
          id: `mapping-${String(index)}`,
          "aria-label": [
            name,
            area.permissions,
            area.kind,
            sizeText(size),
            ...notes,
            ...(measured === undefined ? [] : [measured]),
            `from ${area.start.toString(16)}`,
            residency,
          ].join(", "),
          "aria-setsize": String(this.#areas.length),
          "aria-posinset": String(index + 1),
          title: [
            areaName(area),
            areaRange(area),
            ...notes,
            ...(measured === undefined ? [] : [measured]),
            residency,
          ].join("\n"),
        },
      },
      element(
        "span",
        { class: "mapping-name" },
        element("span", { class: "label", text: name }),
        ...(code === undefined ? [] : [element("span", { class: "badge warn", text: code })]),
        ...area.marks.slice(0, 2).map((mark) => element("span", { class: "badge", text: mark })),
      ),
      element("span", {
        class: "mapping-size",
        text:
          by === "Entropy" && typeof entropy === "number"
            ? `${entropy.toFixed(1)} bit/B · ${sizeText(size)}`
            : sizeText(size),
      }),
      element("span", { class: "mapping-place", text: `${area.start.toString(16)} ${area.permissions}` }),
      bar,
    );
    return row;
  }
}

/** The entropy in words; undefined while it isn't known. */
function entropyText(entropy: number | null | undefined): string | undefined {
  if (entropy === undefined) return undefined;
  if (entropy === null) return "zero, or not in the checkpoint";
  const words = ENTROPIES.find(({ from }) => entropy >= from)?.words ?? "";
  return `${entropy.toFixed(1)} bits a byte: ${words}`;
}
