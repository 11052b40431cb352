import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Uri } from "vscode";
import { bufferSource, bytesErrors } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import type { Handlers, ImageRow, ImageRpc } from "../../../src/protocol/index.ts";
import { ImageDocument } from "../../../src/vscode/image-editor/document.ts";
import { fixture } from "../fixtures.ts";
import { spansOf } from "./spans.ts";

// The document only hands its URI on.
const uri = { path: "/image" } as unknown as Uri;

function handlersOf(name: string, source: ByteSource): Handlers<ImageRpc> {
  return new ImageDocument(uri, () => Promise.resolve({ name, source, seal: undefined })).handlers;
}

async function openFixture(pattern: RegExp) {
  const folder = await fixture("corpus/a-single");
  const name = (await readdir(join(folder, "img"))).find((file) => pattern.test(file));
  assert.ok(name, String(pattern));
  const crit: unknown = JSON.parse(await readFile(join(folder, "crit", `${name}.json`), "utf8"));
  return { handlers: handlersOf(name, bufferSource(await readFile(join(folder, "img", name)))), crit };
}

/** Paths and values of everything simple in crit's JSON. */
function* leaves(value: unknown, path: string): Generator<[path: string, value: unknown]> {
  if (Array.isArray(value)) for (const [at, part] of value.entries()) yield* leaves(part, `${path}[${at}]`);
  else if (typeof value === "object" && value !== null)
    for (const [name, part] of Object.entries(value)) yield* leaves(part, `${path}.${name}`);
  else yield [path, value];
}

function* entryLeaves(crit: unknown): Generator<[path: string, value: unknown]> {
  const { entries } = crit as { entries: readonly unknown[] };
  yield* leaves(entries, "entries");
}

async function rowAt(handlers: Handlers<ImageRpc>, path: string): Promise<ImageRow> {
  const found = await handlers.locate({ path });
  assert.ok(found, path);
  assert.equal(found.row.path, path);
  return found.row;
}

