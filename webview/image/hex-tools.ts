import type { Bookmark, ByteRange, EntropyPart, HexAction, ImageRpc } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import type { Host } from "../ui/rpc.ts";
import { BookmarkList, bookmarksTitle } from "./bookmarks.ts";
import { entropyList } from "./entropy-list.ts";
import { EntropyStrip } from "./entropy-strip.ts";
import type { StripMark } from "./entropy-strip.ts";
import type { Mark } from "./hex-marks.ts";
import type { HexPages } from "./hex-pages.ts";
import type { HexView } from "./hex-view.ts";
import { Inspector } from "./inspector.ts";
import { INSPECTED } from "./inspector-values.ts";
import { Panel } from "./panel.ts";
import { button, SearchBar } from "./search-bar.ts";
import { Search } from "./search-model.ts";

/** What the tools keep over a reload. */
export interface ToolsState {
  /** Id of the open tab under the bytes; "" when none is. */
  readonly panel: string;
  readonly little: boolean;
  readonly entropy: boolean;
}

export const FIRST_TOOLS: ToolsState = { panel: "inspector", little: true, entropy: true };

interface ToolsEvents {
  /** Bytes were chosen: select them, and their field in the tree. */
  reveal(range: ByteRange): void;
  copy(text: string): void;
  /** The state to keep has changed. */
  changed(): void;
}

/** More ticks beside the scroll bar than it has pixels. */
const MOST_TICKS = 2000;

/** The tools around the bytes: search, inspector, bookmarks, entropy. Wires them to the grid and to the host. */
export class HexTools {
  readonly #host: Host<ImageRpc>;
  readonly #hex: HexView;
  readonly #pages: HexPages;
  #size: number;
  readonly #events: ToolsEvents;
  readonly #bar: SearchBar;
  readonly #inspector: Inspector;
  readonly #list: BookmarkList;
  readonly #strip: EntropyStrip;
  readonly #panel: Panel;
  readonly #regions = element("div", { class: "bookmarks" });
  #search: Search | undefined;
  /** The first match at or after this offset is selected as soon as it is known. */
  #wanted: number | undefined;
  #bookmarks: readonly Bookmark[] = [];
  #seen = "";
  #inspected = "";

