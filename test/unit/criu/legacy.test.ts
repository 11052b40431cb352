// Images of kinds and versions that CRIU no longer writes, so that no dump of the corpus has them. They are built from the
// entries of real images: version 1 has no common magic before the type's, and what is a part of core.img or files.img today
// was an entry of an image of its own. What they mean is what crit says of the images they were built from.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  critJson,
  editImage,
  imageSpans,
  imageTypeNamed,
  openImage,
  toPlain,
} from "../../../src/criu/index.ts";
import type { Edit, FieldNode, Image, MessageNode } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { allProblems, corpusImages, critEntries, readImage, tiledSpans } from "./corpus.ts";

const open = (name: string, bytes: Uint8Array): Promise<Image> => openImage(name, bufferSource(bytes));

async function jsonOf(image: Image): Promise<string> {
  let text = "";
  for await (const part of critJson(image, { pretty: true })) text += part;
  return text;
}

/** Both magics of an ordinary image, and entries of these messages. */
function imageOf(typeName: string, messages: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x54564319, 0);
  header.writeUInt32LE(imageTypeNamed(typeName)?.magic ?? 0, 4);
  const entries = messages.flatMap((message) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(message.length);
    return [size, Buffer.from(message)];
  });
  return Buffer.concat([header, ...entries]);
}

/** The bytes of the messages called `name` in a message, at any depth. */
function messagesIn(message: MessageNode, schema: string, bytes: Uint8Array): Uint8Array[] {
  return message.fields.flatMap(({ value, valueSpan }: FieldNode): Uint8Array[] => {
    if (typeof value !== "object" || !("kind" in value)) return [];
    if (value.schema?.name === schema) return [bytes.subarray(valueSpan.start, valueSpan.end)];
    return messagesIn(value, schema, bytes);
  });
}

describe("images of version 1", () => {
  it("are what they are with a common magic", async () => {
    let compared = 0;
    for (const each of await corpusImages("corpus/a-single")) {
      const bytes = await readFile(each.path);
      const current = await open(each.name, bytes);
      if (current.header.length !== 2) continue;
      const old = await open(each.name, bytes.subarray(4));
      await tiledSpans(old);
      assert.deepEqual(await allProblems(old), [], each.name);
      assert.equal(old.header.length, 1);
      if (each.critPath === undefined) continue;
      assert.equal(await jsonOf(old), await jsonOf(current), each.name);
      assert.equal(old.entryCount, (await critEntries(each.critPath)).length);
      compared++;
    }
    assert.ok(compared > 8);
  });

  it("have payloads behind their entries too", async () => {
    for (const [fixtureName, name] of [
      ["corpus/c-pipes", "pipes-data.img"],
      ["corpus/c-unix", "sk-queues.img"],
      ["corpus/c-ghost", "ghost-file-4.img"],
      ["corpus/c-sysv", "ipcns-msg-9.img"],
    ] as const) {
      const bytes = await readFile(join(await fixture(fixtureName), "img", name));
      const [old, current] = [await open(name, bytes.subarray(4)), await open(name, bytes)];
      await tiledSpans(old);
      assert.equal(await jsonOf(old), await jsonOf(current), name);
    }
  });
});

describe("images of a machine with the highest byte first", () => {
  it("are what they are with all words swapped, also those between payloads", async () => {
    const kinds = new Set<string>();
    for (const fixtureName of [
      "corpus/a-single",
      "corpus/c-pipes",
      "corpus/c-unix",
      "corpus/c-sysv",
      "corpus/c-ghost",
    ])
      for (const each of await corpusImages(fixtureName)) {
        const image = await open(each.name, await readFile(each.path));
        if (image.header.length === 0 || image.type === undefined) continue;
        const swapped = await open(each.name, await withWordsSwapped(image));
        assert.equal(swapped.bigEndian, true);
        assert.deepEqual(await tiledSpans(swapped), await tiledSpans(image), each.name);
        assert.deepEqual(await allProblems(swapped), await allProblems(image), each.name);
        assert.equal(await jsonOf(swapped), await jsonOf(image), each.name);
        kinds.add(image.type.name);
      }
    for (const kind of ["INVENTORY", "CORE", "PAGEMAP", "PIPES_DATA", "SK_QUEUES", "IPCNS_SEM", "IPCNS_MSG"])
      assert.ok(kinds.has(kind), kind);
  });

  it("can be read and not edited", async () => {
    const [pstree] = (await corpusImages("corpus/a-single")).filter(({ name }) => name === "pstree.img");
    assert.ok(pstree);
    const image = await open("pstree.img", await readFile(pstree.path));
    const swapped = await open("pstree.img", await withWordsSwapped(image));
    const edit: Edit = { kind: "set", path: "entries[0].pgid", value: 7n };
    await editImage(image, [edit]);
    await assert.rejects(editImage(swapped, [edit]), { code: "edit.bigEndian" });
  });
});

/** What CRIU on such a machine would have written: its words are numbers of C, the messages are the same everywhere. */
async function withWordsSwapped(image: Image): Promise<Uint8Array> {
  const bytes = Buffer.from(await image.source.read(0, image.source.size));
  for await (const { start, end, kind } of imageSpans(image)) {
    const part = bytes.subarray(start, end);
    if (kind === "magic") part.swap32();
    else if (kind === "size" && end - start === 8) part.swap64();
    else if (kind === "size") part.swap32();
    else if (kind === "payload" && image.type?.payload === "ipc-semaphores") part.swap16();
  }
  return bytes;
}

