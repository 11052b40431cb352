import type { ImageRow, Location, OpenRow, Step } from "../../src/protocol/index.ts";

/** Rows asked for at a time. */
const PAGE = 64;
/** Pages of rows that are kept: what a person looks at, not what the image has. */
const KEPT_PAGES = 256;

type Page = { readonly rows: readonly ImageRow[] } | { readonly error: string } | "asked";

/** The children of one row, of which some are themselves open. */
export interface Branch {
  readonly path: string;
  readonly parent: Place | undefined;
  readonly count: number;
  /** Branches once opened under this one, by place among the children; a closed one remembers what was open in it. */
  readonly branches: Map<number, Branch>;
  /** The open ones of `branches`, sorted by place. */
  open: { index: number; branch: Branch }[];
  /** Visible rows: the children and everything open under them. */
  total: number;
  readonly pages: Map<number, Page>;
}

/** A row's place: the nth child of a branch. */
export interface Place {
  readonly branch: Branch;
  readonly index: number;
}

/**
 * Which rows of the field tree are visible, without having them: branches know their number of children, rows are
 * loaded by pages when they are drawn.
 */
export class TreeModel {
  root: Branch;
  readonly #load: (path: string, start: number, end: number) => Promise<readonly ImageRow[]>;
  readonly #changed: () => void;
  readonly #loading = new Set<Promise<void>>();
  readonly #recent = new Map<string, { branch: Branch; page: number }>();

  constructor(
    count: number,
    load: (path: string, start: number, end: number) => Promise<readonly ImageRow[]>,
    changed: () => void,
  ) {
    this.root = newBranch("", undefined, count);
    this.#load = load;
    this.#changed = changed;
  }

  /** Rows of a branch that are at hand already, from its first on. */
  fill(branch: Branch, rows: readonly ImageRow[]): void {
    const count = Math.min(branch.count, PAGE);
    if (rows.length < count || branch.pages.has(0)) return;
    branch.pages.set(0, { rows: rows.slice(0, PAGE) });
    this.#touch(branch, 0);
  }

  get rowCount(): number {
    return this.root.total;
  }

  /** What is the `position`th visible row. */
  at(position: number): Place | undefined {
    if (position < 0 || position >= this.root.total) return undefined;
    let branch = this.root;
    let left = position;
    for (;;) {
      const inside = openAt(branch, left);
      if (!inside.child) return { branch, index: inside.left };
      branch = inside.child;
      left = inside.left;
    }
  }

  /** Which visible row a place is; its ancestors must be open. */
  positionOf(place: Place): number {
    let position = 0;
    for (let at: Place | undefined = place; at; at = at.branch.parent) {
      position += at.index;
      for (const { index, branch } of at.branch.open) if (index < at.index) position += branch.total;
      if (at.branch.parent) position++;
    }
    return position;
  }

  /** How deep a place lies: 0 at the top. */
  depthOf({ branch }: Place): number {
    let depth = 0;
    for (let at = branch.parent; at; at = at.branch.parent) depth++;
    return depth;
  }

  /** The row, "asked" while it is on its way, or why it can't be had. */
  row({ branch, index }: Place): ImageRow | "asked" | { readonly error: string } {
    const number = Math.floor(index / PAGE);
    const page = branch.pages.get(number) ?? this.#ask(branch, number);
    if (page === "asked" || "error" in page) return page;
    this.#touch(branch, number);
    return page.rows[index % PAGE] ?? { error: "The row is missing." };
  }

