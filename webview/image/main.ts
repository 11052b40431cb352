// The image editor's page: wires tree, bytes and status line to each other and to the host.
import type {
  ByteRange,
  ImageInfo,
  Location,
  ImageRow,
  ImageRpc,
  ImageSelection,
  TreeAction,
} from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";
import { connectHost, HostError } from "../ui/rpc.ts";
import { Splitter } from "../ui/splitter.ts";
import { vscodeApi } from "../ui/vscode.ts";
import { button, progress } from "../ui/toolkit.ts";
import { Breadcrumbs } from "./breadcrumbs.ts";
import { FilterBar } from "./filter.ts";
import type { FilteredRows } from "./filter-model.ts";
import { HexPages, PAGE_SIZE } from "./hex-pages.ts";
import { FIRST_TOOLS, HexTools } from "./hex-tools.ts";
import { HexView } from "./hex-view.ts";
import "./image.css";
import "./tree-tools.css";
import { legend } from "./legend.ts";
import { FIRST_SHARE, OPEN_LIMIT, readState } from "./state.ts";
import type { ViewState } from "./state.ts";
import { StatusLine } from "./status.ts";
import { banner, toolbar } from "./toolbar.ts";
import { TreeModel } from "./tree-model.ts";
import type { Place } from "./tree-model.ts";
import { TreeView } from "./tree-view.ts";
import { byteWords, parseOffset, sizeWords } from "./words.ts";

const COPY_LIMIT = 256 * 1024;

const vscode = vscodeApi();
let reveal: (target: ImageRpc["hostEvents"]["reveal"]) => void = () => undefined;
let tools: HexTools | undefined;
let actOnTree: (action: TreeAction) => void = () => undefined;
const host = connectHost<ImageRpc>(
  (message) => {
    vscode.postMessage(message);
  },
  (listener) => {
    window.addEventListener("message", ({ data }) => {
      listener(data as Parameters<typeof listener>[0]);
    });
  },
  {
    reveal: (target) => {
      reveal(target);
    },
    bookmarks: (all) => tools?.showBookmarks(all),
    act: (action) => tools?.act(action),
    tree: (action) => {
      actOnTree(action);
    },
  },
);

async function start(): Promise<void> {
  document.body.replaceChildren(progress("Opening …"));
  try {
    await show(await host.ask("open", {}), readState(vscode.getState()));
  } catch (error) {
    showFailure(error);
  }
}

/** An image that can't be read at all: what is wrong and what to do, not an empty editor. */
function showFailure(error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  const { code = "unexpected", next } = error instanceof HostError ? error : {};
  const failure = element(
    "main",
    { class: "failure", attributes: { role: "alert", id: "failure" } },
    icon("error"),
    element("h1", { text: "This image can't be shown" }),
    element("p", { text: sentence }),
    ...(next === undefined ? [] : [element("p", { class: "next", text: next })]),
    button("Try Again", () => void start()),
    element("p", { class: "code", text: code }),
  );
  document.body.replaceChildren(failure);
}

