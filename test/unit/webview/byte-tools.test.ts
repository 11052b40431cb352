import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Memento, Uri } from "vscode";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { Bookmark } from "../../../src/protocol/index.ts";
import { Bookmarks, nextBookmark } from "../../../src/vscode/image-editor/bookmarks.ts";
import { checksums } from "../../../src/vscode/image-editor/checksums.ts";
import { COPY_FORMS } from "../../../src/vscode/image-editor/copy-as.ts";
import { ImageDocument } from "../../../src/vscode/image-editor/document.ts";
import { saveBytes } from "../../../src/vscode/image-editor/save-selection.ts";
import { seekUnused } from "../../../src/vscode/image-editor/seek.ts";
import { fixture } from "../fixtures.ts";
import { spansOf } from "./spans.ts";

const folder = mkdtempSync(join(tmpdir(), "tools-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));

describe("copies of bytes", () => {
  it("in C are an array that a C compiler reads back", function () {
    const source = join(folder, "array.c");
    const program = `${COPY_FORMS.c.text(everyByte)}\n#include <stdio.h>\nint main(void) { return fwrite(bytes, 1, sizeof bytes, stdout) != sizeof bytes; }\n`;
    writeFileSync(source, program);
    try {
      execFileSync("cc", ["-Wall", "-Werror", "-o", join(folder, "array"), source]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") this.skip();
      throw error;
    }
    assert.deepEqual(execFileSync(join(folder, "array")), everyByte);
  });

  it("in Python are a literal that Python reads back", () => {
    for (const bytes of [everyByte, everyByte.subarray(32, 64), Buffer.alloc(0)]) {
      const script = `import sys; sys.stdout.buffer.write(${COPY_FORMS.python.text(bytes)})`;
      assert.deepEqual(execFileSync("python3", ["-c", script]), bytes);
    }
  });

  it("in base64 and hex are what openssl and Node read back", () => {
    const decoded = execFileSync("openssl", ["base64", "-d", "-A"], {
      input: COPY_FORMS.base64.text(everyByte),
    });
    assert.deepEqual(decoded, everyByte);
    assert.deepEqual(Buffer.from(COPY_FORMS.hex.text(everyByte).replaceAll(" ", ""), "hex"), everyByte);
  });
});

describe("checksums of bytes", () => {
  it("are those of the system's programs, for a part of a file over several chunks", async () => {
    const bytes = Buffer.alloc(5_000_000, everyByte);
    const range = { start: 12_345, end: 4_000_001 };
    const input = bytes.subarray(range.start, range.end);
    const sums = new Map((await checksums(bufferSource(bytes), range)).map(({ name, hex }) => [name, hex]));
    for (const [name, program] of [
      ["MD5", "md5sum"],
      ["SHA-1", "sha1sum"],
      ["SHA-256", "sha256sum"],
    ] as const)
      assert.equal(
        sums.get(name),
        execFileSync(program, { input, encoding: "utf8" }).slice(0, sums.get(name)?.length),
      );
    const python = "import sys, zlib; print('%08x' % zlib.crc32(sys.stdin.buffer.read()))";
    assert.equal(
      sums.get("CRC-32"),
      execFileSync("python3", ["-c", python], { input, encoding: "utf8" }).trim(),
    );
  });
});

describe("saving selected bytes", () => {
  it("writes just these bytes", async () => {
    const target = join(folder, "part.bin");
    await saveBytes(bufferSource(everyByte), { start: 10, end: 20 }, target, undefined);
    assert.deepEqual(readFileSync(target), everyByte.subarray(10, 20));
  });

  it("never writes over the image, whatever it is called", async () => {
    const [image, link] = [join(folder, "evidence.img"), join(folder, "other-name.bin")];
    writeFileSync(image, everyByte);
    linkSync(image, link);
    for (const target of [image, link])
      await assert.rejects(saveBytes(bufferSource(everyByte), { start: 0, end: 1 }, target, image), {
        code: "imageEditor.overEvidence",
      });
    assert.deepEqual(readFileSync(image), everyByte);
  });

  it("leaves nothing behind when it is cancelled", async () => {
    const target = join(folder, "cancelled.bin");
    const signal = AbortSignal.abort();
    const range = { start: 0, end: 256 };
    await assert.rejects(saveBytes(bufferSource(everyByte), range, target, undefined, signal));
    assert.ok(!readdirSync(folder).includes("cancelled.bin"));
  });
});

describe("bookmarks", () => {
  const mark = (start: number, note = ""): Bookmark => ({ start, end: start + 4, colour: "red", note });

  function memento(): Memento {
    const kept = new Map<string, unknown>();
    return {
      keys: () => [...kept.keys()],
      // As VS Code does: what is kept went through JSON.
      get: <T>(key: string, otherwise?: T) =>
        kept.has(key) ? (structuredClone(kept.get(key)) as T) : (otherwise as T),
      update: (key: string, value: unknown) =>
        Promise.resolve(void kept.set(key, JSON.parse(JSON.stringify(value)))),
    };
  }

  it("are kept for each image by themselves, in order, over a restart", async () => {
    const state = memento();
    const changed: string[] = [];
    const bookmarks = new Bookmarks(state, (image) => changed.push(image));
    await bookmarks.set("file:///a", mark(100));
    await bookmarks.set("file:///a", mark(10, "note"));
    await bookmarks.set("file:///b", mark(1));
    await bookmarks.set("file:///a", { ...mark(100), colour: "blue" });
    const later = new Bookmarks(state, () => undefined);
    assert.deepEqual(later.of("file:///a"), [mark(10, "note"), { ...mark(100), colour: "blue" }]);
    await later.remove("file:///a", 10);
    assert.deepEqual(
      later.of("file:///a").map(({ start }) => start),
      [100],
    );
    assert.deepEqual(later.of("file:///b"), [mark(1)]);
    assert.deepEqual(changed, ["file:///a", "file:///a", "file:///b", "file:///a"]);
  });

  it("that someone else wrote into the state are left out", async () => {
    const state = memento();
    const wrong = [mark(1), { start: "1" }, { ...mark(2), colour: "url(x)" }, null];
    await state.update("cryoscope.bookmarks", { a: wrong, b: "text" });
    const bookmarks = new Bookmarks(state, () => undefined);
    assert.deepEqual(bookmarks.of("a"), [mark(1)]);
    assert.deepEqual(bookmarks.of("b"), []);
  });

  it("are gone through in both directions, round the end", () => {
    const all = [mark(10), mark(20), mark(30)];
    assert.equal(nextBookmark(all, 20, 1)?.start, 30);
    assert.equal(nextBookmark(all, 30, 1)?.start, 10);
    assert.equal(nextBookmark(all, 20, -1)?.start, 10);
    assert.equal(nextBookmark(all, 5, -1)?.start, 30);
    assert.equal(nextBookmark([], 5, 1), undefined);
  });
});

describe("stepping through unknown and unused bytes", () => {
  it("finds each range of a broken image once, forwards and backwards", async () => {
    const images = join(await fixture("corpus/a-single"), "img");
    const name = readdirSync(images).find((file) => file.startsWith("core-")) ?? "";
    // Bytes after the last entry belong to nothing.
    const bytes = Buffer.concat([readFileSync(join(images, name)), Buffer.from("not an entry")]);
    const source = bufferSource(bytes);
    // The document only hands its URI on.
    const uri = { path: "/image" } as unknown as Uri;
    const document = new ImageDocument(uri, () => Promise.resolve({ name, source, seal: undefined }));
    const tree = await document.tree();
    const spans = spansOf(await document.handlers.bytes({ offset: 0, length: bytes.length }));
    const unused = spans.filter(({ kind }) => kind === "unknown" || kind === "padding");
    assert.ok(unused.length > 0);
    const forwards: number[] = [];
    for (let at = -1; ;) {
      const found = await seekUnused(tree, at, 1);
      if (!found) break;
      forwards.push(found.start);
      at = found.start;
    }
    const backwards: number[] = [];
    for (let at = bytes.length; ;) {
      const found = await seekUnused(tree, at, -1);
      if (!found) break;
      backwards.unshift(found.start);
      at = found.start;
    }
    assert.deepEqual(forwards, backwards);
    assert.deepEqual(
      unused.filter(({ start }) => !forwards.includes(start)),
      [],
    );
    document.dispose();
  });
});
