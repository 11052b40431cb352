import type { ByteRange, EntropyPart, Texture } from "../../src/protocol/index.ts";
import { element, onceAFrame, setAttribute } from "../ui/dom.ts";
import { followPointer } from "../ui/scroller.ts";
import { hex } from "./words.ts";

/** What each texture tells, and the theme's colour for it. */
export const TEXTURES: Readonly<Record<Texture, { readonly words: string; readonly colour: string }>> = {
  constant: { words: "one value, or nearly", colour: "--vscode-disabledForeground" },
  sparse: { words: "sparse: tables, pointers, zeros between", colour: "--vscode-charts-blue" },
  mixed: { words: "mixed: text, code, structures", colour: "--vscode-charts-green" },
  dense: { words: "dense: packed data", colour: "--vscode-charts-orange" },
  random: { words: "compressed, encrypted or random", colour: "--vscode-charts-red" },
};

interface StripEvents {
  goTo(offset: number): void;
  /** The person wants the strip's parts for a height in pixels. */
  wanted(parts: number): Promise<readonly EntropyPart[]>;
  loaded(parts: readonly EntropyPart[]): void;
}

/** A mark beside the entropy, as in an overview ruler. */
export interface StripMark extends ByteRange {
  /** A variable of the theme. */
  readonly colour: string;
}

/**
 * The entropy of the whole image from top to bottom, beside the scroll bar. The longer a line, the higher the entropy:
 * colours only repeat it.
 */
export class EntropyStrip {
  readonly root: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  /** Frames the part that the hex window shows. Moving it is cheap, painting the strip anew in each frame isn't. */
  readonly #frame = element("div", { class: "entropy-window" });
  readonly #events: StripEvents;
  #size: number;
  #parts: readonly EntropyPart[] = [];
  #marks: readonly StripMark[] = [];
  #window: ByteRange = { start: 0, end: 0 };
  #cursor = -1;
  /** Pixels of the page. */
  #height = 0;
  #asked = 0;
  #timer = 0;
  readonly refresh = onceAFrame(() => {
    this.#draw();
  });

