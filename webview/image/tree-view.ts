import type { ImageRow } from "../../src/protocol/index.ts";
import { element, setAttribute } from "../ui/dom.ts";
import { Scroller } from "../ui/scroller.ts";
import type { TreeModel } from "./tree-model.ts";
import type { Place } from "./tree-model.ts";
import { TreeRow } from "./tree-row.ts";

const ROW_HEIGHT = 22;

interface TreeEvents {
  /** The person selected a row. */
  selected(row: ImageRow): void;
  /** A row's value is wanted on the clipboard. */
  copy(row: ImageRow): void;
  /** The person wants to go to what a row refers to. */
  follow(row: ImageRow): void;
  /** Everything under a row is to be opened. */
  expand(place: Place, row: ImageRow): void;
  /** A row's value is to be edited. */
  edit(row: ImageRow): void;
  /** A row is to be removed. */
  remove(row: ImageRow): void;
  /** The rows were drawn: one may stand elsewhere now. */
  drawn(): void;
  /** What is open or where it is scrolled to has changed. */
  moved(): void;
}

/** The field tree: draws the visible rows of a TreeModel and moves the selection. */
export class TreeView {
  readonly root: HTMLElement;
  readonly scroller: Scroller;
  model: TreeModel;
  #selected: Place | undefined;
  readonly #events: TreeEvents;
  readonly #rows: TreeRow[] = [];
  readonly #list: HTMLElement;
  #typed = "";
  #typedAt = 0;

