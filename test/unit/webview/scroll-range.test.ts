import assert from "node:assert/strict";
import { ScrollRange } from "../../../webview/ui/scroll-range.ts";

function range(rowCount: number): ScrollRange {
  const made = new ScrollRange();
  Object.assign(made, { rowCount, rowHeight: 20, viewHeight: 600 });
  return made;
}

describe("ScrollRange", () => {
  it("reaches the last row of a petabyte exactly", () => {
    const rows = 2 ** 50 / 16;
    const scroll = range(rows);
    scroll.top = Infinity;
    assert.deepEqual(scroll.visible, { first: rows - 30, end: rows });
  });

  it("scrolls as little as needed to a row nearby, and centres one that is far away", () => {
    const scroll = range(10_000);
    scroll.reveal(30);
    assert.equal(scroll.top, 20);
    scroll.reveal(5);
    assert.equal(scroll.top, 20, "row 5 was visible already");
    scroll.reveal(5_000);
    assert.equal(scroll.top, 5_000 * 20 - 200);
  });

  it("has a thumb that can be grabbed, however long the list is", () => {
    const scroll = range(1e9);
    scroll.top = scroll.limit;
    assert.deepEqual(scroll.thumb(600), { start: 576, length: 24 });
    scroll.dragThumb(288, 600);
    assert.equal(scroll.top, scroll.limit / 2);
  });

  it("has no thumb when everything fits", () => {
    assert.equal(range(30).thumb(600), undefined);
  });
});
