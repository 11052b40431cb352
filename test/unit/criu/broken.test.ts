import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { decodeAs, openImage } from "../../../src/criu/index.ts";
import type { Image } from "../../../src/criu/index.ts";
import { allProblems, corpusImages, tiledSpans } from "./corpus.ts";

/** One image of each shape: single entry, many entries, payloads of every kind, raw. */
const SHAPES = [
  ["corpus/a-single", "inventory.img"],
  ["corpus/a-single", "core-15492.img"],
  ["corpus/a-single", "pagemap-15492.img"],
  ["corpus/a-single", "stats-dump"],
  ["corpus/c-unix", "files.img"],
  ["corpus/c-unix", "sk-queues.img"],
  ["corpus/c-sysv", "ipcns-msg-9.img"],
  ["corpus/c-sysv", "ipcns-sem-9.img"],
  ["corpus/c-ghost", "ghost-file-3.img"],
  ["corpus/c-ghost", "ghost-file-4.img"],
] as const;

const open = (name: string, bytes: Uint8Array): Promise<Image> => openImage(name, bufferSource(bytes));

async function shapes(): Promise<{ name: string; bytes: Buffer }[]> {
  const found = [];
  for (const [fixtureName, name] of SHAPES) {
    const image = (await corpusImages(fixtureName)).find((each) => each.name === name);
    assert.ok(image, name);
    found.push({ name, bytes: await readFile(image.path) });
  }
  return found;
}

describe("broken images", () => {
  it("cut off anywhere tile all the same, and keep the entries that are whole", async () => {
    for (const { name, bytes } of await shapes()) {
      const whole = await open(name, bytes);
      const step = Math.max(1, Math.floor(bytes.length / 600));
      for (let length = 0; length < bytes.length; length += step) {
        const image = await open(name, bytes.subarray(0, length));
        await tiledSpans(image);
        let left = 0;
        while (left < whole.entryCount && whole.entrySpan(left).end <= length) left++;
        assert.ok(image.entryCount >= left, `${name} cut to ${length}`);
        const atEdge = left > 0 && whole.entrySpan(left - 1).end === length;
        const said = (await allProblems(image)).length > 0;
        const onlyHeader = length === whole.header.at(-1)?.end;
        // The content of a ghost file goes to the end of the file, wherever that is.
        if (!atEdge && !onlyHeader && whole.type?.name !== "GHOST_FILE")
          assert.ok(said, `${name} cut to ${length} has no problem`);
      }
    }
  });

  it("with a size word of 0xFFFFFFFF show the rest as unknown", async () => {
    const [, core] = await shapes();
    assert.ok(core);
    const bytes = Buffer.from(core.bytes);
    bytes.writeUInt32LE(0xffffffff, 8);
    const image = await open(core.name, bytes);
    assert.deepEqual(
      image.problems.map(({ code, offset }) => [code, offset]),
      [["criu.truncatedEntry", 8]],
    );
    assert.deepEqual(await tiledSpans(image), [
      { start: 0, end: 4, kind: "magic", path: "magic" },
      { start: 4, end: 8, kind: "magic", path: "magic" },
      { start: 8, end: bytes.length, kind: "unknown", path: "" },
    ]);
  });

  it("of no bytes, of a few bytes and of text say so", async () => {
    const cases = [
      ["core-1.img", "", "criu.empty"],
      ["core-1.img", "abc", "criu.shortHeader"],
      ["notes.img", "These are notes, not an image.\n", "criu.noMagic"],
      ["core-1.img", "\u0019CVT", "criu.shortHeader"],
    ] as const;
    for (const [name, text, code] of cases) {
      const image = await open(name, Buffer.from(text, "latin1"));
      assert.deepEqual(
        image.problems.map((problem) => problem.code),
        [code],
      );
      assert.equal((await tiledSpans(image)).length, text === "" ? 0 : 1);
    }
  });

  it("changed at random never throw, and tile", async () => {
    const all = await shapes();
    const change = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(all.length - 1),
        fc.array(change, { minLength: 1, maxLength: 12 }),
        async (which, changes) => {
          const shape = all[which];
          assert.ok(shape);
          const bytes = Buffer.from(shape.bytes);
          for (const { at, byte } of changes) bytes[at % Math.min(bytes.length, 4096)] = byte;
          const image = await open(shape.name, bytes);
          await tiledSpans(image);
          for await (const { message, index } of image.entries())
            if (message.schema?.name === "core_entry" && index === 0) decodeAs("core_entry", message);
        },
      ),
      { numRuns: 400 },
    );
  });

  it("of random bytes behind a real magic never throw, and tile", async () => {
    const names = ["core-1.img", "pipes-data.img", "ghost-file-1.img", "ipcns-msg-1.img", "tcp-stream-1.img"];
    const magics = [0x55053847, 0x56453709, 0x52583605, 0x55453737, 0x51465506, 0xdeadbeef];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.constantFrom(...magics),
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
        async (name, magic, records) => {
          const header = Buffer.alloc(8);
          header.writeUInt32LE(0x54564319, 0);
          header.writeUInt32LE(magic, 4);
          const parts = records.flatMap((record) => [Buffer.from([record.length, 0, 0, 0]), record]);
          await tiledSpans(await open(name, Buffer.concat([header, ...parts])));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("nested without end stop at a depth", async () => {
    let inner = Buffer.alloc(0);
    for (let depth = 0; depth < 20_000; depth++) inner = Buffer.concat([Buffer.from([0x0b]), inner]);
    const header = Buffer.from("19435654" + "efbeadde", "hex");
    const size = Buffer.alloc(4);
    size.writeUInt32LE(inner.length);
    const image = await open("deep.img", Buffer.concat([header, size, inner]));
    await tiledSpans(image);
    assert.ok((await allProblems(image)).length > 1);
  });

  it("of very many small parts or problems stay bounded", async () => {
    // ghost_file_entry { chunks: true }, then chunks of one byte: size word, ghost_chunk_entry { len: 1, off: 0 }
    const chunks = Buffer.concat([
      Buffer.from("19435654" + "05365852" + "02000000" + "4801", "hex"),
      ...Array.from({ length: 140_000 }, () => Buffer.from([4, 0, 0, 0, 8, 1, 16, 0, 0x61])),
    ]);
    const ghost = await open("ghost-file-1.img", chunks);
    assert.equal(ghost.entryCount, 1);
    assert.equal(ghost.rest[0]?.name, "unknown");

    // core_entry.mtype, which is an enum, as 32-bit numbers
    const fields = Buffer.alloc(12 + 5 * 50_000);
    fields.set(Buffer.from("19435654" + "47380555", "hex"));
    fields.writeUInt32LE(5 * 50_000, 8);
    for (let at = 12; at < fields.length; at += 5) fields[at] = 0x0d;
    const core = await open("core-1.img", fields);
    await tiledSpans(core);
    assert.ok((await allProblems(core)).length < 1000);
  }).timeout(60_000);

  it("of nothing but empty entries are cut off at a bound", async () => {
    const magics = Buffer.from("1943565447380555", "hex");
    const source: ByteSource = {
      size: 2 ** 31,
      read: (offset, length) => {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, 2 ** 31 - offset)));
        if (offset === 0) bytes.set(magics.subarray(0, bytes.length));
        return Promise.resolve(bytes);
      },
    };
    const image = await openImage("core-1.img", source);
    assert.deepEqual(
      image.problems.map(({ code }) => code),
      ["criu.tooManyEntries"],
    );
    assert.equal(image.rest[0]?.name, "unknown");
  });
});