  /** Asks for the rows at `[first, end)` and waits until they are there. */
  async load(first: number, end: number): Promise<void> {
    for (let position = first; position < end; position++) {
      const place = this.at(position);
      if (place) this.row(place);
    }
    await Promise.all(this.#loading);
  }

  /** The row if it is at hand; nothing is asked for. */
  known({ branch, index }: Place): ImageRow | undefined {
    const page = branch.pages.get(Math.floor(index / PAGE));
    return page && page !== "asked" && "rows" in page ? page.rows[index % PAGE] : undefined;
  }

  isOpen({ branch, index }: Place): boolean {
    return branch.open.some((open) => open.index === index);
  }

  /** Opens a row that has children, and gives its branch. */
  open(place: Place, path: string, childCount: number): Branch {
    const known = place.branch.branches.get(place.index);
    const branch = known ?? newBranch(path, place, childCount);
    place.branch.branches.set(place.index, branch);
    if (!this.isOpen(place) && childCount > 0) {
      place.branch.open.push({ index: place.index, branch });
      place.branch.open.sort((a, b) => a.index - b.index);
      grow(place.branch, branch.total);
      this.#changed();
    }
    return branch;
  }

  close(place: Place): void {
    const closing = place.branch.open.find(({ index }) => index === place.index);
    if (!closing) return;
    place.branch.open = place.branch.open.filter((open) => open !== closing);
    grow(place.branch, -closing.branch.total);
    this.#changed();
  }

  /** Closes all rows, and forgets what was open in them. */
  closeAll(): void {
    this.root.open = [];
    this.root.branches.clear();
    this.root.total = this.root.count;
    this.#changed();
  }

  /** Opens rows of a branch, and those under them. */
  openRows(branch: Branch, rows: readonly OpenRow[]): void {
    for (const { path, index, childCount, open } of rows)
      this.openRows(this.open({ branch, index }, path, childCount), open);
  }

  /** Opens every row above the last of `steps` and gives its place. */
  openTo(steps: readonly Step[]): Place | undefined {
    let branch = this.root;
    let place: Place | undefined;
    for (const [level, { path, index, childCount }] of steps.entries()) {
      place = { branch, index };
      if (level < steps.length - 1) branch = this.open(place, path, childCount);
    }
    return place;
  }

  /** Paths of the open rows, outer ones first; at most `limit`. */
  openPaths(limit: number): string[] {
    const paths: string[] = [];
    const queue = [this.root];
    for (let branch = queue.shift(); branch && paths.length < limit; branch = queue.shift())
      for (const { branch: child } of branch.open) {
        paths.push(child.path);
        queue.push(child);
      }
    return paths.slice(0, limit);
  }

  #ask(branch: Branch, number: number): Page {
    const start = number * PAGE;
    branch.pages.set(number, "asked");
    const loading = this.#load(branch.path, start, Math.min(branch.count, start + PAGE))
      .then(
        (rows): Page => ({ rows }),
        (error: unknown): Page => ({ error: error instanceof Error ? error.message : String(error) }),
      )
      .then((page) => {
        branch.pages.set(number, page);
        this.#touch(branch, number);
        this.#changed();
      })
      // Nothing above throws but a listener's own mistake, which the console should show.
      .catch(console.error)
      .finally(() => this.#loading.delete(loading));
    this.#loading.add(loading);
    return "asked";
  }

  #touch(branch: Branch, page: number): void {
    const key = `${branch.path}#${String(page)}`;
    this.#recent.delete(key);
    this.#recent.set(key, { branch, page });
    if (this.#recent.size <= KEPT_PAGES) return;
    for (const [oldest, { branch: owner, page: number }] of this.#recent) {
      this.#recent.delete(oldest);
      owner.pages.delete(number);
      break;
    }
  }
}

/** Opens the rows of locations, outer ones before inner ones; those that are no more are left out. */
export function openPlaces(model: TreeModel, found: readonly (Location | undefined)[]): void {
  for (const location of found) {
    const place = location && model.openTo(location.steps);
    if (place) model.open(place, location.row.path, location.row.childCount);
  }
}

function newBranch(path: string, parent: Place | undefined, count: number): Branch {
  return { path, parent, count, branches: new Map(), open: [], total: count, pages: new Map() };
}

function grow(branch: Branch, rows: number): void {
  for (let at: Branch | undefined = branch; at; at = at.parent?.branch) {
    at.total += rows;
    const { parent } = at;
    // A closed branch counts for itself only.
    if (parent && !parent.branch.open.some(({ branch: open }) => open === at)) return;
  }
}

/** The open branch that the `left`th row under `branch` lies in, or which child it is. */
function openAt(branch: Branch, left: number): { child?: Branch; left: number } {
  let extra = 0;
  for (const { index, branch: child } of branch.open) {
    const row = index + extra;
    if (left <= row) break;
    if (left <= row + child.total) return { child, left: left - row - 1 };
    extra += child.total;
  }
  return { left: left - extra };
}
