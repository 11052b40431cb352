import type { ByteKind, ByteRange, ImageRow } from "../../src/protocol/index.ts";
import { element, setText } from "../ui/dom.ts";
import { rangeWords, sizeWords } from "./words.ts";

/** The lines under the panes: where the selection is, what it holds and what that means. */
export class StatusLine {
  readonly root: HTMLElement;
  readonly #path = element("span", { class: "path", attributes: { id: "status-path" } });
  readonly #range = element("span", { class: "range", attributes: { id: "status-range" } });
  readonly #type = element("span", { class: "type" });
  readonly #value = element("span", { class: "value", attributes: { id: "status-value" } });
  readonly #doc = element("span", { class: "doc" });

  /** What a screen reader says of it, which reads the selected row or byte by itself: where that is on the other side. */
  readonly #said = element("div", {
    class: "visually-hidden",
    attributes: { id: "said", role: "status", "aria-live": "polite" },
  });
  #saying = 0;

  constructor() {
    const attributes = { id: "status", role: "group", "aria-label": "Selection" };
    this.root = element(
      "footer",
      { class: "status", attributes },
      element("div", {}, this.#path, this.#type, this.#range),
      element("div", {}, this.#value, this.#doc),
      this.#said,
    );
  }

  /** Shows the selected row, and the selected bytes where they are not the row's own, with what they are. */
  show(
    row: ImageRow | undefined,
    bytes: (ByteRange & { readonly kind?: ByteKind | undefined }) | undefined,
  ): void {
    const range = bytes ?? row?.span;
    const kind = bytes?.kind === undefined ? "" : `${bytes.kind} · `;
    setText(this.#path, row?.path ?? (range ? "no field" : ""));
    setText(this.#type, row?.type ?? "");
    setText(this.#range, range ? `${kind}${rangeWords(range)} · ${sizeWords(range.end - range.start)}` : "");
    setText(this.#value, row?.value ?? "");
    setText(this.#doc, row?.problem?.message ?? row?.doc ?? "");
    this.#value.title = row?.value ?? "";
    this.#doc.title = this.#doc.textContent;
    this.#sayLater(range ? `${row?.path ?? "No field"}, ${this.#range.textContent}` : "");
  }

  /** A word for the person that isn't about the selection: "Copied 12 bytes". */
  say(text: string): void {
    setText(this.#doc, text);
    this.#sayLater(text);
  }

  /** Moving on quickly says only where it ended. */
  #sayLater(text: string): void {
    clearTimeout(this.#saying);
    this.#saying = window.setTimeout(() => {
      setText(this.#said, text);
    }, 300);
  }
}
