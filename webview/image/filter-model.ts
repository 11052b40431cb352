import type { FilteredRow, FilterPart, ImageRow } from "../../src/protocol/index.ts";
import { TreeModel } from "./tree-model.ts";
import type { Place } from "./tree-model.ts";

/** Rows that fit; more than a person reads. */
export const MOST_FITTING = 500;

type Load = (path: string, start: number, end: number) => Promise<readonly ImageRow[]>;

/** The rows that a filter found, as a tree of their own. Rows that fit have all their children, which the host gives. */
export class FilteredRows {
  readonly #children = new Map<string, FilteredRow[]>();
  readonly #parents = new Map<string, string>();
  #count = 0;

  /** Rows that fit so far. */
  get count(): number {
    return this.#count;
  }

  add(part: FilterPart): void {
    this.#count += part.count;
    for (const row of part.rows) {
      const siblings = this.#children.get(row.parent);
      if (siblings) siblings.push(row);
      else this.#children.set(row.parent, [row]);
      this.#parents.set(row.row.path, row.parent);
    }
  }

  /** A tree of the rows, opened down to those that fit. */
  model(load: Load, changed: () => void): TreeModel {
    const rows = async (path: string, start: number, end: number): Promise<readonly ImageRow[]> => {
      const kept = this.#children.get(path);
      if (!kept) return load(path, start, end);
      return kept.slice(start, end).map(({ row }) => ({ ...row, childCount: this.#countUnder(row) }));
    };
    const top = this.#children.get("") ?? [];
    const model = new TreeModel(top.length, rows, changed);
    const open = (path: string, branch: TreeModel["root"]): void => {
      for (const [index, { row }] of (this.#children.get(path) ?? []).entries()) {
        const kept = this.#children.get(row.path);
        if (kept) open(row.path, model.open({ branch, index }, row.path, kept.length));
      }
    };
    open("", model.root);
    return model;
  }

  /** Where the row of a path is in `model`; undefined for a row that the filter hides, or that lies under one that fits. */
  place(model: TreeModel, path: string): Place | undefined {
    const parent = this.#parents.get(path);
    if (parent === undefined) return undefined;
    const index = (this.#children.get(parent) ?? []).findIndex(({ row }) => row.path === path);
    const outer = parent === "" ? undefined : this.place(model, parent);
    if (parent !== "" && !outer) return undefined;
    const branch = outer ? model.open(outer, parent, (this.#children.get(parent) ?? []).length) : model.root;
    return { branch, index };
  }

  #countUnder({ path, childCount }: ImageRow): number {
    return this.#children.get(path)?.length ?? childCount;
  }
}
