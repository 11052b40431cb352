import assert from "node:assert/strict";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteQuery } from "../../../src/protocol/index.ts";
import { searchPart } from "../../../src/vscode/image-editor/search.ts";
import { Search } from "../../../webview/image/search-model.ts";

const text = (value: string): ByteQuery => ({
  kind: "text",
  text: value,
  encoding: "utf-8",
  matchCase: true,
});

describe("a search of the view", () => {
  it("collects the parts that the host finds, and knows which matches touch a row", async () => {
    const bytes = Buffer.alloc(50_000, "abcde");
    let told = 0;
    const search = new Search(
      text("cd"),
      bytes.length,
      (query, start) => searchPart(bufferSource(bytes), query, start),
      () => told++,
    );
    await search.run();
    assert.equal(search.count, 10_000);
    assert.ok(search.isDone);
    // At most 4096 are given at a time.
    assert.ok(told >= 3);
    for (const index of [0, 1, 4095, 4096, 9999])
      assert.deepEqual(search.at(index), { start: index * 5 + 2, end: index * 5 + 4 });
    assert.deepEqual(search.within({ start: 3, end: 8 }), [
      { start: 2, end: 4 },
      { start: 7, end: 9 },
    ]);
    assert.equal(search.from(8), 2);
    assert.equal(search.from(50_000), 10_000);
  });

  it("asks for no more after it was stopped, and goes on from there", async () => {
    let asked = 0;
    const search: Search = new Search(
      text("x"),
      100,
      (_query, start) => {
        asked++;
        if (asked === 2) search.stop();
        return Promise.resolve({ end: start + 10, offsets: [start], lengths: [1] });
      },
      () => undefined,
    );
    await search.run();
    assert.equal(asked, 2);
    assert.equal(search.isDone, false);
    await search.run();
    assert.equal(search.count, 10);
  });

  it("says why it can't search", async () => {
    const search = new Search(
      { kind: "regex", text: "(", matchCase: true },
      10,
      (query, start) => searchPart(bufferSource(new Uint8Array(10)), query, start),
      () => undefined,
    );
    await search.run();
    assert.match(search.error ?? "", /can't be searched for/);
    assert.equal(search.isRunning, false);
  });
});
