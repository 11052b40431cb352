import type { Bookmark } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { button } from "./search-bar.ts";
import { hex, sizeWords } from "./words.ts";

interface BookmarkEvents {
  goTo(bookmark: Bookmark): void;
  edit(bookmark: Bookmark): void;
  remove(bookmark: Bookmark): void;
}

/** The bookmarks of the image as a list: where, how long, what was noted. */
export class BookmarkList {
  readonly root: HTMLElement;
  readonly #events: BookmarkEvents;

  constructor(events: BookmarkEvents) {
    this.#events = events;
    this.root = element("div", { class: "bookmarks" });
    this.show([]);
  }

  show(bookmarks: readonly Bookmark[]): void {
    if (bookmarks.length === 0) {
      const text = "No bookmarks yet. Select bytes, then choose Toggle Bookmark in their context menu.";
      this.root.replaceChildren(element("p", { class: "empty", text }));
      return;
    }
    const items = bookmarks.map((bookmark) => this.#item(bookmark));
    this.root.replaceChildren(
      element("ul", { attributes: { id: "bookmarks", "aria-label": "Bookmarks" } }, ...items),
    );
  }

  #item(bookmark: Bookmark): HTMLElement {
    const { start, end, colour, note } = bookmark;
    const place = element(
      "button",
      { class: "bookmark-place", attributes: { type: "button" } },
      element("span", {
        class: `codicon codicon-bookmark mark-${colour}`,
        attributes: { "aria-hidden": "true" },
      }),
      element("span", { class: "bookmark-offset", text: hex(start) }),
      element("span", { class: "bookmark-size", text: sizeWords(end - start) }),
      element("span", { class: "bookmark-note", text: note }),
    );
    place.setAttribute(
      "aria-label",
      `${hex(start)}, ${sizeWords(end - start)}, ${colour}${note === "" ? "" : `: ${note}`}`,
    );
    const edit = button("edit", `Edit the bookmark at ${hex(start)}`);
    const remove = button("trash", `Remove the bookmark at ${hex(start)}`);
    place.addEventListener("click", () => {
      this.#events.goTo(bookmark);
    });
    edit.addEventListener("click", () => {
      this.#events.edit(bookmark);
    });
    remove.addEventListener("click", () => {
      this.#events.remove(bookmark);
    });
    return element("li", {}, place, edit, remove);
  }
}

/** The word on the panel's tab. */
export function bookmarksTitle(count: number): string {
  return count === 0 ? "Bookmarks" : `Bookmarks (${String(count)})`;
}
