import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, env } from "vscode";
import type { ByteQuery } from "../../src/protocol/index.ts";
import type { ImageEditorHandle } from "../../src/vscode/image-editor/index.ts";
import { closeAll, Images, until } from "./image-support.ts";

const GIB = 2 ** 30;
const run = (name: string, ...parameters: unknown[]) =>
  commands.executeCommand(`cryoscope.hex.${name}`, ...parameters);

describe("the image editor's bytes", () => {
  let images: Images;

  before(async () => {
    images = await Images.unpack("a-single");
  });

  afterEach(closeAll);

  after(() => {
    images.remove();
  });

  /** Waits until the bytes from `start` on are selected. */
  async function selected(editor: ImageEditorHandle, start: number, end?: number): Promise<void> {
    await until(
      () => {
        const now = editor.selection();
        return now?.start === start && (end === undefined || now.end === end) ? true : undefined;
      },
      `${start} isn't selected, but ${JSON.stringify(editor.selection())}`,
    );
  }

  async function select(editor: ImageEditorHandle, start: number, end: number): Promise<void> {
    editor.select({ start, end });
    await selected(editor, start, end);
  }

  function core(): { file: string; bytes: Buffer } {
    const file = images.file(/^core-/);
    return { file, bytes: readFileSync(file) };
  }

  it("are copied in each form", async () => {
    const { file, bytes } = core();
    const editor = await images.open(file);
    await select(editor, 4, 20);
    const part = bytes.subarray(4, 20);
    await run("copyAsHex");
    assert.equal((await env.clipboard.readText()).replaceAll(" ", ""), part.toString("hex"));
    await run("copyAsBase64");
    assert.equal(await env.clipboard.readText(), part.toString("base64"));
    await run("copyAsC");
    const numbers = (await env.clipboard.readText()).match(/0x[0-9a-f]{2}/g) ?? [];
    assert.deepEqual(Buffer.from(numbers.map(Number)), part);
    await run("copyAsPython");
    const script = `import sys; sys.stdout.buffer.write(${await env.clipboard.readText()})`;
    assert.deepEqual(execFileSync("python3", ["-c", script]), part);
  });

  it("are searched, and matches are stepped through in both directions", async () => {
    const { file, bytes } = core();
    const editor = await images.open(file);
    await select(editor, 0, 1);
    const places = [...bytes.toString("latin1").matchAll(/feat/g)].map(({ index }) => index);
    const [first = -1, second = first] = places;
    const query: ByteQuery = { kind: "text", text: "FEAT", encoding: "utf-8", matchCase: false };
    await run("find", query);
    await selected(editor, first, first + 4);
    await run("findNext");
    await selected(editor, second);
    await run("findPrevious");
    await selected(editor, first);
    await run("find", { kind: "hex", text: "66 ?? 61 7?" } satisfies ByteQuery);
    await selected(editor, first, first + 4);
  });

  it("keep bookmarks for the next time they are opened", async () => {
    const { file } = core();
    const editor = await images.open(file);
    for (const start of [64, 16]) {
      await select(editor, start, start + 4);
      await run("toggleBookmark");
    }
    await commands.executeCommand("workbench.action.closeAllEditors");
    const again = await images.open(file);
    await select(again, 0, 1);
    await run("nextBookmark");
    await selected(again, 16, 20);
    await run("nextBookmark");
    await selected(again, 64, 68);
    await run("nextBookmark");
    await selected(again, 16);
    await run("previousBookmark");
    await selected(again, 64);
    await run("toggleBookmark");
    await run("previousBookmark");
    await selected(again, 16);
    await run("toggleBookmark");
  });

  it("that nothing accounts for are stepped to", async () => {
    const { bytes } = core();
    const file = join(images.folder, "core-9.img");
    writeFileSync(file, Buffer.concat([bytes, Buffer.from("xyz")]));
    const editor = await images.open(file);
    await select(editor, 0, 1);
    await run("nextUnused");
    await selected(editor, bytes.length, bytes.length + 3);
    await select(editor, bytes.length + 2, bytes.length + 3);
    await run("previousUnused");
    await selected(editor, bytes.length);
  });

  it("are searched to the end of a gibibyte while the editor stays usable", async function () {
    this.timeout(120_000);
    const file = join(images.folder, "pages-7.img");
    const needle = Buffer.from("the needle");
    writeFileSync(file, "");
    truncateSync(file, GIB);
    execFileSync("dd", [`of=${file}`, "bs=1", `seek=${GIB - 100}`, "conv=notrunc", "status=none"], {
      input: needle,
    });
    const editor = await images.open(file);
    await select(editor, 0, 1);
    const started = performance.now();
    await run("find", {
      kind: "text",
      text: "The Needle",
      encoding: "utf-8",
      matchCase: false,
    } satisfies ByteQuery);
    // Meanwhile other bytes can be selected.
    await select(editor, 5000, 5001);
    const answered = performance.now() - started;
    await until(
      () => (editor.selection()?.start === GIB - 100 ? true : undefined),
      "the needle isn't found",
      2000,
    );
    const took = performance.now() - started;
    console.log(
      `      1 GiB searched in ${took.toFixed(0)} ms, a selection meanwhile took ${answered.toFixed(0)} ms`,
    );
  });
});
