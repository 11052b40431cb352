import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openImage } from "../../../src/criu/index.ts";
import type { FilterPart, ImageRow } from "../../../src/protocol/index.ts";
import { children } from "../../../src/vscode/image-editor/nodes.ts";
import { rowJson } from "../../../src/vscode/image-editor/row-json.ts";
import { rowOf } from "../../../src/vscode/image-editor/rows.ts";
import { expandRows } from "../../../src/vscode/image-editor/tree-expand.ts";
import { filterPart } from "../../../src/vscode/image-editor/tree-filter.ts";
import { ImageTree } from "../../../src/vscode/image-editor/tree.ts";
import { FilteredRows } from "../../../webview/image/filter-model.ts";
import type { TreeModel } from "../../../webview/image/tree-model.ts";
import { crumbText } from "../../../webview/image/words.ts";
import { fixture } from "../fixtures.ts";

async function treeOf(name: string, file: string): Promise<{ tree: ImageTree; crit: readonly unknown[] }> {
  const root = await fixture(`corpus/${name}`);
  const bytes = await readFile(join(root, "img", file));
  const crit = JSON.parse(await readFile(join(root, "crit", `${file}.json`), "utf8")) as {
    entries: readonly unknown[];
  };
  return { tree: new ImageTree(await openImage(file, bufferSource(bytes))), crit: crit.entries };
}

async function filterAll(tree: ImageTree, query: string, limit = 500): Promise<FilterPart[]> {
  const parts: FilterPart[] = [];
  for (let from: number | undefined = 0; from !== undefined && parts.length < 1000;) {
    const part: FilterPart = await filterPart(tree, query, from, limit);
    parts.push(part);
    from = part.next;
  }
  return parts;
}

const fitting = (parts: readonly FilterPart[]): string[] =>
  parts.flatMap(({ rows }) => rows.filter(({ fits }) => fits).map(({ row }) => row.path));

describe("filtering the field tree", () => {
  it("finds the rows whose value has the text that crit's JSON has there", async () => {
    const { tree, crit } = await treeOf("c-files", "files.img");
    const named = (crit as readonly { reg?: { name: string } }[]).flatMap(({ reg }, at) =>
      reg?.name.includes("/usr/lib") ? [`entries[${String(at)}].reg.name`] : [],
    );
    assert.ok(named.length > 0);
    assert.deepEqual(fitting(await filterAll(tree, "/USR/lib")), named);
  });

  it("finds rows by name and, with a dot, by path", async () => {
    const { tree, crit } = await treeOf("c-files", "files.img");
    const having = (crit as readonly { reg?: unknown }[]).flatMap(({ reg }, at) => (reg ? [at] : []));
    const owners = having.map((at) => `entries[${String(at)}].reg.fown`);
    assert.deepEqual(fitting(await filterAll(tree, "reg.fown")), owners);
    assert.deepEqual(
      fitting(await filterAll(tree, "fown")).filter((path) => path.includes(".reg.")),
      owners,
    );
  });

  it("gives the rows above a row that fits once, outer ones first", async () => {
    const { tree } = await treeOf("c-files", "files.img");
    const rows = (await filterAll(tree, "signum")).flatMap((part) => part.rows);
    const seen = new Set([""]);
    for (const { row, parent } of rows) {
      assert.ok(seen.has(parent), parent);
      assert.ok(!seen.has(row.path), row.path);
      seen.add(row.path);
    }
  });

  it("stops at the limit and says that there is more", async () => {
    const { tree } = await treeOf("c-files", "files.img");
    const part = await filterPart(tree, "id", 0, 2);
    assert.equal(part.count, 2);
    assert.notEqual(part.next, undefined);
  });

  it("shows what fits and what is above it, opened, and the children of what fits", async () => {
    const { tree } = await treeOf("c-files", "files.img");
    const rows = new FilteredRows();
    for (const part of await filterAll(tree, "reg.fown")) rows.add(part);
    const load = async (path: string, start: number, end: number): Promise<readonly ImageRow[]> => {
      const found = await tree.find(path);
      assert.ok(found);
      return Promise.all(
        children(found.node)
          .slice(start, end)
          .map((node) => rowOf(tree, node)),
      );
    };
    const model = rows.model(load, () => undefined);
    const [first = "", last = ""] = [(await shownPaths(model))[0], (await shownPaths(model)).at(-1)];
    assert.match(first, /^entries\[\d+\]$/);
    assert.match(last, /\.reg\.fown$/);
    // Three rows an entry: the entry, its reg, its fown.
    assert.equal(model.rowCount, rows.count * 3);
    const place = rows.place(model, last);
    assert.ok(place);
    const row = model.row(place);
    assert.ok(row !== "asked" && !("error" in row));
    model.open(place, row.path, row.childCount);
    assert.ok((await shownPaths(model)).includes(`${last}.signum`));
    assert.equal(rows.place(model, "entries[0].type"), undefined);
  });
});

