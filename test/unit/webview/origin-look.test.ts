import assert from "node:assert/strict";
import { originLook as lookOf } from "../../../src/vscode/memory/origin.ts";
import type { MemoryOrigin } from "../../../src/protocol/index.ts";
import type { Known } from "../../../webview/memory/memory-pages.ts";
import { lineClass, originLook } from "../../../webview/memory/origin-look.ts";

const byte = (origin: MemoryOrigin): Known => ({ value: 0, origin });
const OWN = { code: "own" } as const;

describe("the gutter beside a line of memory", () => {
  it("has a letter, a colour and words for each place that bytes come from", () => {
    const looks = [
      lookOf({ kind: "dumped" }),
      lookOf({ kind: "layer", layer: 2 }),
      lookOf({ kind: "file", path: "/lib/libc.so.6", from: "sysroot" }),
      lookOf({ kind: "zero" }),
      lookOf({ kind: "unavailable", why: "noFile" }),
    ].map((origin) => originLook(byte(origin), OWN));
    assert.deepEqual(
      looks.map(({ letter, classes }) => `${letter} ${classes}`),
      [
        ...["D origin o-dumped", "2 origin o-layer", "F origin o-file"],
        ...["Z origin o-zero", "– origin o-unavailable"],
      ],
    );
    assert.equal(looks[1]?.words, "from parent layer 2");
    assert.equal(looks[2]?.words, "from /lib/libc.so.6, found in the sysroot");
    assert.equal(new Set(looks.map(({ words }) => words)).size, looks.length);
  });

  it("marks code that was dumped, whether its file is here to compare or not", () => {
    const dumped = byte({ kind: "dumped", letter: "D", words: "dumped here" });
    const copied = originLook(dumped, { code: "copied" });
    assert.deepEqual([copied.letter, copied.classes], ["D!", "origin o-dumped copied"]);
    assert.match(copied.words, /^dumped here; code of a file that was dumped all the same/);
    assert.match(originLook(dumped, { code: "modified" }).words, /; code that differs from its file$/);
    // What is the file's own is nothing to look at.
    const file = byte({ kind: "file", letter: "F", words: "from /bin/app" });
    assert.deepEqual(originLook(file, { code: "modified" }).letter, "F");
  });

  it("says nothing while a byte is read, or can't be", () => {
    const none = { letter: "", classes: "origin o-none", words: "" };
    assert.deepEqual(originLook("asked", OWN), none);
    assert.deepEqual(originLook({ error: "gone" }, OWN), none);
  });

  it("has a border above the lines with which pages begin, of whatever size they are", () => {
    const borders = (pageSize: number): readonly bigint[] =>
      [0x7f0000n, 0x7f0010n, 0x7f1000n, 0x7f4000n, 0x7f8000n].filter((address) =>
        lineClass(address, pageSize).includes("page-start"),
      );
    assert.deepEqual(borders(4096), [0x7f0000n, 0x7f1000n, 0x7f4000n, 0x7f8000n]);
    assert.deepEqual(borders(16384), [0x7f0000n, 0x7f4000n, 0x7f8000n]);
    assert.deepEqual(borders(65536), [0x7f0000n]);
  });
});
