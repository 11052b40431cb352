import type { Memento } from "vscode";
import type { Bookmark, BookmarkColour } from "../../protocol/index.ts";
import { imageEditorErrors } from "./errors.ts";

export const BOOKMARK_COLOURS: readonly BookmarkColour[] = [
  "yellow",
  "red",
  "orange",
  "green",
  "blue",
  "purple",
];

const KEY = "cryoscope.bookmarks";
/** Bookmarks of one image, and images that have some: what is kept must stay small. */
const MAX_BOOKMARKS = 1000;
const MAX_IMAGES = 1000;
const MAX_NOTE = 4096;

type Kept = Readonly<Record<string, readonly Bookmark[]>>;

/** The bookmarks of all images of a workspace, by the image's URI. They last as long as the workspace's state. */
export class Bookmarks {
  readonly #state: Memento;
  readonly #changed: (image: string) => void;

  constructor(state: Memento, changed: (image: string) => void) {
    this.#state = state;
    this.#changed = changed;
  }

  /** In the order of their bytes; no two begin at the same one. */
  of(image: string): readonly Bookmark[] {
    const found: unknown = this.#all()[image];
    return Array.isArray(found) ? found.filter(isBookmark) : [];
  }

  /** Adds a bookmark, or changes the one that begins there. */
  async set(image: string, bookmark: Bookmark): Promise<void> {
    const others = this.of(image).filter(({ start }) => start !== bookmark.start);
    if (others.length >= MAX_BOOKMARKS) throw imageEditorErrors.tooManyBookmarks(MAX_BOOKMARKS);
    const note = bookmark.note.slice(0, MAX_NOTE);
    await this.#keep(
      image,
      [...others, { ...bookmark, note }].sort((a, b) => a.start - b.start),
    );
  }

  async remove(image: string, start: number): Promise<void> {
    await this.#keep(
      image,
      this.of(image).filter((bookmark) => bookmark.start !== start),
    );
  }

  async #keep(image: string, bookmarks: readonly Bookmark[]): Promise<void> {
    const others = Object.entries(this.#all()).filter(([uri]) => uri !== image);
    const kept = bookmarks.length > 0 ? [...others, [image, bookmarks] as const] : others;
    await this.#state.update(KEY, Object.fromEntries(kept.slice(-MAX_IMAGES)));
    this.#changed(image);
  }

  #all(): Kept {
    return this.#state.get<Kept>(KEY, {});
  }
}

/** The state is a file that others can write. */
function isBookmark(value: unknown): value is Bookmark {
  if (typeof value !== "object" || value === null) return false;
  const { start, end, colour, note } = value as Partial<Record<keyof Bookmark, unknown>>;
  return (
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    typeof note === "string" &&
    BOOKMARK_COLOURS.some((known) => known === colour)
  );
}

/** The bookmark after (or before) an offset, going round at the end. */
export function nextBookmark(
  bookmarks: readonly Bookmark[],
  offset: number,
  direction: 1 | -1,
): Bookmark | undefined {
  return direction > 0
    ? (bookmarks.find(({ start }) => start > offset) ?? bookmarks[0])
    : (bookmarks.findLast(({ start }) => start < offset) ?? bookmarks.at(-1));
}
