import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { ImageRow } from "../../../src/protocol/index.ts";
import { TreeModel } from "../../../webview/image/tree-model.ts";
import type { Place } from "../../../webview/image/tree-model.ts";

function row(path: string): ImageRow {
  const span = { start: 0, end: 0 };
  return {
    path,
    label: path,
    type: "",
    value: "",
    kind: "entry",
    span,
    valueSpan: span,
    childCount: 3,
    doc: "",
    searches: [],
  };
}

function model(count: number) {
  const asked: string[] = [];
  const made = new TreeModel(
    count,
    (path, start, end) => {
      asked.push(`${path}[${start}..${end})`);
      return Promise.resolve(Array.from({ length: end - start }, (_, at) => row(`${path}/${start + at}`)));
    },
    () => undefined,
  );
  return { model: made, asked };
}

function at(tree: TreeModel, position: number): Place {
  const place = tree.at(position);
  assert.ok(place);
  return place;
}

describe("TreeModel", () => {
  it("shows the children of an open row below it and puts all later rows further down", () => {
    const { model: tree } = model(1000);
    tree.open(at(tree, 10), "/10", 3);
    assert.equal(tree.rowCount, 1003);
    assert.deepEqual(
      [at(tree, 11), at(tree, 13)].map(({ branch, index }) => [branch.path, index]),
      [
        ["/10", 0],
        ["/10", 2],
      ],
    );
    assert.equal(at(tree, 14).index, 11);
  });

  it("finds every visible row's position again, with several levels open", () => {
    const { model: tree } = model(50);
    tree.open(at(tree, 40), "/40", 3);
    tree.open(at(tree, 7), "/7", 5);
    tree.open(at(tree, 9), "/7/1", 4);
    for (let position = 0; position < tree.rowCount; position++)
      assert.equal(tree.positionOf(at(tree, position)), position);
  });

  it("remembers what was open below a row that was closed", () => {
    const { model: tree } = model(10);
    const outer = at(tree, 2);
    tree.open(outer, "/2", 3);
    tree.open(at(tree, 4), "/2/1", 4);
    tree.close(outer);
    assert.equal(tree.rowCount, 10);
    tree.open(outer, "/2", 3);
    assert.equal(tree.rowCount, 10 + 3 + 4);
  });

  it("counts rows rightly when a branch changes under a closed one", () => {
    const { model: tree } = model(10);
    const outer = at(tree, 2);
    tree.open(outer, "/2", 3);
    const inner = at(tree, 4);
    tree.close(outer);
    tree.open(inner, "/2/1", 4);
    assert.equal(tree.rowCount, 10);
    tree.open(outer, "/2", 3);
    assert.equal(tree.rowCount, 17);
  });

  it("asks for pages of rows, each once", async () => {
    const { model: tree, asked } = model(100_000);
    assert.equal(tree.row(at(tree, 70_000)), "asked");
    assert.equal(tree.row(at(tree, 70_001)), "asked");
    assert.deepEqual(asked, ["[69952..70016)"]);
    await setImmediate();
    assert.equal(tree.known(at(tree, 70_001))?.path, "/70001");
  });

  it("forgets rows that were looked at long ago", async () => {
    const { model: tree } = model(100_000);
    for (let position = 0; position < 100_000; position += 64) {
      tree.row(at(tree, position));
      await setImmediate();
    }
    assert.equal(tree.known(at(tree, 0)), undefined);
    assert.ok(tree.root.pages.size <= 256);
  });

  it("says why a page of rows can't be had instead of asking for ever", async () => {
    const tree = new TreeModel(
      5,
      () => Promise.reject(new Error("The disk is gone.")),
      () => undefined,
    );
    tree.row(at(tree, 0));
    await setImmediate();
    assert.deepEqual(tree.row(at(tree, 0)), { error: "The disk is gone." });
  });

  it("opens the way to a row that the host located", () => {
    const { model: tree } = model(10);
    const place = tree.openTo([
      { path: "/4", index: 4, childCount: 3 },
      { path: "/4/2", index: 2, childCount: 6 },
      { path: "/4/2/5", index: 5, childCount: 0 },
    ]);
    assert.ok(place);
    assert.equal(tree.positionOf(place), 4 + 1 + 2 + 1 + 5);
    assert.deepEqual(tree.openPaths(10), ["/4", "/4/2"]);
  });
});
