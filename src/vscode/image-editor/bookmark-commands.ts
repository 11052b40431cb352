import * as vscode from "vscode";
import type { Bookmark, BookmarkColour } from "../../protocol/index.ts";
import { BOOKMARK_COLOURS, nextBookmark } from "./bookmarks.ts";
import type { Bookmarks } from "./bookmarks.ts";
import type { OpenEditor } from "./open-editor.ts";

type On = (name: string, run: (editor: OpenEditor) => Promise<unknown> | unknown) => vscode.Disposable;

/** Commands on the bookmarks of the image in front. */
export class BookmarkCommands {
  readonly #bookmarks: Bookmarks;

  constructor(bookmarks: Bookmarks) {
    this.#bookmarks = bookmarks;
  }

  register(on: On): readonly vscode.Disposable[] {
    return [
      on("toggleBookmark", (editor) => this.#toggle(editor)),
      on("editBookmark", (editor) => this.#editHere(editor)),
      on("nextBookmark", (editor) => {
        this.#goOn(editor, 1);
      }),
      on("previousBookmark", (editor) => {
        this.#goOn(editor, -1);
      }),
      on("listBookmarks", (editor) => this.#list(editor)),
    ];
  }

  async #toggle({ uri, selection }: OpenEditor): Promise<void> {
    const range = selection();
    if (!range) return;
    const image = uri.toString();
    if (this.#at(image, range.start)) await this.#bookmarks.remove(image, range.start);
    else await this.#bookmarks.set(image, { start: range.start, end: range.end, colour: "yellow", note: "" });
  }

  /** Edits the bookmark under the cursor, or makes one. */
  async #editHere({ uri, selection }: OpenEditor): Promise<void> {
    const range = selection();
    if (!range) return;
    const image = uri.toString();
    const known =
      this.#at(image, range.start) ??
      this.#bookmarks.of(image).find(({ start, end }) => start <= range.start && range.start < end);
    await editBookmark(
      this.#bookmarks,
      image,
      known ?? { start: range.start, end: range.end, colour: "yellow", note: "" },
    );
  }

  #goOn({ uri, selection, select }: OpenEditor, direction: 1 | -1): void {
    const next = nextBookmark(this.#bookmarks.of(uri.toString()), selection()?.start ?? 0, direction);
    if (next) select({ start: next.start, end: next.end });
    else void vscode.window.setStatusBarMessage("This image has no bookmarks.", 4000);
  }

  async #list({ uri, select }: OpenEditor): Promise<void> {
    const items = this.#bookmarks.of(uri.toString()).map((bookmark) => ({
      label: bookmark.note === "" ? `0x${bookmark.start.toString(16).toUpperCase()}` : bookmark.note,
      description: `0x${bookmark.start.toString(16).toUpperCase()} · ${bookmark.colour}`,
      iconPath: colourIcon(bookmark.colour),
      bookmark,
    }));
    const placeHolder = items.length > 0 ? "Go to a bookmark" : "This image has no bookmarks";
    const chosen = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
    if (chosen) select({ start: chosen.bookmark.start, end: chosen.bookmark.end });
  }

  #at(image: string, start: number): Bookmark | undefined {
    return this.#bookmarks.of(image).find((bookmark) => bookmark.start === start);
  }
}

/** Asks for note and colour, and keeps them; leaving either question leaves the bookmark as it was. */
export async function editBookmark(bookmarks: Bookmarks, image: string, bookmark: Bookmark): Promise<void> {
  const place = `0x${bookmark.start.toString(16).toUpperCase()}`;
  const note = await vscode.window.showInputBox({
    title: `Bookmark at ${place}`,
    prompt: "A note, or nothing",
    value: bookmark.note,
    ignoreFocusOut: true,
  });
  if (note === undefined) return;
  const colours = BOOKMARK_COLOURS.map((colour) => ({
    label: colour,
    iconPath: colourIcon(colour),
    ...(colour === bookmark.colour && { description: "now" }),
    colour,
  }));
  const chosen = await vscode.window.showQuickPick(colours, { title: `Colour of the bookmark at ${place}` });
  if (chosen) await bookmarks.set(image, { ...bookmark, note, colour: chosen.colour });
}

function colourIcon(colour: BookmarkColour): vscode.ThemeIcon {
  return new vscode.ThemeIcon("bookmark", new vscode.ThemeColor(`charts.${colour}`));
}
