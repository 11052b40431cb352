import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { ImageBytes } from "../../../src/protocol/index.ts";
import { hexLayout, moveCursor } from "../../../webview/image/hex-layout.ts";
import { HexPages, PAGE_SIZE } from "../../../webview/image/hex-pages.ts";
import { parseOffset, rangeWords, sizeWords } from "../../../webview/image/words.ts";
import { columnsOf } from "./spans.ts";

function pageAt(offset: number, length: number): ImageBytes {
  const bytes = Uint8Array.from({ length }, (_, at) => (offset + at) % 251);
  const middle = offset + length / 2;
  return {
    offset,
    bytes,
    spans: columnsOf([
      { start: offset, end: middle, kind: "tag", path: "a" },
      { start: middle, end: offset + length, kind: "value", path: "a" },
    ]),
    edited: [{ start: middle, end: middle + 2 }],
  };
}

describe("HexPages", () => {
  it("shows what it had until the bytes of an edited image are there", async () => {
    let byte = 1;
    const load = (offset: number): Promise<ImageBytes> =>
      Promise.resolve({
        offset,
        bytes: new Uint8Array([byte]),
        spans: columnsOf([{ start: 0, end: 1, kind: "value", path: "" }]),
        edited: [],
      });
    const pages = new HexPages(load, () => undefined);
    const value = (): unknown => {
      const info = pages.at(0);
      return typeof info === "object" && "value" in info ? info.value : info;
    };
    assert.equal(value(), "asked");
    await setImmediate();
    byte = 2;
    pages.reload();
    assert.equal(value(), 1);
    await setImmediate();
    assert.equal(value(), 2);
  });

  it("gives each byte with its kind and where its span begins", async () => {
    const pages = new HexPages(
      (offset, length) => Promise.resolve(pageAt(offset, length)),
      () => undefined,
    );
    const middle = PAGE_SIZE * 3 + PAGE_SIZE / 2;
    assert.equal(pages.at(middle), "asked");
    await setImmediate();
    assert.deepEqual(pages.at(middle), { value: middle % 251, kind: "value", starts: true, edited: true });
    assert.deepEqual(pages.at(middle - 1), {
      value: (middle - 1) % 251,
      kind: "tag",
      starts: false,
      edited: false,
    });
    assert.equal(pages.spanAt(middle)?.path, "a");
  });

  it("keeps a bounded number of pages and asks for few at a time", async () => {
    let now = 0;
    let most = 0;
    let asked = 0;
    const pages = new HexPages(
      async (offset, length) => {
        asked++;
        most = Math.max(most, ++now);
        await setImmediate();
        now--;
        return pageAt(offset, length);
      },
      () => undefined,
    );
    for (let page = 0; page < 500; page++) {
      pages.at(page * PAGE_SIZE);
      if (page % 4 === 3) for (let turn = 0; turn < 3; turn++) await setImmediate();
    }
    assert.equal(asked, 500);
    assert.ok(most <= 4, `${most} at once`);
    assert.equal(pages.spanAt(0), undefined, "the first page was forgotten");
    assert.ok(pages.spanAt(499 * PAGE_SIZE));
  });

  it("says why bytes can't be read", async () => {
    const pages = new HexPages(
      () => Promise.reject(new Error("The record is not authentic.")),
      () => undefined,
    );
    pages.at(0);
    await setImmediate();
    assert.deepEqual(pages.at(0), { error: "The record is not authentic." });
  });
});

describe("the hex grid's layout", () => {
  it("has 8, 16 or 32 bytes in a row, as many as fit", () => {
    assert.deepEqual(
      [40, 80, 200].map((characters) => hexLayout(1000, characters).columns),
      [8, 16, 32],
    );
  });

  it("has offsets as wide as the last one", () => {
    assert.equal(hexLayout(2 ** 32, 80).digits, 8);
    assert.equal(hexLayout(2 ** 32 + 1, 80).digits, 9);
  });

  it("keeps the cursor on the image and in its column", () => {
    const place = { columns: 16, pageRows: 10, size: 100 };
    const to = (key: string, from: number, whole = false) => moveCursor(key, whole, from, place);
    assert.equal(to("ArrowUp", 5), 5);
    assert.equal(to("ArrowDown", 90), 90);
    assert.equal(to("ArrowDown", 80), 96);
    assert.equal(to("PageUp", 37), 5);
    assert.equal(to("PageDown", 37), 99);
    assert.equal(to("End", 37), 47);
    assert.equal(to("End", 97), 99);
    assert.equal(to("Home", 37, true), 0);
    assert.equal(to("x", 37), undefined);
  });
});

describe("words about bytes", () => {
  it("reads an offset in the ways people write it", () => {
    assert.deepEqual(
      ["0x1f", "1FH", "31", "1_000", " 0X3fff_ffff ", "entries[0]", "1f", ""].map(parseOffset),
      [31, 31, 31, 1000, 0x3fffffff, undefined, undefined, undefined],
    );
  });

  it("names a range with both its ends", () => {
    assert.equal(rangeWords({ start: 16, end: 20 }), "0x10 – 0x13");
    assert.equal(rangeWords({ start: 16, end: 17 }), "0x10");
    assert.equal(rangeWords({ start: 16, end: 16 }), "0x10");
  });

  it("gives small sizes exactly and big ones rounded", () => {
    assert.deepEqual([1, 4096, 10_240, 2 ** 30, 1_500_000].map(sizeWords), [
      "1 byte",
      "4,096 bytes",
      "10 KiB",
      "1 GiB",
      "1.4 MiB",
    ]);
  });
});