  constructor(
    host: Host<ImageRpc>,
    hex: HexView,
    pages: HexPages,
    size: number,
    state: ToolsState,
    events: ToolsEvents,
  ) {
    this.#host = host;
    this.#hex = hex;
    this.#pages = pages;
    this.#size = size;
    this.#events = events;
    this.#bar = new SearchBar({
      search: (query) => {
        this.#search?.stop();
        this.#search = query && new Search(query, this.#size, this.#ask, this.#searched);
        this.#wanted = query && hex.selection.start;
        void this.#search?.run();
        this.#showMarks();
      },
      step: (direction) => {
        this.#step(direction);
      },
      stop: () => this.#search?.stop(),
      closed: () => {
        hex.focus();
      },
    });
    this.#inspector = new Inspector(state.little, {
      select: (range) => {
        hex.select(range);
        events.reveal(range);
      },
      copy: events.copy,
      changed: events.changed,
    });
    this.#list = new BookmarkList({
      goTo: events.reveal,
      edit: ({ start }) => {
        host.tell("bookmark", { do: "edit", start });
      },
      remove: ({ start }) => {
        host.tell("bookmark", { do: "remove", start });
      },
    });
    this.#strip = new EntropyStrip(size, {
      goTo: (offset) => {
        events.reveal({ start: offset, end: offset + 1 });
      },
      wanted: (parts) => host.ask("entropy", { parts }),
      loaded: (parts) => {
        this.#showRegions(parts);
      },
    });
    this.#strip.root.hidden = !state.entropy;
    const tabs = [
      { id: "inspector", title: "Data Inspector", content: this.#inspector.root },
      { id: "bookmarks", title: bookmarksTitle(0), content: this.#list.root },
      { id: "entropy", title: "Entropy", content: this.#regions },
    ];
    this.#panel = new Panel(tabs, state.panel, () => {
      this.#inspected = "";
      hex.refresh();
      events.changed();
    });
    const find = button("search", "Find bytes (Ctrl+F)");
    find.id = "find";
    find.addEventListener("click", () => {
      this.#bar.open();
    });
    this.#panel.root.firstElementChild?.append(find);
    hex.root.prepend(this.#bar.root);
    hex.middle.append(this.#strip.root);
    hex.middle.after(this.#panel.root);
    hex.setMarks((range) => this.#marksIn(range));
    hex.drawn = () => {
      this.#follow();
    };
  }

  get state(): ToolsState {
    return {
      panel: this.#panel.open,
      little: this.#inspector.little,
      entropy: !this.#strip.root.hidden,
    };
  }

  /** Does what a command of VS Code asks for. */
  act(action: HexAction): void {
    switch (action.do) {
      case "find":
        this.#bar.open(action.query);
        break;
      case "findNext":
        this.#bar.step(1);
        break;
      case "findPrevious":
        this.#bar.step(-1);
        break;
      case "goTo":
        document.querySelector<HTMLInputElement>("#go-to")?.select();
        break;
      case "toggleInspector":
        this.#panel.toggle("inspector");
        break;
      case "toggleEntropy":
        this.#strip.root.hidden = !this.#strip.root.hidden;
        this.#events.changed();
        break;
    }
  }

  /** The image is another one now: searches and samples are of the one before. */
  changed(size: number): void {
    this.#size = size;
    this.#search?.stop();
    this.#search = undefined;
    this.#bar.forget();
    this.#strip.changed(size);
    this.#inspected = "";
    this.#showMarks();
  }

  showBookmarks(bookmarks: readonly Bookmark[]): void {
    this.#bookmarks = bookmarks;
    this.#list.show(bookmarks);
    this.#panel.rename("bookmarks", bookmarksTitle(bookmarks.length));
    this.#showMarks();
  }

  readonly #ask = (
    query: Search["query"],
    start: number,
  ): ReturnType<ConstructorParameters<typeof Search>[2]> => this.#host.ask("search", { query, start });

  /** More of the image was searched. */
  readonly #searched = (): void => {
    const search = this.#search;
    if (search && this.#wanted !== undefined) {
      const index = search.from(this.#wanted);
      const match = search.at(index) ?? (search.isDone ? search.at(0) : undefined);
      if (match) {
        this.#wanted = undefined;
        this.#events.reveal(match);
      }
    }
    this.#showCount();
    this.#showMarks();
  };

  #step(direction: 1 | -1): void {
    const search = this.#search;
    if (!search) return;
    const { start } = this.#hex.selection;
    const next = direction > 0 ? search.from(start + 1) : search.from(start) - 1;
    const beyond = next >= search.count;
    if (beyond && !search.isDone) {
      this.#wanted = start + 1;
      void search.run();
      return;
    }
    const match = search.at(next < 0 ? search.count - 1 : beyond ? 0 : next);
    if (match) this.#events.reveal(match);
  }

  #showCount(): void {
    const search = this.#search;
    const { start } = this.#hex.selection;
    const index = search?.from(start) ?? 0;
    this.#bar.show(search, search?.at(index)?.start === start ? index : undefined);
  }

  #showMarks(): void {
    const ticks: StripMark[] = this.#bookmarks.map(({ start, end, colour }) => {
      return { start, end, colour: `--vscode-charts-${colour}` };
    });
    const { count } = this.#search ?? { count: 0 };
    const step = Math.max(1, Math.ceil(count / MOST_TICKS));
    for (let index = 0; index < count; index += step) {
      const match = this.#search?.at(index);
      if (match) ticks.push({ ...match, colour: "--vscode-editorOverviewRuler-findMatchForeground" });
    }
    this.#strip.show(ticks);
    this.#hex.refresh();
  }

  #marksIn(range: ByteRange): readonly Mark[] {
    const marks: Mark[] = [];
    for (const { start, end, colour } of this.#bookmarks) {
      if (start >= range.end) break;
      if (end > range.start) marks.push({ start, end, name: `bookmarked mark-${colour}` });
    }
    for (const match of this.#search?.within(range) ?? []) marks.push({ ...match, name: "found" });
    return marks;
  }

  /** The grid was drawn: cursor, window or bytes may be others now. */
  #follow(): void {
    const { selection, window } = this.#hex;
    const { start } = selection;
    this.#strip.follow(window, start);
    const look = `${String(start)} ${String(this.#pages.version)} ${this.#panel.open}`;
    if (look === this.#seen) return;
    this.#seen = look;
    this.#showCount();
    if (this.#panel.open !== "inspector" || this.#size === 0) return;
    const bytes = this.#pages.read(start, Math.min(INSPECTED, this.#size - start));
    const inspected = `${String(start)} ${String(bytes.length)}`;
    // Scrolling brings pages that have nothing to do with the cursor.
    if (inspected === this.#inspected) return;
    this.#inspected = inspected;
    this.#inspector.show(start, bytes);
  }

  #showRegions(parts: readonly EntropyPart[]): void {
    this.#regions.replaceChildren(entropyList(parts, this.#events.reveal));
  }
}