  constructor(size: number, events: StripEvents) {
    this.#events = events;
    this.#size = size;
    this.#canvas = element("canvas", { attributes: { "aria-hidden": "true" } });
    this.root = element(
      "div",
      {
        class: "entropy",
        attributes: {
          id: "entropy",
          role: "slider",
          tabindex: "0",
          "aria-label": "Entropy along the image",
          "aria-orientation": "vertical",
          "aria-valuemin": "0",
          "aria-valuemax": String(Math.max(0, size - 1)),
        },
      },
      this.#canvas,
      this.#frame,
    );
    this.root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      const go = ({ clientY }: PointerEvent): void => {
        this.#events.goTo(this.#offsetAt(clientY));
      };
      go(event);
      followPointer(this.root, event, go);
    });
    this.root.addEventListener("pointermove", ({ clientY }) => {
      this.root.title = this.#words(this.#offsetAt(clientY));
    });
    this.root.addEventListener("keydown", (event) => {
      if (this.#onKey(event.key)) event.preventDefault();
    });
    new ResizeObserver(() => {
      this.#fit();
    }).observe(this.root);
    // The theme's class is on the body.
    new MutationObserver(this.refresh).observe(document.body, { attributeFilter: ["class"] });
  }

  /** The image is another one now. */
  changed(size: number): void {
    this.#size = size;
    setAttribute(this.root, "aria-valuemax", String(Math.max(0, size - 1)));
    this.#asked = 0;
    this.#fit();
  }

  show(marks: readonly StripMark[]): void {
    this.#marks = marks;
    this.refresh();
  }

  /** The bytes in the hex window and the cursor: the strip shows where one is. */
  follow(window: ByteRange, cursor: number): void {
    if (window.start === this.#window.start && window.end === this.#window.end && cursor === this.#cursor)
      return;
    this.#window = window;
    this.#placeFrame();
    if (cursor === this.#cursor) return;
    this.#cursor = cursor;
    setAttribute(this.root, "aria-valuenow", String(cursor));
    setAttribute(this.root, "aria-valuetext", this.#words(cursor).replace("\n", ", "));
  }

  #placeFrame(): void {
    const scale = this.#height / Math.max(1, this.#size);
    const { start, end } = this.#window;
    this.#frame.style.transform = `translateY(${String(start * scale)}px)`;
    this.#frame.style.height = `${String(Math.max(3, (end - start) * scale))}px`;
  }

  #fit(): void {
    const { clientWidth, clientHeight } = this.root;
    if (clientHeight === 0) return;
    this.#height = clientHeight;
    this.#placeFrame();
    const scale = window.devicePixelRatio;
    this.#canvas.width = Math.round(clientWidth * scale);
    this.#canvas.height = Math.round(clientHeight * scale);
    this.refresh();
    clearTimeout(this.#timer);
    // Two pixels a part; dragging a border passes many heights. The first rows and bytes come first.
    const parts = Math.max(1, Math.min(1024, Math.ceil(clientHeight / 2)));
    this.#timer = window.setTimeout(() => void this.#load(parts), 300);
  }

  async #load(parts: number): Promise<void> {
    if (parts === this.#asked || this.#size === 0) return;
    this.#asked = parts;
    try {
      const loaded = await this.#events.wanted(parts);
      if (parts !== this.#asked) return;
      this.#parts = loaded;
      this.#events.loaded(loaded);
      this.refresh();
    } catch {
      // What can't be read is told by the bytes themselves.
      this.#asked = 0;
    }
  }

  #draw(): void {
    const pen = this.#canvas.getContext("2d");
    if (!pen) return;
    const { width, height } = this.#canvas;
    const theme = getComputedStyle(document.body);
    const y = (offset: number): number => (offset / Math.max(1, this.#size)) * height;
    const colours = new Map(
      Object.values(TEXTURES).map(({ colour }) => [colour, theme.getPropertyValue(colour)]),
    );
    pen.clearRect(0, 0, width, height);
    for (const { start, end, entropy, texture } of this.#parts) {
      pen.fillStyle = colours.get(TEXTURES[texture].colour) || theme.color;
      pen.fillRect(0, y(start), Math.max(1, (entropy / 8) * width), Math.max(1, y(end) - y(start)));
    }
    for (const { start, end, colour } of this.#marks) {
      pen.fillStyle = theme.getPropertyValue(colour) || theme.color;
      pen.fillRect(width / 2, y(start), width / 2, Math.max(2, y(end) - y(start)));
    }
  }

  #offsetAt(clientY: number): number {
    const { top, height } = this.root.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientY - top) / Math.max(1, height)));
    return Math.max(0, Math.min(this.#size - 1, Math.floor(share * this.#size)));
  }

  #partAt(offset: number): number {
    const size = (this.#parts[0]?.end ?? 1) - (this.#parts[0]?.start ?? 0);
    return Math.min(this.#parts.length - 1, Math.floor(offset / size));
  }

  #words(offset: number): string {
    const part = this.#parts[this.#partAt(offset)];
    if (!part) return hex(offset);
    return `${hex(offset)}\n${part.entropy.toFixed(2)} bits per byte: ${TEXTURES[part.texture].words}`;
  }

  #onKey(key: string): boolean {
    const now = this.#partAt(Math.max(0, this.#cursor));
    const last = this.#parts.length - 1;
    const targets: Readonly<Record<string, number>> = {
      ArrowUp: now - 1,
      ArrowDown: now + 1,
      PageUp: now - 16,
      PageDown: now + 16,
      Home: 0,
      End: last,
    };
    const target = targets[key];
    const part = target === undefined ? undefined : this.#parts[Math.max(0, Math.min(target, last))];
    if (part) this.#events.goTo(part.start);
    return part !== undefined;
  }
}
