import type {
  ByteRange,
  ImageInfo,
  ImageRow,
  ImageRpc,
  ImageSelection,
  TreeAction,
} from "../../src/protocol/index.ts";
import type { Host } from "../ui/rpc.ts";
import { Splitter } from "../ui/splitter.ts";
import { Banner } from "./banner.ts";
import { ByteDocs } from "./byte-docs.ts";
import { Breadcrumbs } from "./breadcrumbs.ts";
import { bytesText } from "./copy.ts";
import { FieldsPane } from "./fields-pane.ts";
import { HexPages } from "./hex-pages.ts";
import { FIRST_TOOLS, HexTools } from "./hex-tools.ts";
import { HexView } from "./hex-view.ts";
import { legend } from "./legend.ts";
import { FIRST_SHARE } from "./state.ts";
import type { ViewState } from "./state.ts";
import { StatusLine } from "./status.ts";
import { Toolbar } from "./toolbar.ts";
import { parseOffset } from "./words.ts";

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
  readonly #fields: FieldsPane;
  readonly #hex: HexView;
  readonly #crumbs: Breadcrumbs;
  readonly #status = new StatusLine();
  readonly #toolbar: Toolbar;
  readonly #banner: Banner;
  readonly #splitter: Splitter;
  readonly #docs: ByteDocs;
  #selection: ImageSelection | undefined;
  /** Grows with everything that is asked to be selected: only the last one is. */
  #asked = 0;
  /** Settled when the last edit is shown. */
  #reloaded: Promise<void> = Promise.resolve();
  /** The path that was typed and isn't selected yet. */
  #goingTo: string | undefined;

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
    this.#docs = new ByteDocs(this.#pages, (path) => host.ask("locate", { path }));
    this.#fields = new FieldsPane(host, info, {
      selected: (row) => {
        this.#asked++;
        this.#hex.showField(row, true);
        this.#selected(row, row.span);
      },
      goTo: (path) => this.#selectPath(path),
      selection: () => this.#selection?.path ?? "",
      hidden: () => {
        this.#selection = undefined;
      },
      copy: (row) => void this.#copyValue(row),
      edit: (path) => void this.editField(path, false),
      commit: async (request) => {
        const { path } = await host.ask("edit", request);
        await this.#reloaded;
        await this.#selectPath(path);
      },
      moved: this.#keepNow,
      say: (text) => {
        this.#status.say(text);
      },
    });
    this.#crumbs = new Breadcrumbs(info.name, (path) => void this.#selectPath(path));
    this.#hex = new HexView({
      selected: (range) => void this.#selectBytes(range),
      copy: (range) => void this.#copyBytes(range),
      moved: this.#keepNow,
      describe: (offset) => this.#docs.describe(offset),
      explain: (offset) => this.#docs.explain(offset),
    });
    this.tools = new HexTools(host, this.#hex, this.#pages, info.size, kept?.tools ?? FIRST_TOOLS, {
      reveal: (range) => void this.#revealBytes(range),
      copy: (text) => void navigator.clipboard.writeText(text),
      changed: this.#keepNow,
    });
    const share = kept?.share ?? FIRST_SHARE;
    this.#splitter = new Splitter(this.#fields.root, this.#hex.root, share, this.#keepNow);
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
    if (this.#info.first.bytes) this.#pages.fill(this.#info.first.bytes);
    this.#hex.open(this.#info.size, this.#pages);
    this.#fields.refresh();
    this.#host.tell("ready", {});
    if (this.#kept) await this.#restore(this.#kept);
    else this.#openFirst();
    this.#fields.focus();
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
    this.#fields.act(action);
  }

  /** Asks for the value of a field; says why where it can't be edited. */
  async editField(path: string, isNew: boolean): Promise<void> {
    try {
      const form = await this.#host.ask("form", { path, isNew });
      if (this.#selection?.path !== form.at) await this.#selectPath(form.at);
      this.#fields.edit(form);
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
    const info = await this.#host.ask("open", {});
    const show = await this.#fields.prepare(info);
    this.#info = info;
    this.#docs.forget();
    this.#toolbar.show(info);
    this.#banner.show(info);
    this.#pages.reload();
    this.#hex.open(info.size, this.#pages);
    this.tools.changed(info.size);
    show();
    // What is selected has another value now, or is gone; who is on the way elsewhere isn't called back.
    const path = this.#goingTo ?? this.#selection?.path ?? "";
    if (path === "" || !(await this.#selectPath(path))) this.#fields.show(undefined, false);
  }

  #selected(row: ImageRow | undefined, range: ByteRange): void {
    this.#selection = { path: row?.path ?? "", start: range.start, end: range.end };
    const own = row?.span.start === range.start && row.span.end === range.end;
    const span = this.#pages.spanAt(range.start);
    const kind = span && range.end <= span.end ? span.kind : undefined;
    this.#status.show(row, own ? undefined : { ...range, kind });
    this.#crumbs.show(row ? [...this.#fields.ancestors, row.path] : []);
    this.#host.tell("selection", this.#selection);
    this.#fields.selected(row?.path);
    this.#keepNow();
  }

  /** Bytes were selected: the deepest row that holds them all is shown, unless something else was selected since. */
  async #selectBytes(range: ByteRange): Promise<void> {
    const ticket = ++this.#asked;
    // At once, for commands that are run before the row is found.
    this.#host.tell("selection", { path: "", start: range.start, end: range.end });
    const found = await this.#host.ask("locate", range).catch(() => undefined);
    if (ticket !== this.#asked) return;
    this.#fields.show(found, false);
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
    this.#fields.show(found, true);
    this.#hex.showField(found.row, true);
    this.#selected(found.row, found.row.span);
    return true;
  }

  async #goTo(text: string): Promise<boolean> {
    const offset = parseOffset(text);
    this.#goingTo = offset === undefined ? text : undefined;
    await this.#reloaded.catch(() => undefined);
    if (offset === undefined)
      try {
        return await this.#selectPath(text);
      } finally {
        if (this.#goingTo === text) this.#goingTo = undefined;
      }
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
      open: this.#fields.openPaths,
      treeTop: this.#fields.top,
      hexTop: this.#hex.top,
      selection: this.#selection,
      tools: this.tools.state,
    });
  };

  async #restore({ open, treeTop, hexTop, selection: last }: ViewState): Promise<void> {
    const ticket = ++this.#asked;
    await this.#fields.openAll(open);
    // Shown again to show something else.
    if (ticket !== this.#asked) return;
    if (last?.path) {
      await this.#selectPath(last.path);
      if (last.end - last.start > 0) this.#hex.select(last);
    }
    this.#fields.top = treeTop;
    this.#hex.top = hexTop;
  }

  /** Selects the first entry. With one entry there is nothing to choose from: it is open from the start. */
  #openFirst(): void {
    const { entryCount, first } = this.#info;
    const found = first.selected;
    this.#asked++;
    if (!found) return;
    // The first rows say what kind of file it is, so they stay at the top.
    if (entryCount === 1) this.#fields.open(found, first.children);
    else this.#fields.show(found, true);
    this.#hex.showField(found.row, true);
    this.#hex.top = 0;
    this.#selected(found.row, found.row.span);
  }
}
