import { element, setAttribute } from "./dom.ts";
import { followPointer } from "./scroller.ts";

/** Below this width the panes lie one above the other. */
const STACK_BELOW = 640;
const STEP = 0.02;

/**
 * Two panes with a border between them that mouse and arrow keys move. In a narrow editor they are stacked.
 * `share` is the first pane's part, from 0.15 to 0.85.
 */
export class Splitter {
  readonly root: HTMLElement;
  readonly #bar: HTMLElement;
  #share: number;
  readonly #changed: (share: number) => void;

  constructor(first: HTMLElement, second: HTMLElement, share: number, changed: (share: number) => void) {
    this.#changed = changed;
    this.#bar = element("div", {
      class: "split-bar",
      attributes: { role: "separator", tabindex: "0", "aria-label": "Border between fields and bytes" },
    });
    this.root = element("div", { class: "split" }, first, this.#bar, second);
    this.#share = share;
    this.#bar.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      followPointer(this.#bar, event, ({ clientX, clientY }) => {
        const { left, top, width, height } = this.root.getBoundingClientRect();
        this.share = this.#stacked ? (clientY - top) / height : (clientX - left) / width;
      });
    });
    this.#bar.addEventListener("dblclick", () => {
      this.share = 0.42;
    });
    this.#bar.addEventListener("keydown", (event) => {
      const [less, more] = this.#stacked ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
      if (event.key === less) this.share -= STEP;
      else if (event.key === more) this.share += STEP;
      else return;
      event.preventDefault();
    });
    new ResizeObserver(() => {
      this.#place();
    }).observe(this.root);
    this.#place();
  }

  get share(): number {
    return this.#share;
  }

  set share(value: number) {
    this.#share = Math.max(0.15, Math.min(0.85, value));
    this.#place();
    this.#changed(this.#share);
  }

  get #stacked(): boolean {
    return this.root.clientWidth > 0 && this.root.clientWidth < STACK_BELOW;
  }

  #place(): void {
    this.root.classList.toggle("stacked", this.#stacked);
    this.root.style.setProperty("--share", `${String(this.#share * 100)}%`);
    setAttribute(this.#bar, "aria-orientation", this.#stacked ? "horizontal" : "vertical");
    setAttribute(this.#bar, "aria-valuenow", String(Math.round(this.#share * 100)));
  }
}
