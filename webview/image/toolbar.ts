import type { ImageInfo } from "../../src/protocol/index.ts";
import { element, icon, setText } from "../ui/dom.ts";
import { sizeWords } from "./words.ts";

/** The line above the panes: what the image is, and a box to go to an offset or a field. */
export class Toolbar {
  readonly root: HTMLElement;
  readonly #facts = element("span", { class: "image-facts" });
  readonly #edits = element("span", { class: "edit-count", attributes: { id: "edit-count" } });

  constructor(info: ImageInfo, goTo: (text: string) => Promise<boolean>) {
    const doc =
      info.type?.doc ?? (info.entryCount > 0 ? "Its magic is not known: its fields are shown raw." : "");
    this.root = element(
      "header",
      { class: "toolbar" },
      element("span", { class: "image-type", text: info.type?.name ?? "Unknown image" }),
      ...(info.sealed ? [sealedBadge()] : []),
      this.#facts,
      this.#edits,
      element("span", { class: "image-doc", text: doc, attributes: { title: doc } }),
      goToBox(goTo),
    );
    this.show(info);
  }

  /** The image is another one now. */
  show({ entryCount, size, edit }: ImageInfo): void {
    const entries = entryCount === 1 ? "1 entry" : `${entryCount.toLocaleString("en")} entries`;
    const facts = entryCount > 0 ? [entries] : [];
    setText(this.#facts, [...facts, sizeWords(size)].join(" · "));
    const { changes, changeCount } = edit;
    this.#edits.hidden = changeCount === 0;
    setText(this.#edits, changeCount === 1 ? "1 edit" : `${changeCount.toLocaleString("en")} edits`);
    this.#edits.title = [...changes, ...(changeCount > changes.length ? ["…"] : [])].join("\n");
  }
}

function goToBox(goTo: (text: string) => Promise<boolean>): HTMLElement {
  const input = element("input", {
    class: "go-to",
    attributes: {
      id: "go-to",
      type: "text",
      spellcheck: "false",
      placeholder: "Go to 0x1F0 or field path",
      "aria-label": "Go to an offset (0x1F0, 496) or a field path (entries[0].tc.comm)",
    },
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || input.value.trim() === "") return;
    void goTo(input.value.trim()).then((found) => {
      input.setAttribute("aria-invalid", String(!found));
      input.title = found ? "" : "The image has no such offset or field.";
    });
  });
  input.addEventListener("input", () => {
    input.setAttribute("aria-invalid", "false");
  });
  return input;
}

function sealedBadge(): HTMLElement {
  const title = "The image is sealed; it is shown as its key opens it.";
  return element("span", { class: "badge", attributes: { title } }, icon("lock"), " sealed");
}
