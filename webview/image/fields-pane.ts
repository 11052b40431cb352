import type {
  EditRequest,
  ImageInfo,
  ImageRow,
  ImageRpc,
  Location,
  TreeAction,
  ValueForm,
} from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { focusWhenIn } from "../ui/focus.ts";
import type { Host } from "../ui/rpc.ts";
import { FilterBar } from "./filter.ts";
import type { FilteredRows } from "./filter-model.ts";
import { OPEN_LIMIT } from "./state.ts";
import { openPlaces, TreeModel } from "./tree-model.ts";
import type { Place } from "./tree-model.ts";
import { TreeView } from "./tree-view.ts";
import { ValueEditor } from "./value-editor.ts";

interface FieldsEvents {
  /** The person selected a row. */
  selected(row: ImageRow): void;
  /** A row is to be selected: that of a path that was gone to, or the selected one where it is now. */
  goTo(path: string): Promise<boolean>;
  /** Path of the selected row; "" when none is. */
  selection(): string;
  /** What was selected is not shown any more. */
  hidden(): void;
  copy(row: ImageRow): void;
  edit(path: string): void;
  commit(request: EditRequest): Promise<void>;
  /** What is open or where it is scrolled to has changed. */
  moved(): void;
  say(text: string): void;
}

/** The fields: the tree of rows with the filter above it and the editor of a value over it. */
export class FieldsPane {
  readonly root: HTMLElement;
  readonly #host: Host<ImageRpc>;
  readonly #events: FieldsEvents;
  readonly #tree: TreeView;
  readonly #filter: FilterBar;
  readonly #values: ValueEditor;
  /** All rows; a filter shows others. */
  #model: TreeModel;
  #filtered: FilteredRows | undefined;

