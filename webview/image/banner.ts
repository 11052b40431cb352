import type { ImageInfo, ImageProblem } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";
import { hex } from "./words.ts";

interface BannerEvents {
  goTo(offset: number): void;
  editCopy(): void;
  /** Read the file again. */
  reload(): void;
}

/** Lines that are shown; more of them would hide the image. */
const MOST = 50;

/** What is to be known of the image before one works on it: that it is read-only, what is wrong, what CRIU would refuse. */
export class Banner {
  readonly root = element("div", { attributes: { id: "banner" } });
  readonly #events: BannerEvents;
  #shown = "";

  constructor(events: BannerEvents) {
    this.#events = events;
  }

  show({ problems, size, edit }: ImageInfo): void {
    // An edit that changes nothing of it must not be announced again.
    const shown = JSON.stringify([problems, edit.readOnly, edit.problems, edit.stale]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.root.replaceChildren(...this.#notes(edit), ...this.#problems("problems", problems, size));
    this.root.append(...this.#problems("edit-problems", edit.problems, size));
  }

  #notes({ readOnly, copyHelps, stale }: ImageInfo["edit"]): readonly HTMLElement[] {
    const notes: HTMLElement[] = [];
    if (readOnly !== undefined) {
      const buttons = copyHelps ? [link("Edit a Copy…", this.#events.editCopy)] : [];
      notes.push(note("read-only", "lock", readOnly, "status", ...buttons));
    }
    if (stale !== undefined)
      notes.push(note("stale", "warning", stale, "alert", link("Read It Again", this.#events.reload)));
    return notes;
  }

  #problems(id: string, problems: readonly ImageProblem[], size: number): readonly HTMLElement[] {
    if (problems.length === 0) return [];
    const isError = problems.some(({ severity }) => severity === "error");
    const items = problems.slice(0, MOST).map(({ code, severity, message, offset }) => {
      const item = element("li", { attributes: { title: code } }, icon(severity), " ", message, " ");
      if (offset !== undefined && offset < size)
        item.append(
          link(`Show ${hex(offset)}`, () => {
            this.#events.goTo(offset);
          }),
        );
      return item;
    });
    const rest = problems.length - items.length;
    if (rest > 0) items.push(element("li", { text: `and ${String(rest)} more` }));
    const attributes = { role: "alert", id };
    const name = `banner ${isError ? "error" : "warning"}`;
    return [element("div", { class: name, attributes }, element("ul", {}, ...items))];
  }
}

function note(id: string, name: string, text: string, role: string, ...buttons: HTMLElement[]): HTMLElement {
  const kind = id === "stale" ? "warning" : "info";
  return element(
    "div",
    { class: `banner ${kind}`, attributes: { role, id } },
    icon(name),
    " ",
    text,
    " ",
    ...buttons,
  );
}

function link(text: string, run: () => void): HTMLElement {
  const made = element("button", { class: "link", text, attributes: { type: "button" } });
  made.addEventListener("click", run);
  return made;
}