describe("the image editor's document", () => {
  for (const pattern of [/^core-/, /^mm-/, /^files/, /^pstree/, /^inventory/, /^fdinfo-/])
    it(`has a row for every field that crit prints of ${pattern.source}`, async () => {
      const { handlers, crit } = await openFixture(pattern);
      let compared = 0;
      for (const [path, value] of entryLeaves(crit)) {
        const row = await rowAt(handlers, path);
        // crit prints names and hex as strings; numbers and text are the same for everyone.
        if (Number.isSafeInteger(value) && /^-?\d+$/.test(row.value))
          assert.equal(row.value, String(value), path);
        if (row.type === "string") assert.equal(row.value, JSON.stringify(value), path);
        compared++;
      }
      assert.ok(compared > 1);
    });

  it("finds a field by any of its bytes, and again by its path", async () => {
    const { handlers } = await openFixture(/^core-/);
    const comm = await rowAt(handlers, "entries[0].tc.comm");
    for (let start = comm.span.start; start < comm.span.end; start++)
      assert.equal((await handlers.locate({ start, end: start + 1 }))?.row.path, comm.path);
    const wider = await handlers.locate({ start: comm.span.start - 1, end: comm.span.end });
    assert.equal(wider?.row.path, "entries[0].tc");
  });

  it("offers to look for the definition and for references where a row has them, and else nothing", async () => {
    const both = ["definition", "references"];
    for (const [image, path, searches] of [
      [/^fdinfo-/, "entries[0].id", both],
      // By the image it belongs to a table of descriptors.
      [/^fdinfo-/, "entries[0].flags", both],
      [/^inventory/, "entries[0].img_version", []],
      [/^pagemap-[0-9]/, "entries[1].nr_pages", both],
      [/^pstree/, "entries[0].pid", both],
    ] as const) {
      const { handlers } = await openFixture(image);
      assert.deepEqual((await rowAt(handlers, path)).searches, searches, `${image.source} ${path}`);
    }
  });

  it("is offered in the menu only where there is something to look for", async () => {
    const manifest = JSON.parse(await readFile("package.json", "utf8")) as {
      contributes: { menus: { "webview/context": readonly { command: string; when: string }[] } };
    };
    const conditions = manifest.contributes.menus["webview/context"];
    for (const [command, key] of [
      ["cryoscope.tree.goToDefinition", "hasDefinition"],
      ["cryoscope.tree.findReferences", "hasReferences"],
    ])
      assert.match(conditions.find((one) => one.command === command)?.when ?? "", new RegExp(`&& ${key}$`));
  });

  it("gives steps whose indexes lead through the children to the row", async () => {
    const { handlers } = await openFixture(/^core-/);
    const found = await handlers.locate({ path: "entries[0].tc.sigactions[5].flags" });
    assert.ok(found);
    let parent = "";
    for (const { path, index } of found.steps) {
      const [child] = await handlers.children({ path: parent, start: index, end: index + 1 });
      assert.equal(child?.path, path);
      parent = path;
    }
    assert.equal(parent, found.row.path);
  });

  it("labels every byte of a page, in order and without gaps, with paths that have a row", async () => {
    const { handlers } = await openFixture(/^core-/);
    const { size } = await handlers.open({});
    const page = await handlers.bytes({ offset: 0, length: 65_536 });
    assert.equal(page.bytes.length, size);
    let position = 0;
    for (const { start, end, path } of spansOf(page)) {
      assert.equal(start, position);
      assert.ok(end > start);
      await rowAt(handlers, path);
      position = end;
    }
    assert.equal(position, size);
  });

  it("gives at most 200 rows and 64 KiB at a time", async () => {
    const big = new Uint8Array(8 + 4 * 50_000);
    new DataView(big.buffer).setUint32(0, 0x54564319, true);
    new DataView(big.buffer).setUint32(4, 0x50273030, true);
    const handlers = handlersOf("pstree.img", bufferSource(big));
    assert.equal((await handlers.open({})).entryCount, 50_000);
    assert.equal((await handlers.children({ path: "", start: 0, end: 50_000 })).length, 200);
    assert.equal((await handlers.bytes({ offset: 8, length: 1 << 30 })).bytes.length, 65_536);
  });

  it("opens a terabyte of pages without reading it", async () => {
    let read = 0;
    const pages: ByteSource = {
      size: 2 ** 40,
      read: (offset, length) => {
        const wanted = Math.min(length, 2 ** 40 - offset);
        read += wanted;
        return Promise.resolve(new Uint8Array(wanted));
      },
    };
    const handlers = handlersOf("pages-1.img", pages);
    assert.equal((await handlers.open({})).size, 2 ** 40);
    const end = await handlers.bytes({ offset: 2 ** 40 - 16, length: 4096 });
    assert.deepEqual(
      spansOf(end).map(({ kind, path }) => [kind, path]),
      [["payload", "payload"]],
    );
    assert.equal((await handlers.locate({ start: 2 ** 39, end: 2 ** 39 + 1 }))?.row.path, "payload");
    assert.ok(read < 65_536, `${read} bytes were read`);
  });

  it("shows what could be read of a broken image, and says what is wrong", async () => {
    const folder = await fixture("corpus/a-single");
    const whole = await readFile(join(folder, "img", "pstree.img"));
    const handlers = handlersOf("pstree.img", bufferSource(whole.subarray(0, whole.length - 3)));
    const { problems, rowCount } = await handlers.open({});
    assert.equal(problems[0]?.severity, "error");
    assert.equal((await handlers.children({ path: "", start: 0, end: rowCount })).length, rowCount);
    const page = await handlers.bytes({ offset: 0, length: 4096 });
    assert.equal(spansOf(page).at(-1)?.kind, "unknown");
  });

  it("can be opened again after it could not be read", async () => {
    let isThere = false;
    const { handlers } = new ImageDocument(uri, () => {
      if (!isThere) return Promise.reject(bytesErrors.unreadable("core-1.img", new Error("gone")));
      return Promise.resolve({
        name: "text.img",
        source: bufferSource(Buffer.from("text")),
        seal: undefined,
      });
    });
    await assert.rejects(handlers.open({}), { code: "bytes.unreadable" });
    isThere = true;
    assert.equal((await handlers.open({})).name, "text.img");
  });

  it("escapes control and direction characters of names in the evidence", async () => {
    const comm = Buffer.from("a\u001b[31m\u202eb\n");
    const tc = Buffer.concat([Buffer.from([0x32, comm.length]), comm]);
    const entry = Buffer.concat([Buffer.from([0x1a, tc.length]), tc]);
    const head = Buffer.alloc(12);
    head.writeUInt32LE(0x54564319, 0);
    head.writeUInt32LE(0x55053847, 4);
    head.writeUInt32LE(entry.length, 8);
    const handlers = handlersOf("core-1.img", bufferSource(Buffer.concat([head, entry])));
    const { value } = await rowAt(handlers, "entries[0].tc.comm");
    assert.equal(value, String.raw`"a\u001b[31m\u202eb\n"`);
  });
});
