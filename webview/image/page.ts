import type {
  ByteRange,
  ImageInfo,
  ImageRow,
  ImageRpc,
  ImageSelection,
  Location,
  TreeAction,
} from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import type { Host } from "../ui/rpc.ts";
import { Splitter } from "../ui/splitter.ts";
import { Banner } from "./banner.ts";
import { Breadcrumbs } from "./breadcrumbs.ts";
import { bytesText } from "./copy.ts";
import { FilterBar } from "./filter.ts";
import type { FilteredRows } from "./filter-model.ts";
import { HexPages } from "./hex-pages.ts";
import { FIRST_TOOLS, HexTools } from "./hex-tools.ts";
import { HexView } from "./hex-view.ts";
import { legend } from "./legend.ts";
import { FIRST_SHARE, OPEN_LIMIT } from "./state.ts";
import type { ViewState } from "./state.ts";
import { StatusLine } from "./status.ts";
import { Toolbar } from "./toolbar.ts";
import { openPlaces, TreeModel } from "./tree-model.ts";
import type { Place } from "./tree-model.ts";
import { TreeView } from "./tree-view.ts";
import { ValueEditor } from "./value-editor.ts";
import { byteWords, parseOffset } from "./words.ts";

/** An image on the screen: wires tree, bytes, editor of values and status line to each other and to the host. */
export class ImagePage {
  /** What the page consists of, from top to bottom. */
  readonly parts: readonly HTMLElement[];
  readonly tools: HexTools;
  readonly #host: Host<ImageRpc>;
  #info: ImageInfo;
  readonly #kept: ViewState | undefined;
  readonly #keep: (state: ViewState) => void;
  readonly #pages: HexPages;
  readonly #tree: TreeView;
  readonly #hex: HexView;
  readonly #values: ValueEditor;
  readonly #filter: FilterBar;
  readonly #crumbs: Breadcrumbs;
  readonly #status = new StatusLine();
  readonly #toolbar: Toolbar;
  readonly #banner: Banner;
  readonly #splitter: Splitter;
  /** All rows; a filter shows others. */
  #model: TreeModel;
  #filtered: FilteredRows | undefined;
  #selection: ImageSelection | undefined;
  /** Grows with everything that is asked to be selected: only the last one is. */
  #asked = 0;
  /** Settled when the last edit is shown. */
  #reloaded: Promise<void> = Promise.resolve();