  constructor(host: Host<ImageRpc>, info: ImageInfo, events: FieldsEvents) {
    this.#host = host;
    this.#events = events;
    this.#model = this.#newModel(info);
    this.#model.fill(this.#model.root, info.first.rows);
    this.#tree = new TreeView(this.#model, {
      selected: events.selected,
      copy: events.copy,
      follow: ({ path }) => {
        host.tell("follow", { path });
      },
      expand: (place, row) => void this.#expand(row.path, place),
      edit: ({ path }) => {
        events.edit(path);
      },
      remove: ({ path }) => {
        host.tell("run", { do: "removeField", path });
      },
      drawn: () => {
        this.#values.place();
      },
      moved: events.moved,
    });
    this.#values = new ValueEditor(this.#tree.root, {
      check: (path, text) => host.ask("check", { path, text }),
      commit: events.commit,
      boxOf: (path) => this.#tree.boxOf(path),
      closed: () => {
        this.focus();
      },
    });
    this.#filter = new FilterBar({
      ask: (query, from, limit) => host.ask("filter", { query, from, limit }),
      changed: (rows) => {
        this.#showFiltered(rows);
      },
      leave: () => {
        this.focus();
      },
      expandAll: () => void this.#expand("", undefined),
      collapseAll: () => {
        this.#collapseAll();
      },
    });
    this.root = element("div", { class: "fields-side" }, this.#filter.root, this.#tree.root);
  }

  focus(): void {
    focusWhenIn(() => {
      this.#tree.focus();
    });
  }

  refresh(): void {
    this.#tree.refresh();
  }

  /** Paths of the rows above the selected one, from the top down. */
  get ancestors(): readonly string[] {
    return this.#tree.ancestors;
  }

  /** Paths of the open rows, outer ones first. */
  get openPaths(): readonly string[] {
    return this.#model.openPaths(OPEN_LIMIT);
  }

  /** Pixels above the window. */
  get top(): number {
    return this.#tree.scroller.range.top;
  }

  set top(pixels: number) {
    this.#tree.refresh();
    this.#tree.scroller.scrollTo(pixels);
  }

  act(action: TreeAction): void {
    if (action === "filter") this.#filter.focus();
    else if (action === "expandAll") void this.#expand("", undefined);
    else this.#collapseAll();
  }

  /** Selects a row; nothing for undefined. One that is gone to (`reveal`) isn't hidden by a filter. */
  show(found: Location | undefined, reveal: boolean): void {
    this.#tree.show(found && this.#placeOf(found, reveal));
  }

  /** Selects a row and opens it; `rows` are the first ones under it. */
  open(found: Location, rows: readonly ImageRow[]): void {
    const place = this.#model.openTo(found.steps);
    if (place) this.#model.fill(this.#model.open(place, found.row.path, found.row.childCount), rows);
    this.#tree.show(place);
  }

  /** Opens rows, outer ones before inner ones. */
  async openAll(paths: readonly string[]): Promise<void> {
    openPlaces(this.#model, await this.#locate(paths));
  }

  /** Asks for a value. */
  edit(form: ValueForm): void {
    this.#values.open(form);
  }

  /** Another row is the selected one. */
  selected(path: string | undefined): void {
    if (this.#values.path !== path) this.#values.close();
  }

  /** The image is another one now: loads what is on the screen, and gives what puts it there. */
  async prepare(info: ImageInfo): Promise<() => void> {
    const model = this.#newModel(info);
    openPlaces(model, await this.#locate(this.openPaths));
    const { first, end } = this.#tree.scroller.range.visible;
    await model.load(first, end);
    return () => {
      this.#model = model;
      if (this.#filtered) this.#filter.again();
      else this.#tree.model = model;
    };
  }

  #locate(paths: readonly string[]): Promise<readonly (Location | undefined)[]> {
    return Promise.all(paths.map((path) => this.#host.ask("locate", { path })));
  }

  #newModel({ rowCount }: ImageInfo): TreeModel {
    const changed = (): void => {
      this.#tree.refresh();
    };
    return new TreeModel(rowCount, this.#load, changed);
  }

  readonly #load = (path: string, start: number, end: number): Promise<readonly ImageRow[]> =>
    this.#host.ask("children", { path, start, end });

  /** Shows the rows that a filter found, or all again. */
  #showFiltered(rows: FilteredRows | undefined): void {
    this.#filtered = rows;
    const changed = (): void => {
      this.#tree.refresh();
    };
    this.#tree.model = rows ? rows.model(this.#load, changed) : this.#model;
    this.#tree.show(undefined);
    // The selected row may be hidden by the filter, or rows above it were closed.
    const path = this.#events.selection();
    if (path === "") this.#tree.refresh();
    else if (rows) this.#tree.show(rows.place(this.#tree.model, path));
    else void this.#events.goTo(path);
  }

  #placeOf(found: Location, reveal: boolean): Place | undefined {
    if (!this.#filtered) return this.#model.openTo(found.steps);
    const place = this.#filtered.place(this.#tree.model, found.row.path);
    if (place || !reveal) return place;
    this.#events.hidden();
    this.#filter.clear();
    return this.#model.openTo(found.steps);
  }

  /** Closes all rows; the selection moves up to the top row that it was in. */
  #collapseAll(): void {
    const tree = this.#tree;
    const [top] = [...tree.ancestors, this.#events.selection()];
    tree.model.closeAll();
    if (this.#filtered) tree.show(top === undefined ? undefined : this.#filtered.place(tree.model, top));
    else if (top) void this.#events.goTo(top);
    tree.refresh();
    this.#events.moved();
  }

  async #expand(path: string, place: Place | undefined): Promise<void> {
    const { rows, isCut } = await this.#host.ask("expand", { path });
    // All rows that fit a filter are open already; more is opened row by row.
    if (this.#filtered && !place) return;
    const { model } = this.#tree;
    const row = place && model.known(place);
    model.openRows(place && row ? model.open(place, path, row.childCount) : model.root, rows);
    this.#tree.refresh();
    this.#events.moved();
    this.#events.say(isCut ? "Opened the first 1,000 rows; there are more." : "");
  }
}
