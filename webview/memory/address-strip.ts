import { element, onceAFrame, setAttribute } from "../ui/dom.ts";
import { followPointer } from "../ui/scroller.ts";
import { AddressScale } from "./address-scale.ts";
import { areaName, areaRange } from "./area.ts";
import type { Area } from "./area.ts";
import { ORIGINS } from "./map-colours.ts";
import { sizeText } from "./words.ts";

interface StripEvents {
  goTo(address: bigint): void;
  /** The same while the pointer is dragged along: nothing that one goes back to. */
  slideTo(address: bigint): void;
  /** The name of the colour of a mapping, as in the list. */
  colourOf(area: number): string;
}

/** Pixels of the canvas that show a part of the scale. */
interface Span {
  readonly left: number;
  readonly right: number;
  /** The place of the mapping in the list; undefined for a gap. */
  readonly index: number | undefined;
}

/** Pixels at the foot that tell where the bytes come from. */
const FOOT = 4;

/**
 * The whole address space in one line above the list and the bytes: what lies where, how large, what isn't mapped, and
 * where one is. The list tells the same in words.
 */
export class AddressStrip {
  readonly root: HTMLElement;
  readonly #areas: readonly Area[];
  readonly #scale: AddressScale;
  readonly #events: StripEvents;
  readonly #canvas = element("canvas", { attributes: { "aria-hidden": "true" } });
  /** Frames what the window below shows. */
  readonly #frame = element("div", { class: "strip-window" });
  /** Has the class of a colour while its value is asked for: the style sheet knows them all. */
  readonly #probe = element("span", { class: "strip-probe" });
  #now = 0;
  #spans: { readonly width: number; readonly all: readonly Span[] } = { width: -1, all: [] };
  readonly refresh = onceAFrame(() => {
    this.#draw();
  });

  constructor(areas: readonly Area[], events: StripEvents) {
    this.#areas = areas;
    this.#scale = new AddressScale(areas);
    this.#events = events;
    this.root = element(
      "div",
      {
        class: "address-strip",
        attributes: {
          role: "slider",
          tabindex: "0",
          "aria-label": "Address space",
          "aria-valuemin": "1",
          "aria-valuemax": String(Math.max(1, areas.length)),
        },
      },
      this.#canvas,
      this.#frame,
      this.#probe,
    );
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const under = (at: PointerEvent, go: (address: bigint) => void): void => {
        const found = this.#at(at);
        if (found?.part.area !== undefined) go(found.address);
      };
      under(event, this.#events.goTo);
      followPointer(this.root, event, (to) => {
        under(to, this.#events.slideTo);
      });
    });
    this.root.addEventListener("pointermove", (event) => {
      this.root.title = this.#words(event);
    });
    this.root.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    new ResizeObserver(() => {
      const scale = window.devicePixelRatio;
      this.#canvas.width = Math.round(this.root.clientWidth * scale);
      this.#canvas.height = Math.round(this.root.clientHeight * scale);
      this.refresh();
    }).observe(this.root);
    // The theme's class is on the body.
    new MutationObserver(this.refresh).observe(document.body, { attributeFilter: ["class"] });
  }

  /** Shows where one is: the bytes in the window, and the mapping that the cursor is in. */
  follow({ start, end }: { readonly start: bigint; readonly end: bigint }, area: number | undefined): void {
    const from = this.#scale.shareOf(start);
    const to = Math.max(from, this.#scale.shareOf(end));
    this.#frame.style.left = `${String(from * 100)}%`;
    this.#frame.style.width = `${String((to - from) * 100)}%`;
    if (area === undefined) return;
    this.#now = area;
    const shown = this.#areas[area];
    setAttribute(this.root, "aria-valuenow", String(area + 1));
    setAttribute(this.root, "aria-valuetext", shown && wordsOf(shown).join(", "));
  }

  #at({ clientX }: PointerEvent): ReturnType<AddressScale["at"]> {
    const { left, width } = this.root.getBoundingClientRect();
    return this.#scale.at((clientX - left) / Math.max(1, width));
  }