  constructor(
    host: Host<ImageRpc>,
    info: ImageInfo,
    kept: ViewState | undefined,
    keep: (state: ViewState) => void,
  ) {
    this.#host = host;
    this.#info = info;
    this.#kept = kept;
    this.#keep = keep;
    this.#pages = new HexPages(
      (offset, length) => host.ask("bytes", { offset, length }),
      () => {
        this.#hex.refresh();
      },
    );
    this.#model = this.#newModel(info);
    this.#tree = new TreeView(this.#model, {
      selected: (row) => {
        this.#asked++;
        this.#hex.showField(row, true);
        this.#selected(row, row.span);
      },
      copy: (row) => void this.#copyValue(row),
      follow: ({ path }) => {
        host.tell("follow", { path });
      },
      expand: (place, row) => void this.#expand(row.path, place),
      edit: ({ path }) => void this.editField(path, false),
      remove: ({ path }) => {
        host.tell("run", { do: "removeField", path });
      },
      drawn: () => {
        this.#values.place();
      },
      moved: this.#keepNow,
    });
    this.#values = new ValueEditor(this.#tree.root, {
      check: (path, text) => host.ask("check", { path, text }),
      commit: async (request) => {
        const { path } = await host.ask("edit", request);
        await this.#reloaded;
        await this.#selectPath(path);
      },
      boxOf: (path) => this.#tree.boxOf(path),
      closed: () => {
        this.#tree.focus();
      },
    });
    this.#crumbs = new Breadcrumbs(info.name, (path) => void this.#selectPath(path));
    this.#filter = new FilterBar({
      ask: (query, from, limit) => host.ask("filter", { query, from, limit }),
      changed: (rows) => {
        this.#showFiltered(rows);
      },
      leave: () => {
        this.#tree.focus();
      },
      expandAll: () => void this.#expand("", undefined),
      collapseAll: () => {
        this.#collapseAll();
      },
    });
    this.#hex = new HexView({
      selected: (range) => void this.#selectBytes(range),
      copy: (range) => void this.#copyBytes(range),
      moved: this.#keepNow,
      describe: (offset) => byteWords(offset, this.#pages.spanAt(offset), this.#pages.errorAt(offset)),
    });
    this.tools = new HexTools(host, this.#hex, this.#pages, info.size, kept?.tools ?? FIRST_TOOLS, {
      reveal: (range) => void this.#revealBytes(range),
      copy: (text) => void navigator.clipboard.writeText(text),
      changed: this.#keepNow,
    });
    const fields = element("div", { class: "fields-side" }, this.#filter.root, this.#tree.root);
    this.#splitter = new Splitter(fields, this.#hex.root, kept?.share ?? FIRST_SHARE, this.#keepNow);
    this.#toolbar = new Toolbar(info, (text) => this.#goTo(text));
    this.#banner = new Banner({
      goTo: (offset) => void this.#goTo(String(offset)),
      editCopy: () => {
        host.tell("run", { do: "editCopy", path: "" });
      },
      reload: () => {
        host.tell("run", { do: "reload", path: "" });
      },
    });
    this.#banner.show(info);
    this.#hex.root.append(legend());
    this.parts = [
      this.#toolbar.root,
      this.#banner.root,
      this.#crumbs.root,
      this.#splitter.root,
      this.#status.root,
    ];
  }

  /** Shows what was shown last time, or the first entry. The page is in the document by now. */
  async start(): Promise<void> {
    this.#hex.open(this.#info.size, this.#pages);
    this.#tree.refresh();
    this.#host.tell("ready", {});
    await (this.#kept ? this.#restore(this.#kept) : this.#openFirst());
    this.#tree.focus();
  }

  /** Selects the row of a path, or bytes, as a click on them would. */
  reveal(target: ImageRpc["hostEvents"]["reveal"]): void {
    const show = async (): Promise<void> => {
      await this.#reloaded;
      if ("path" in target) await this.#selectPath(target.path);
      else await this.#revealBytes(target);
    };
    show().catch(console.error);
  }

  actOnTree(action: TreeAction): void {
    if (action === "filter") this.#filter.focus();
    else if (action === "expandAll") void this.#expand("", undefined);
    else this.#collapseAll();
  }

  /** Asks for the value of a field; says why where it can't be edited. */
  async editField(path: string, isNew: boolean): Promise<void> {
    try {
      const form = await this.#host.ask("form", { path, isNew });
      if (this.#selection?.path !== form.at) await this.#selectPath(form.at);
      this.#values.open(form);
    } catch (error) {
      this.#status.say(error instanceof Error ? error.message : String(error));
    }
  }

  /** The image is another one now: shows it in the place of the old one, with the same rows open. */
  reload(): Promise<void> {
    const again = (): Promise<void> => this.#reload();
    this.#reloaded = this.#reloaded.then(again, again);
    return this.#reloaded;
  }

  async #reload(): Promise<void> {
    const open = this.#model.openPaths(OPEN_LIMIT);
    const info = await this.#host.ask("open", {});
    const model = this.#newModel(info);
    openPlaces(model, await Promise.all(open.map((path) => this.#host.ask("locate", { path }))));
    const { first, end } = this.#tree.scroller.range.visible;
    await model.load(first, end);
    this.#info = info;
    this.#model = model;
    this.#toolbar.show(info);
    this.#banner.show(info);
    this.#pages.reload();
    this.#hex.open(info.size, this.#pages);
    this.tools.changed(info.size);
    if (this.#filtered) this.#filter.again();
    else this.#tree.model = model;
    // What is selected has another value now, or is gone.
    const path = this.#selection?.path ?? "";
    if (path === "" || !(await this.#selectPath(path))) this.#tree.show(undefined);
  }

  #newModel({ rowCount }: ImageInfo): TreeModel {
    return new TreeModel(
      rowCount,
      (path, start, end) => this.#host.ask("children", { path, start, end }),
      () => {
        this.#tree.refresh();
      },
    );
  }

  #selected(row: ImageRow | undefined, range: ByteRange): void {
    this.#selection = { path: row?.path ?? "", start: range.start, end: range.end };
    const own = row?.span.start === range.start && row.span.end === range.end;
    const span = this.#pages.spanAt(range.start);
    const kind = span && range.end <= span.end ? span.kind : undefined;
    this.#status.show(row, own ? undefined : { ...range, kind });
    this.#crumbs.show(row ? [...this.#tree.ancestors, row.path] : []);
    this.#host.tell("selection", this.#selection);
    if (this.#values.path !== row?.path) this.#values.close();
    this.#keepNow();
  }

  /** Shows the rows that a filter found, or all again. */
  #showFiltered(rows: FilteredRows | undefined): void {
    this.#filtered = rows;
    const changed = (): void => {
      this.#tree.refresh();
    };
    this.#tree.model = rows
      ? rows.model((path, start, end) => this.#host.ask("children", { path, start, end }), changed)
      : this.#model;
    this.#tree.show(undefined);
    this.#showSelected();
  }

  /** Shows the selected row where it is now: it may be hidden by a filter, or rows above it were closed. */
  #showSelected(): void {
    const path = this.#selection?.path;
    if (!path) this.#tree.refresh();
    else if (this.#filtered) this.#tree.show(this.#filtered.place(this.#tree.model, path));
    else void this.#selectPath(path);
  }

  /** The place of a row in the tree that is shown. A row that is gone to isn't hidden by a filter. */
  #placeOf(found: Location, show: boolean): Place | undefined {
    if (!this.#filtered) return this.#model.openTo(found.steps);
    const place = this.#filtered.place(this.#tree.model, found.row.path);
    if (place || !show) return place;
    this.#selection = undefined;
    this.#filter.clear();
    return this.#model.openTo(found.steps);
  }

  /** Closes all rows; the selection moves up to the top row that it was in. */
  #collapseAll(): void {
    const tree = this.#tree;
    const [top] = [...tree.ancestors, this.#selection?.path ?? ""];
    tree.model.closeAll();
    if (this.#filtered) tree.show(top === undefined ? undefined : this.#filtered.place(tree.model, top));
    else if (top) void this.#selectPath(top);
    tree.refresh();
    this.#keepNow();
  }

  async #expand(path: string, place: Place | undefined): Promise<void> {
    const { rows, isCut } = await this.#host.ask("expand", { path });
    // All rows that fit a filter are open already; more is opened row by row.
    if (this.#filtered && !place) return;
    const { model } = this.#tree;
    const row = place && model.known(place);
    model.openRows(place && row ? model.open(place, path, row.childCount) : model.root, rows);
    this.#tree.refresh();
    this.#keepNow();
    this.#status.say(isCut ? "Opened the first 1,000 rows; there are more." : "");
  }

  /** Bytes were selected: the deepest row that holds them all is shown, unless something else was selected since. */
  async #selectBytes(range: ByteRange): Promise<void> {
    const ticket = ++this.#asked;
    // At once, for commands that are run before the row is found.
    this.#host.tell("selection", { path: "", start: range.start, end: range.end });
    const found = await this.#host.ask("locate", range).catch(() => undefined);
    if (ticket !== this.#asked) return;
    this.#tree.show(found && this.#placeOf(found, false));
    this.#hex.showField(found?.row, false);
    this.#selected(found?.row, range);
  }

  async #revealBytes(range: ByteRange): Promise<void> {
    this.#hex.select(range);
    await this.#selectBytes(range);
  }

  async #selectPath(path: string): Promise<boolean> {
    const ticket = ++this.#asked;
    const found = await this.#host.ask("locate", { path });
    if (ticket !== this.#asked || !found) return found !== undefined;
    this.#tree.show(this.#placeOf(found, true));
    this.#hex.showField(found.row, true);
    this.#selected(found.row, found.row.span);
    return true;
  }

  async #goTo(text: string): Promise<boolean> {
    const offset = parseOffset(text);
    if (offset === undefined) return this.#selectPath(text);
    if (offset >= this.#info.size) return false;
    await this.#revealBytes({ start: offset, end: offset + 1 });
    return true;
  }

  async #copyValue({ path }: ImageRow): Promise<void> {
    await navigator.clipboard.writeText(await this.#host.ask("value", { path }));
    this.#status.say("Copied the value.");
  }

  async #copyBytes(range: ByteRange): Promise<void> {
    const { text, words } = await bytesText(range, (offset, length) =>
      this.#host.ask("bytes", { offset, length }),
    );
    await navigator.clipboard.writeText(text);
    this.#status.say(words);
  }

  readonly #keepNow = (): void => {
    this.#keep({
      size: this.#info.size,
      share: this.#splitter.share,
      open: this.#model.openPaths(OPEN_LIMIT),
      treeTop: this.#tree.scroller.range.top,
      hexTop: this.#hex.top,
      selection: this.#selection,
      tools: this.tools.state,
    });
  };

  async #restore({ open, treeTop, hexTop, selection: last }: ViewState): Promise<void> {
    const ticket = ++this.#asked;
    const found = await Promise.all(open.map((path) => this.#host.ask("locate", { path })));
    openPlaces(this.#model, found);
    // Shown again to show something else.
    if (ticket !== this.#asked) return;
    if (last?.path) {
      await this.#selectPath(last.path);
      if (last.end - last.start > 0) this.#hex.select(last);
    }
    this.#tree.refresh();
    this.#tree.scroller.scrollTo(treeTop);
    this.#hex.top = hexTop;
  }

  /** Selects the first entry. With one entry there is nothing to choose from: it is open from the start. */
  async #openFirst(): Promise<void> {
    const { entryCount, size } = this.#info;
    const target = entryCount > 0 ? { path: "entries[0]" } : { start: 0, end: Math.min(1, size) };
    const ticket = ++this.#asked;
    const found = await this.#host.ask("locate", target);
    // Opened to show something else.
    if (ticket !== this.#asked) return;
    const place = found && this.#model.openTo(found.steps);
    if (!place) return;
    if (entryCount === 1) this.#model.open(place, found.row.path, found.row.childCount);
    // The first rows say what kind of file it is, so it stays at the top.
    this.#tree.show(place);
    this.#hex.showField(found.row, true);
    this.#hex.top = 0;
    this.#selected(found.row, found.row.span);
  }
}