async function show(info: ImageInfo, kept: ViewState | undefined): Promise<void> {
  const state = kept?.size === info.size ? kept : undefined;
  const status = new StatusLine();
  let selection: ImageSelection | undefined;
  let asked = 0;

  const pages = new HexPages(
    (offset, length) => host.ask("bytes", { offset, length }),
    () => {
      hex.refresh();
    },
  );
  const model = new TreeModel(
    info.rowCount,
    (path, start, end) => host.ask("children", { path, start, end }),
    () => {
      tree.refresh();
    },
  );
  const tree = new TreeView(model, {
    selected: (row) => {
      asked++;
      hex.showField(row, true);
      selected(row, row.span);
    },
    copy: (row) => void copyValue(row),
    follow: ({ path }) => {
      host.tell("follow", { path });
    },
    expand: (place, row) => void expand(row.path, place),
    moved: keep,
  });
  const crumbs = new Breadcrumbs(info.name, (path) => void selectPath(path));
  const filter = new FilterBar({
    ask: (query, from, limit) => host.ask("filter", { query, from, limit }),
    changed: showFiltered,
    leave: () => {
      tree.focus();
    },
    expandAll: () => void expand("", undefined),
    collapseAll,
  });
  let filtered: FilteredRows | undefined;
  const fields = element("div", { class: "fields-side" }, filter.root, tree.root);
  const hex = new HexView({
    selected: (range) => void selectBytes(range),
    copy: (range) => void copyBytes(range),
    moved: keep,
    describe: (offset) => byteWords(offset, pages.spanAt(offset), pages.errorAt(offset)),
  });
  const hexTools = new HexTools(host, hex, pages, info.size, state?.tools ?? FIRST_TOOLS, {
    reveal: (range) => void revealBytes(range),
    copy: (text) => void navigator.clipboard.writeText(text),
    changed: keep,
  });
  const splitter = new Splitter(fields, hex.root, state?.share ?? FIRST_SHARE, keep);

  function selected(row: ImageRow | undefined, range: ByteRange): void {
    selection = { path: row?.path ?? "", start: range.start, end: range.end };
    const own = row?.span.start === range.start && row.span.end === range.end;
    const span = pages.spanAt(range.start);
    const kind = span && range.end <= span.end ? span.kind : undefined;
    status.show(row, own ? undefined : { ...range, kind });
    crumbs.show(row ? [...tree.ancestors, row.path] : []);
    host.tell("selection", selection);
    keep();
  }

  /** Shows the rows that a filter found, or all again. */
  function showFiltered(rows: FilteredRows | undefined): void {
    filtered = rows;
    const changed = (): void => {
      tree.refresh();
    };
    tree.model = rows
      ? rows.model((path, start, end) => host.ask("children", { path, start, end }), changed)
      : model;
    tree.show(undefined);
    showSelected();
  }

  /** Shows the selected row where it is now: it may be hidden by a filter, or rows above it were closed. */
  function showSelected(): void {
    const path = selection?.path;
    if (!path) tree.refresh();
    else if (filtered) tree.show(filtered.place(tree.model, path));
    else void selectPath(path);
  }

  /** The place of a row in the tree that is shown. A row that is gone to isn't hidden by a filter. */
  function placeOf(found: Location, show: boolean): Place | undefined {
    if (!filtered) return model.openTo(found.steps);
    const place = filtered.place(tree.model, found.row.path);
    if (place || !show) return place;
    selection = undefined;
    filter.clear();
    return model.openTo(found.steps);
  }

  /** Closes all rows; the selection moves up to the top row that it was in. */
  function collapseAll(): void {
    const [top] = [...tree.ancestors, selection?.path ?? ""];
    tree.model.closeAll();
    if (filtered) tree.show(top === undefined ? undefined : filtered.place(tree.model, top));
    else if (top) void selectPath(top);
    tree.refresh();
    keep();
  }

  async function expand(path: string, place: Place | undefined): Promise<void> {
    const { rows, isCut } = await host.ask("expand", { path });
    // All rows that fit a filter are open already; more is opened row by row.
    if (filtered && !place) return;
    const row = place && tree.model.known(place);
    const branch = place && row ? tree.model.open(place, path, row.childCount) : tree.model.root;
    tree.model.openRows(branch, rows);
    tree.refresh();
    keep();
    status.say(isCut ? "Opened the first 1,000 rows; there are more." : "");
  }

  /** Bytes were selected: the deepest row that holds them all is shown, unless something else was selected since. */
  async function selectBytes(range: ByteRange): Promise<void> {
    const ticket = ++asked;
    // At once, for commands that are run before the row is found.
    host.tell("selection", { path: "", start: range.start, end: range.end });
    const found = await host.ask("locate", range).catch(() => undefined);
    if (ticket !== asked) return;
    tree.show(found && placeOf(found, false));
    hex.showField(found?.row, false);
    selected(found?.row, range);
  }

  async function revealBytes(range: ByteRange): Promise<void> {
    hex.select(range);
    await selectBytes(range);
  }

  async function selectPath(path: string): Promise<boolean> {
    const ticket = ++asked;
    const found = await host.ask("locate", { path });
    if (ticket !== asked || !found) return found !== undefined;
    tree.show(placeOf(found, true));
    hex.showField(found.row, true);
    selected(found.row, found.row.span);
    return true;
  }

  async function goTo(text: string): Promise<boolean> {
    const offset = parseOffset(text);
    if (offset === undefined) return selectPath(text);
    if (offset >= info.size) return false;
    await revealBytes({ start: offset, end: offset + 1 });
    return true;
  }

  async function copyValue({ path }: ImageRow): Promise<void> {
    await navigator.clipboard.writeText(await host.ask("value", { path }));
    status.say("Copied the value.");
  }

  async function copyBytes({ start, end }: ByteRange): Promise<void> {
    const last = Math.min(end, start + COPY_LIMIT);
    const parts: string[] = [];
    for (let offset = start; offset < last; offset += PAGE_SIZE) {
      const { bytes } = await host.ask("bytes", { offset, length: Math.min(PAGE_SIZE, last - offset) });
      parts.push(...Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")));
    }
    await navigator.clipboard.writeText(parts.join(" "));
    const cut = last < end ? `; the selection is longer than can be copied` : "";
    status.say(`Copied ${sizeWords(last - start)} as hex${cut}.`);
  }

  function keep(): void {
    const open = model.openPaths(OPEN_LIMIT);
    const [treeTop, hexTop] = [tree.scroller.range.top, hex.top];
    const now: ViewState = {
      size: info.size,
      share: splitter.share,
      open,
      treeTop,
      hexTop,
      selection,
      tools: hexTools.state,
    };
    vscode.setState(now);
  }

  async function restore({ open, treeTop, hexTop, selection: last }: ViewState): Promise<void> {
    const ticket = ++asked;
    const found = await Promise.all(open.map((path) => host.ask("locate", { path })));
    for (const location of found) {
      const place = location && model.openTo(location.steps);
      if (place) model.open(place, location.row.path, location.row.childCount);
    }
    // Shown again to show something else.
    if (ticket !== asked) return;
    if (last?.path) {
      await selectPath(last.path);
      if (last.end - last.start > 0) hex.select(last);
    }
    tree.refresh();
    tree.scroller.scrollTo(treeTop);
    hex.top = hexTop;
  }

  /** Selects the first entry. With one entry there is nothing to choose from: it is open from the start. */
  async function openFirst(): Promise<void> {
    const target = info.entryCount > 0 ? { path: "entries[0]" } : { start: 0, end: Math.min(1, info.size) };
    const ticket = ++asked;
    const found = await host.ask("locate", target);
    // Opened to show something else.
    if (ticket !== asked) return;
    const place = found && model.openTo(found.steps);
    if (!place) return;
    if (info.entryCount === 1) model.open(place, found.row.path, found.row.childCount);
    // The first rows say what kind of file it is, so it stays at the top.
    tree.show(place);
    hex.showField(found.row, true);
    hex.top = 0;
    selected(found.row, found.row.span);
  }

  const problems = banner(info, (offset) => void goTo(String(offset)));
  hex.root.append(legend());
  document.body.replaceChildren(
    toolbar(info, goTo),
    ...(problems ? [problems] : []),
    crumbs.root,
    splitter.root,
    status.root,
  );
  document.body.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key !== "g") return;
    const box = document.querySelector<HTMLInputElement>("#go-to");
    box?.focus();
    box?.select();
    event.preventDefault();
    // Else VS Code would run its own command for the key.
    event.stopPropagation();
  });
  hex.open(info.size, pages);
  tools = hexTools;
  actOnTree = (action) => {
    if (action === "filter") filter.focus();
    else if (action === "expandAll") void expand("", undefined);
    else collapseAll();
  };
  host.tell("ready", {});
  tree.refresh();
  reveal = (target) => {
    const done = "path" in target ? selectPath(target.path) : revealBytes(target);
    done.catch(console.error);
  };
  await (state ? restore(state) : openFirst());
  tree.focus();
}

void start();