  #words(event: PointerEvent): string {
    const found = this.#at(event);
    if (!found) return "";
    const { part, address } = found;
    const area = part.area === undefined ? undefined : this.#areas[part.area];
    return area
      ? [...wordsOf(area), address.toString(16)].join("\n")
      : `${sizeText(part.end - part.start)} not mapped`;
  }

  #onKey({ key, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
    if (ctrlKey || metaKey || altKey) return false;
    const last = this.#areas.length - 1;
    const targets: Readonly<Record<string, number>> = {
      ...{ ArrowLeft: this.#now - 1, ArrowDown: this.#now - 1, PageDown: this.#now - 10, Home: 0 },
      ...{ ArrowRight: this.#now + 1, ArrowUp: this.#now + 1, PageUp: this.#now + 10, End: last },
    };
    const target = targets[key];
    const area = target === undefined ? undefined : this.#areas[Math.max(0, Math.min(target, last))];
    if (area) this.#events.goTo(area.goTo);
    return area !== undefined;
  }

  /**
   * Where in so many pixels which mapping is drawn. Of very many each pixel is drawn once, and none is spent on what isn't
   * mapped; found once for a width, so that a redraw costs what is seen and not what there is.
   */
  #spansOf(width: number): readonly Span[] {
    if (this.#spans.width === width) return this.#spans.all;
    const all: Span[] = [];
    let drawn = -1;
    for (const { from, to, area: index } of this.#scale.parts) {
      const left = Math.round(from * width);
      const right = Math.round(to * width);
      if (right <= drawn || (index === undefined && right - left < 2)) continue;
      drawn = right;
      all.push({ left, right, index });
    }
    this.#spans = { width, all };
    return all;
  }

  #draw(): void {
    const pen = this.#canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.#canvas;
    const colours = new Map<string, string>();
    const colour = (name: string, variable: string): string => {
      let known = colours.get(name);
      if (known === undefined) {
        this.#probe.className = `strip-probe ${name}`;
        known = getComputedStyle(this.#probe).getPropertyValue(variable);
        colours.set(name, known);
      }
      return known;
    };
    const plain = getComputedStyle(this.root).color;
    const foot = Math.round(FOOT * window.devicePixelRatio);
    pen.clearRect(0, 0, width, height);
    for (const { left, right, index } of this.#spansOf(width)) {
      const area = index === undefined ? undefined : this.#areas[index];
      if (index === undefined || area === undefined) {
        // What isn't mapped is a thread between the blocks.
        pen.fillStyle = plain;
        pen.fillRect(left, Math.round((height - foot) / 2), right - left, Math.ceil(window.devicePixelRatio));
        continue;
      }
      // A line of the ground between neighbours, where there is room for one.
      const wide = Math.max(1, right - left - (right - left > 3 ? 1 : 0));
      const stripe = colour(`c-${this.#events.colourOf(index)}`, "--stripe");
      pen.globalAlpha = stripe === "" || stripe === "transparent" ? 0.25 : 1;
      pen.fillStyle = pen.globalAlpha < 1 ? plain : stripe;
      pen.fillRect(left, 0, wide, height - foot - 1);
      pen.globalAlpha = 1;
      let at = left;
      for (const kind of ORIGINS) {
        const share = ((area.bytes[kind] ?? 0) / Number(area.end - area.start)) * wide;
        if (share === 0) continue;
        pen.fillStyle = colour(`o-${kind}`, "--origin") || plain;
        pen.fillRect(at, height - foot, share, foot);
        at += share;
      }
    }
  }
}

const wordsOf = (area: Area): readonly string[] => [
  areaName(area),
  `${areaRange(area)} ${area.permissions}, ${sizeText(area.end - area.start)}`,
  ...area.marks,
];