  constructor(model: TreeModel, events: TreeEvents) {
    this.model = model;
    this.#events = events;
    this.#list = element("div", {
      class: "tree",
      attributes: { role: "tree", tabindex: "0", "aria-label": "Fields", id: "fields" },
    });
    this.root = element("div", { class: "pane fields" });
    this.scroller = new Scroller(
      this.root,
      this.#list,
      () => {
        this.#draw();
      },
      () => {
        events.moved();
      },
    );
    this.scroller.range.rowHeight = ROW_HEIGHT;
    this.scroller.kept = () => (this.#selected ? this.model.positionOf(this.#selected) : -1);
    this.#list.addEventListener("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
    this.#list.addEventListener("click", (event) => {
      this.#onClick(event);
    });
    this.#list.addEventListener("dblclick", (event) => {
      const place = this.#placeOf(event);
      if (place && !isTwistie(event)) this.#toggle(place);
    });
    // The menu's commands are about the row under the pointer, so that row is selected.
    this.#list.addEventListener("contextmenu", (event) => {
      const place = this.#placeOf(event);
      if (place) this.#select(this.model.positionOf(place));
    });
  }

  focus(): void {
    this.#list.focus({ preventScroll: true });
  }

  /** Draws again in the next frame; the model has changed. */
  refresh(): void {
    this.scroller.range.rowCount = this.model.rowCount;
    this.scroller.scrollTo(this.scroller.range.top);
  }

  /** Paths of the rows above the selected one, from the top down. */
  get ancestors(): readonly string[] {
    const paths: string[] = [];
    for (let at = this.#selected; at?.branch.parent; at = at.branch.parent) paths.unshift(at.branch.path);
    return paths;
  }

  /** Selects a place without telling anyone; `undefined` selects nothing. */
  show(place: Place | undefined): void {
    this.#selected = place;
    this.refresh();
    if (place) this.scroller.reveal(this.model.positionOf(place));
  }

  #select(position: number): void {
    const last = this.model.rowCount - 1;
    const place = this.model.at(Math.max(0, Math.min(position, last)));
    if (!place) return;
    this.show(place);
    const row = this.model.row(place);
    if (row === "asked" || "error" in row) this.#selectWhenThere(place);
    else this.#events.selected(row);
  }

  /** The row is still on its way: it is announced when it comes, unless another one was selected meanwhile. */
  #selectWhenThere(place: Place): void {
    const timer = setInterval(() => {
      const row = this.model.row(place);
      if (row === "asked" && this.#selected === place) return;
      clearInterval(timer);
      if (this.#selected === place && row !== "asked" && !("error" in row)) this.#events.selected(row);
    }, 30);
  }

  #draw(): void {
    const { first, end } = this.scroller.range.visible;
    const selected = this.#selected ? this.model.positionOf(this.#selected) : -1;
    let drawn = 0;
    for (let position = first; position < end; position++) {
      const place = this.model.at(position);
      if (!place) break;
      const row = this.#rows[drawn] ?? this.#newRow();
      this.#drawRow(row, place, position, position === selected);
      drawn++;
    }
    for (const { root } of this.#rows.splice(drawn)) root.remove();
    const active = selected >= first && selected < end ? `field-${String(selected)}` : undefined;
    setAttribute(this.#list, "aria-activedescendant", active);
    this.#events.drawn();
  }

  #newRow(): TreeRow {
    const row = new TreeRow();
    this.#rows.push(row);
    this.scroller.sheet.append(row.root);
    return row;
  }

  #drawRow(drawn: TreeRow, place: Place, position: number, isSelected: boolean): void {
    const row = this.model.row(place);
    const hasChildren = row !== "asked" && "childCount" in row && row.childCount > 0;
    drawn.draw(row, {
      position,
      y: this.scroller.yOf(position),
      depth: this.model.depthOf(place),
      siblings: place.branch.count,
      index: place.index,
      isSelected,
      isOpen: hasChildren ? this.model.isOpen(place) : undefined,
    });
  }

  /** Where the row of a path stands now, in pixels of the pane; undefined when it isn't drawn. */
  boxOf(path: string): { readonly top: number; readonly left: number; readonly height: number } | undefined {
    const row = this.#rows.find(({ root }) => root.dataset["path"] === path);
    if (!row) return undefined;
    const { top } = row.root.getBoundingClientRect();
    return { top: top - this.root.getBoundingClientRect().top, left: row.valueLeft, height: ROW_HEIGHT };
  }

  #toggle(place: Place): void {
    const row = this.model.known(place);
    if (!row || row.childCount === 0) return;
    if (this.model.isOpen(place)) {
      // A selection inside what closes moves up to the row that closed.
      const inside = this.#selected && isInside(this.#selected, place);
      if (inside) this.#select(this.model.positionOf(place));
      this.model.close(place);
    } else this.model.open(place, row.path, row.childCount);
    this.refresh();
    this.#events.moved();
  }

  #onClick(event: MouseEvent): void {
    const place = this.#placeOf(event);
    if (!place) return;
    if (isTwistie(event)) this.#toggle(place);
    else this.#select(this.model.positionOf(place));
    const row = this.model.known(place);
    // A plain click selects, as everywhere in VS Code; it must not lead away from the bytes.
    if (row?.link !== undefined && (event.ctrlKey || event.metaKey)) this.#events.follow(row);
  }

  #placeOf(event: MouseEvent): Place | undefined {
    const root = event.target instanceof Element ? event.target.closest<HTMLElement>(".row") : null;
    return root ? this.model.at(Number(root.dataset["position"])) : undefined;
  }

  /** Whether the key was ours. */
  #onKey(event: KeyboardEvent): boolean {
    const { key } = event;
    const at = this.#selected ? this.model.positionOf(this.#selected) : -1;
    const page = this.scroller.range.pageRows - 1;
    if ((event.ctrlKey || event.metaKey) && key === "c") return this.#copy();
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: this.model.rowCount - 1,
    };
    const target = moves[key];
    if (target !== undefined) this.#select(target);
    else if (key === "ArrowRight") this.#into();
    else if (key === "ArrowLeft") this.#outOf();
    else if (key === "Enter" && this.#edit()) return true;
    else if (key === "Enter" && this.#follow()) return true;
    else if (key === "Delete") return this.#remove();
    else if ((key === "Enter" || key === " ") && this.#selected) this.#toggle(this.#selected);
    else if (key === "*") this.#expand();
    else if (key.length === 1) this.#typeAhead(key);
    else return false;
    return true;
  }

  #into(): void {
    const place = this.#selected;
    const row = place && this.model.known(place);
    if (!place || !row || row.childCount === 0) return;
    if (this.model.isOpen(place)) this.#select(this.model.positionOf(place) + 1);
    else this.#toggle(place);
  }

  #outOf(): void {
    const place = this.#selected;
    if (!place) return;
    if (this.model.isOpen(place)) this.#toggle(place);
    else if (place.branch.parent) this.#select(this.model.positionOf(place.branch.parent));
  }

  /** Goes to what the selected row refers to; whether it does. */
  #follow(): boolean {
    const row = this.#selected && this.model.known(this.#selected);
    if (row?.link === undefined) return false;
    this.#events.follow(row);
    return true;
  }

  /** Edits the selected row's value; whether it can be. Rows with others below are opened instead. */
  #edit(): boolean {
    const row = this.#selected && this.model.known(this.#selected);
    if (!row?.can?.includes("edit")) return false;
    this.#events.edit(row);
    return true;
  }

  #remove(): boolean {
    const row = this.#selected && this.model.known(this.#selected);
    if (!row?.can?.includes("remove")) return false;
    this.#events.remove(row);
    return true;
  }

  #expand(): void {
    const place = this.#selected;
    const row = place && this.model.known(place);
    if (place && row && row.childCount > 0) this.#events.expand(place, row);
  }

  #copy(): boolean {
    const row = this.#selected && this.model.known(this.#selected);
    if (row) this.#events.copy(row);
    return row !== undefined;
  }

  /** Goes to the next row whose label begins with what was typed, among the rows at hand. */
  #typeAhead(key: string): void {
    const now = performance.now();
    this.#typed = (now - this.#typedAt < 800 ? this.#typed : "") + key.toLowerCase();
    this.#typedAt = now;
    const at = this.#selected ? this.model.positionOf(this.#selected) : 0;
    const count = Math.min(this.model.rowCount, 2000);
    for (let step = this.#typed.length > 1 ? 0 : 1; step <= count; step++) {
      const position = (at + step) % this.model.rowCount;
      const place = this.model.at(position);
      if (!place || !this.model.known(place)?.label.toLowerCase().startsWith(this.#typed)) continue;
      this.#select(position);
      return;
    }
  }
}

function isTwistie(event: Event): boolean {
  return event.target instanceof Element && event.target.classList.contains("twistie");
}

function isInside(place: Place, outer: Place): boolean {
  for (let at = place.branch.parent; at; at = at.branch.parent)
    if (at.branch === outer.branch && at.index === outer.index) return true;
  return false;
}