async function shownPaths(model: TreeModel): Promise<string[]> {
  const paths: string[] = [];
  for (let at = 0; at < model.rowCount; at++) {
    const place = model.at(at);
    assert.ok(place);
    let row = model.row(place);
    while (row === "asked") {
      await new Promise((done) => setImmediate(done));
      row = model.row(place);
    }
    assert.ok(!("error" in row));
    paths.push(row.path);
  }
  return paths;
}

describe("opening all of the field tree", () => {
  it("opens every row that has children, below a row or from the top", async () => {
    const { tree } = await treeOf("c-seccomp", "seccomp.img");
    const { rows, isCut } = await expandRows(tree, "");
    assert.equal(isCut, false);
    assert.deepEqual(
      rows.map(({ path, index }) => [path, index]),
      [["entries[0]", 2]],
    );
    const filters = rows[0]?.open[0]?.open ?? [];
    assert.deepEqual(
      filters.map(({ path, open }) => [path, open[0]?.path, open[0]?.childCount]),
      [0, 1, 2].map((at) => {
        const path = `entries[0].seccomp_filters[${String(at)}]`;
        return [path, `${path}.filter`, 7];
      }),
    );
    assert.equal((await expandRows(tree, "entries[0].seccomp_filters[1]")).rows.length, 1);
  });

  it("opens a thousand rows at most, and says so", async () => {
    const { tree } = await treeOf("c-files", "files.img");
    // The first entry again and again.
    const { image } = tree;
    const entrySpan = () => image.entrySpan(0);
    const many = new ImageTree({ ...image, entryCount: 5000, entry: () => image.entry(0), entrySpan });
    const { rows, isCut } = await expandRows(many, "");
    const count = (list: typeof rows): number => list.reduce((sum, { open }) => sum + 1 + count(open), 0);
    assert.equal(isCut, true);
    assert.equal(count(rows), 1000);
  });
});

describe("a row as JSON", () => {
  it("is what crit prints of it", async () => {
    const { tree, crit } = await treeOf("c-files", "files.img");
    const at = (crit as readonly { reg?: unknown }[]).findIndex(({ reg }) => reg);
    const reg = (crit as readonly { reg?: Record<string, unknown> }[])[at]?.reg ?? {};
    const json = async (path: string): Promise<unknown> => {
      const found = await tree.find(path);
      assert.ok(found, path);
      return JSON.parse(await rowJson(tree.image, found.node)) as unknown;
    };
    const entry = `entries[${String(at)}]`;
    assert.deepEqual(await json(entry), crit[at]);
    assert.deepEqual(await json(`${entry}.reg`), reg);
    for (const name of ["name", "flags", "pos", "fown"])
      assert.deepEqual(await json(`${entry}.reg.${name}`), reg[name], name);
  });
});

describe("breadcrumbs", () => {
  it("show of each row what its path has beyond its parent's", () => {
    const way = ["entries[0]", "entries[0].tc", "entries[0].tc.sigactions", "entries[0].tc.sigactions[3]"];
    assert.deepEqual(
      way.map((path, at) => crumbText(path, way[at - 1])),
      ["entries[0]", "tc", "sigactions", "[3]"],
    );
  });
});
