import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Reader } from "protobufjs/minimal.js";
import { openFolder } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { explain, openImage } from "../../../src/criu/index.ts";
import type { EntryNode, ExplanationStep, FieldNode, Image, Span } from "../../../src/criu/index.ts";
import { loadKey, openSealedLayer } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";
import { corpusImages, readImage } from "./corpus.ts";
import type { CorpusImage } from "./corpus.ts";

describe("the explanation of an image", () => {
  let images: CorpusImage[];

  before(async () => {
    images = await corpusImages("corpus/a-single");
  });

  function named(pattern: RegExp): CorpusImage {
    const found = images.find(({ name }) => pattern.test(name));
    assert.ok(found, String(pattern));
    return found;
  }

  it("begins with the magics, as bytes of the file and as numbers", async () => {
    const core = named(/^core-/);
    const image = await readImage(core);
    const bytes = await readFile(core.path);
    const { steps } = await explain({ image }, { start: 5, end: 6 });
    assert.deepEqual(
      steps.map(({ kind, span, short, selected }) => ({ kind, span, short, selected })),
      [
        { kind: "magic", span: { start: 0, end: 4 }, short: hex(bytes.readUInt32LE(0)), selected: false },
        { kind: "magic", span: { start: 4, end: 8 }, short: hex(bytes.readUInt32LE(4)), selected: true },
      ],
    );
    assert.match(said(steps[0]), /19 43 56 54.*0x54564319/);
    assert.match(said(steps[1]), /CORE/);
  });

  it("takes every varint apart as protobuf's own reader does", async () => {
    let varints = 0;
    for (const file of images.filter(({ name }) => /^(core|mm|inventory|pstree|fdinfo|files)/.test(name))) {
      const image = await readImage(file);
      const bytes = await readFile(file.path);
      for (let index = 0; index < Math.min(image.entryCount, 6); index++) {
        const { message } = await image.entry(index);
        for (const field of message.fields.flatMap(below).slice(0, 60)) {
          const { steps } = await explain({ image }, field.span);
          const tag = steps.findLast(({ kind, span }) => kind === "tag" && span.start === field.span.start);
          // Elements of packed fields have none.
          if (!tag || tag.span.end === tag.span.start) continue;
          const reader = Reader.create(bytes);
          reader.pos = field.span.start;
          const key = reader.uint32();
          assert.deepEqual(tag.span, { start: field.span.start, end: reader.pos });
          assert.equal(tag.short, `field ${String(key >>> 3)}, wire type ${String(key & 7)}`);
          if ((key & 7) === 2) {
            const start = reader.pos;
            const length = reader.uint32();
            const step = steps.find(({ kind, span }) => kind === "length" && span.start === start);
            assert.deepEqual(step?.span, { start, end: reader.pos });
            assert.match(step.short, new RegExp(`^${String(length)} byte`));
          }
          if ((key & 7) !== 0) continue;
          const start = reader.pos;
          const value = BigInt.asUintN(64, BigInt(reader.uint64().toString()));
          const step = steps.at(-1);
          assert.deepEqual(step?.span, { start, end: reader.pos });
          const rows = step.tables[0]?.rows ?? [];
          assert.equal(rows.length, reader.pos - start);
          const sum = rows.reduce((all, { cells }) => all + BigInt(cells.at(-1) ?? 0), 0n);
          assert.equal(BigInt.asUintN(64, sum), value);
          assert.ok(step.tables[0]?.result.endsWith(`= ${String(value)}`));
          varints++;
        }
      }
    }
    assert.ok(varints > 100, `only ${String(varints)} varints`);
  });

  it("undoes zigzag and two's complement", async () => {
    // vma_entry.fd is a sint64 and always -1, written as 1; oom_score_adj is an int32.
    const mm = await readImage(named(/^mm-/));
    const { message } = await mm.entry(0);
    const vma = message.fields.find(({ name }) => name === "vmas")?.value;
    assert.ok(typeof vma === "object" && "kind" in vma);
    const fd = vma.fields.find(({ name }) => name === "fd");
    assert.ok(fd);
    const { steps } = await explain({ image: mm }, fd.span);
    assert.match(said(steps.at(-1)), /zigzag.*1 is odd: −\(1 \+ 1\) \/ 2 = -1/);

    // int32 field 14 of task_core_entry with -5, as protobufjs writes it: ten bytes.
    const tc = [0x70, 0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const core = await madeImage("core-1.img", 0x55053847, [0x1a, tc.length, ...tc]);
    const last = (await explain({ image: core }, { start: 15, end: 16 })).steps.at(-1);
    assert.match(said(last), /18446744073709551611 − 2⁶⁴ = -5/);
  });

  it("leads from the outer message to the inner one", async () => {
    const image = await readImage(named(/^core-/));
    const { message } = await image.entry(0);
    const tc = message.fields.find(({ name }) => name === "tc");
    assert.ok(tc && typeof tc.value === "object" && "kind" in tc.value);
    const comm = tc.value.fields.find(({ name }) => name === "comm");
    assert.ok(comm);
    const { steps } = await explain(
      { image },
      { start: comm.valueSpan.start, end: comm.valueSpan.start + 1 },
    );
    assert.deepEqual(
      steps.map(({ title }) => title),
      [
        "Common magic",
        "Type magic",
        "Size word of entry 0",
        "Tag of tc",
        "Length of tc",
        "Tag of comm",
        "Length of comm",
        "Value of comm",
      ],
    );
    assert.deepEqual(
      steps.map(({ selected }) => selected),
      steps.map((_, index) => index === steps.length - 1),
    );
  });

  it("can be walked from the first byte to the last and back, over every byte once", async () => {
    const files = [
      ...images,
      ...(await corpusImages("corpus/c-pipes")).filter(({ name }) => /pipes-data|fifo-data/.test(name)),
      ...(await corpusImages("corpus/c-sysv")).filter(({ name }) => name.startsWith("ipcns-")),
    ];
    let walked = 0;
    for (const file of files) walked += await walk(await readImage(file));
    assert.ok(walked > 10);
  });

  it("can be walked over sealed records too: ciphertext, tag and nonce", async () => {
    const name = "sealed/tree-restorable-enc";
    const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
    const seal = await openSealedLayer(await openFolder(join(await fixture(name), "enc")), "", [key]);
    assert.ok(seal);
    let walked = 0;
    for (const file of await corpusImages(name, "enc"))
      walked += await walk(await readImage(file, { seal }), 600);
    assert.ok(walked > 10);

    const pstree = (await corpusImages(name, "enc")).find(({ name }) => name === "pstree.img");
    assert.ok(pstree);
    const image = await readImage(pstree, { seal });
    const { message, span } = await image.entry(0);
    const titles = async (at: number): Promise<readonly string[]> =>
      (await explain({ image }, { start: at, end: at + 1 })).steps.map(({ title }) => title);
    const before = ["Common magic", "Type magic", "Size word of entry 0", "Sealed message"];
    assert.deepEqual(await titles(message.span.end), [...before, "Tag of a sealed record"]);
    // A tag of 16 bytes and a nonce of 12 (RFC 8439).
    assert.deepEqual(await titles(message.span.end + 15), [...before, "Tag of a sealed record"]);
    assert.deepEqual(await titles(span.end - 12), [...before, "Nonce of a sealed record"]);
    assert.equal(span.end, message.span.end + 28);
  });

  it("says what it can of any byte of any image, and never throws", async () => {
    for (const file of images) {
      const image = await readImage(file);
      const { size } = image.source;
      for (let tries = 0; tries < 8 && size > 0; tries++) {
        const digest = createHash("sha256")
          .update(`${file.name}${String(tries)}`)
          .digest();
        const start = digest.readUInt32LE(0) % size;
        const end = start + 1 + (digest.readUInt16LE(4) % 40);
        for (const range of [
          { start, end: start + 1 },
          { start, end },
        ]) {
          const { steps } = await explain({ image }, range);
          assert.ok(steps.at(-1)?.selected, file.name);
          assert.ok((steps.at(-1)?.text.length ?? 0) > 0, file.name);
        }
      }
    }
  });

  it("tells what an unknown field, an undecodable one and an unknown magic are", async () => {
    const unknown = await madeImage("core-1.img", 0x55053847, [0xba, 0x3e, 0x01, 0x2a]);
    const field = await explain({ image: unknown }, { start: 12, end: 13 });
    assert.match(said(field.steps.at(-1)), /core_entry has no field 999/);
    const broken = await madeImage("core-1.img", 0x55053847, [0x07, 0x2a]);
    assert.equal((await explain({ image: broken }, { start: 12, end: 13 })).steps.at(-1)?.kind, "unknown");
    const strange = await openImage("x.img", bufferSource(Buffer.from("no image at all")));
    assert.equal((await explain({ image: strange }, { start: 3, end: 4 })).steps.at(-1)?.kind, "unknown");
    const empty = await openImage("x.img", bufferSource(new Uint8Array(0)));
    assert.equal((await explain({ image: empty }, { start: 3, end: 4 })).steps.length, 1);
  });

  it("shows packed elements behind one tag and one length", async () => {
    // pagemap_entry.compressed_size, field 6: 300, 4096 packed.
    const packed = [0x08, 0x00, 0x10, 0x00, 0x32, 0x04, 0xac, 0x02, 0x80, 0x20];
    const image = await madeImage("pagemap-1.img", 0x56084025, [0x08, 0x01], packed);
    const first = image.entrySpan(1).start + 4 + 6;
    const one = await explain({ image }, { start: first, end: first + 1 });
    assert.match(said(one.steps.find(({ title }) => title === "Tag of compressed_size")), /packed/);
    assert.match(one.steps.at(-1)?.tables[0]?.result ?? "", /= 300$/);
    const two = await explain({ image }, { start: first + 2, end: first + 3 });
    assert.match(said(two.steps.at(-2)), /no tag of its own/);
    assert.match(two.steps.at(-1)?.tables[0]?.result ?? "", /= 4096$/);
  });
});

/** A field and those in it. */
function below(field: FieldNode): FieldNode[] {
  const { value } = field;
  return typeof value === "object" && "kind" in value ? [field, ...value.fields.flatMap(below)] : [field];
}

/** Walks forth and back when the image is small; 1 when it was. */
async function walk(image: Image, limit = 2500): Promise<number> {
  const { size } = image.source;
  if (size > limit) return 0;
  const decoded = new Map<number, Promise<EntryNode>>();
  const entry = (index: number): Promise<EntryNode> => {
    const known = decoded.get(index) ?? image.entry(index);
    decoded.set(index, known);
    return known;
  };
  const forth: Span[] = [];
  let at: Span | undefined = (await explain({ image, entry }, { start: 0, end: 1 })).steps.at(-1)?.span;
  while (at) {
    forth.push(at);
    at = (await explain({ image, entry }, at)).next;
  }
  let position = 0;
  for (const { start, end } of forth) {
    assert.equal(start, position, image.name);
    assert.ok(end > start, image.name);
    position = end;
  }
  assert.equal(position, size, image.name);
  const back: Span[] = [];
  for (at = forth.at(-1); at; at = (await explain({ image, entry }, at)).previous) back.unshift(at);
  assert.deepEqual(back, forth, image.name);
  return 1;
}

function said(step: ExplanationStep | undefined): string {
  return (step?.text ?? [])
    .map((sentence) => sentence.map((piece) => (typeof piece === "string" ? piece : piece.code)).join(""))
    .join(" ");
}

function hex(number: number): string {
  return `0x${number.toString(16).padStart(8, "0")}`;
}

/** An image with the common magic, a type magic and these messages. */
async function madeImage(name: string, magic: number, ...messages: readonly number[][]): Promise<Image> {
  const parts = [
    word(0x54564319),
    word(magic),
    ...messages.flatMap((each) => [word(each.length), Buffer.from(each)]),
  ];
  return openImage(name, bufferSource(Buffer.concat(parts)));
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