describe("images of kinds that are parts of others today", () => {
  /** Legacy kind, its file, and where its messages are now. */
  const KINDS = [
    ["REG_FILES", "reg-files.img", "corpus/c-files", "files.img", "reg_file_entry"],
    ["PIPES", "pipes.img", "corpus/c-pipes", "files.img", "pipe_entry"],
    ["UNIXSK", "unixsk.img", "corpus/c-unix", "files.img", "unix_sk_entry"],
    ["INETSK", "inetsk.img", "corpus/c-tcplisten", "files.img", "inet_sk_entry"],
    ["VMAS", "vmas-1.img", "corpus/a-single", "mm-", "vma_entry"],
    ["CREDS", "creds-1.img", "corpus/a-single", "core-", "creds_entry"],
    ["SIGACT", "sigacts-1.img", "corpus/c-signals", "core-", "sa_entry"],
    ["RLIMIT", "rlimit-1.img", "corpus/a-single", "core-", "rlimit_entry"],
    ["ITIMERS", "itimers-1.img", "corpus/c-timers", "core-", "itimer_entry"],
    ["POSIX_TIMERS", "posix-timers-1.img", "corpus/c-timers", "core-", "posix_timer_entry"],
    ["SIGNAL", "signal-s-1.img", "corpus/c-signals", "core-", "siginfo_entry"],
    ["PSIGNAL", "signal-p-1.img", "corpus/c-signals", "core-", "siginfo_entry"],
  ] as const;

  for (const [kind, name, fixtureName, from, schema] of KINDS)
    it(`have the same messages: ${name}`, async () => {
      const messages: Uint8Array[] = [];
      const expected: unknown[] = [];
      const found = (await corpusImages(fixtureName)).filter((each) => each.name.startsWith(from));
      for (const each of found) {
        const bytes = await readFile(each.path);
        const image = await readImage(each);
        for await (const { message } of image.entries()) messages.push(...messagesIn(message, schema, bytes));
        if (each.critPath !== undefined) expected.push(...(await critEntries(each.critPath)));
      }
      assert.ok(messages.length > 0);
      for (const version of [1, 2]) {
        const image = await open(name, imageOf(kind, messages).subarray(version === 1 ? 4 : 0));
        await tiledSpans(image);
        assert.deepEqual(await allProblems(image), []);
        assert.equal(image.type?.name, kind);
        assert.equal(image.type.legacy, true);
        assert.equal(image.entryCount, messages.length);
        // crit's JSON of the image they were in has every value of them.
        const text = JSON.stringify(expected).toLowerCase();
        const row =
          (JSON.parse(await jsonOf(image)) as { entries: Record<string, unknown>[] }).entries[0] ?? {};
        for (const value of Object.values(row))
          if (typeof value === "string" || typeof value === "number")
            assert.ok(text.includes(JSON.stringify(value).toLowerCase()), `${schema}: ${String(value)}`);
      }
    });
});

describe("old pages and shared memory", () => {
  it("of CRIU 0.4 have the magic of a pagemap before their pages", async () => {
    const pages = await readFile(join(await fixture("corpus/a-single"), "img/pages-1.img"));
    const magic = Buffer.from("25400856", "hex");
    const image = await open("pages-1.img", Buffer.concat([magic, pages]));
    assert.equal(image.type?.name, "PAGES_OLD");
    assert.deepEqual(await tiledSpans(image), [
      { start: 0, end: 4, kind: "magic", path: "magic" },
      { start: 4, end: 4 + pages.length, kind: "payload", path: "payload" },
    ]);
    // Pages of today that happen to begin with these bytes are pages.
    const odd = Buffer.from(pages);
    magic.copy(odd);
    assert.equal((await open("pages-1.img", odd)).type?.name, "PAGES");
  });

  it("of System V lie behind their entry, rounded up to four bytes, where no pagemap has them", async () => {
    const bytes = await readFile(join(await fixture("corpus/c-sysv"), "img/ipcns-shm-9.img"));
    const current = await open("ipcns-shm-9.img", bytes);
    const { message } = await current.entry(0);
    const inPages = message.fields.find(({ name }) => name === "in_pagemaps");
    assert.ok(inPages);
    // The entry as an old CRIU wrote it: without that field, which is its last, and of 10 bytes.
    const size = message.fields.find(({ name }) => name === "size");
    const desc = message.fields.find(({ name }) => name === "desc");
    assert.ok(size && desc);
    const entry = Buffer.concat([bytes.subarray(desc.span.start, desc.span.end), Buffer.from([0x10, 10])]);
    const [header, second] = [imageOf("IPCNS_SHM", [entry]), imageOf("IPCNS_SHM", [entry]).subarray(8)];
    const content = Buffer.from("0123456789\0\0");
    const image = await open("ipcns-shm-9.img", Buffer.concat([header, content, second, content]));
    assert.equal(image.entryCount, 2);
    const spans = await tiledSpans(image);
    assert.deepEqual(
      spans
        .filter(({ path }) => path === "entries[0].payload")
        .map(({ start, end, kind }) => [end - start, kind]),
      [
        [10, "payload"],
        [2, "padding"],
      ],
    );
    const json = JSON.parse(await jsonOf(image)) as { entries: { extra: string }[] };
    assert.deepEqual(
      json.entries.map(({ extra }) => Buffer.from(extra, "base64").toString()),
      ["0123456789", "0123456789"],
    );
    assert.ok(toPlain(message));
  });
});

describe("service images", () => {
  it("have a magic of their own before the type's", async () => {
    const bytes = await readFile(join(await fixture("corpus/a-single"), "img/stats-dump"));
    assert.equal(bytes.readUInt32LE(0), 0x55105940);
    const image = await open("stats-dump", bytes);
    assert.deepEqual([image.type?.name, image.entryCount, image.problems.length], ["STATS", 1, 0]);
    // Found by its magic, whatever it is called.
    assert.equal((await open("renamed", bytes)).type?.name, "STATS");
  });
});
