import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { bufferSource } from "../../../src/bytes/index.ts";
import {
  criuSchema,
  critDirect,
  critJson,
  critPieces,
  IMAGE_TYPES,
  imageTypeByName,
  looksLikeImage,
  openImage,
} from "../../../src/criu/index.ts";
import type { CritOptions, MessageSchema, Problem } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";

const ARCHIVES = [
  "a-single",
  "b-threads50",
  "c-unix",
  "c-files",
  "c-udp",
  "c-seccomp",
  "ns-net",
  "f-incremental",
];
const PLAIN_TYPES = IMAGE_TYPES.filter(({ magic, message, payload }) => magic !== 0 && message && !payload);

describe("crit's JSON straight from the bytes", () => {
  it("is the JSON by way of nodes, of every kind of message", async () => {
    const root = join(await fixture("crit/every-message"), "img");
    for (const name of await readdir(root)) await compare(name, await readFile(join(root, name)));
  });

  for (const archive of ARCHIVES)
    it(`is the JSON by way of nodes, of ${archive} and of its images with bytes changed`, async () => {
      const root = await fixture(`corpus/${archive}`);
      const names = (await readdir(root, { recursive: true })).filter(
        (name) => looksLikeImage(name) && imageTypeByName(name)?.magic !== 0,
      );
      const random = new Random(archive.length);
      let images = 0;
      for (const name of names) {
        const bytes = await readFile(join(root, name));
        if (bytes.length > 200_000) continue;
        images++;
        await compare(name, bytes);
        for (let round = 0; round < 6; round++) await compare(name, changed(bytes, random));
      }
      assert.ok(images > 5);
    });

  it("is the JSON by way of nodes, of rows that differ in two numbers and now and then in more", async () => {
    const digits = fc.integer({ min: 0, max: 63 }).chain((bits) => fc.bigInt(0n, (1n << BigInt(bits)) - 1n));
    const row = fc.record({
      first: digits,
      last: digits,
      flags: fc.constantFrom(4, 4, 4, 6, 1, 0x104),
      odd: fc.constantFrom(0, 0, 0, 0, 1, 2),
    });
    const entries = fc.array(row, { minLength: 2, maxLength: 40 }).map((rows) =>
      rows.map(({ first, last, flags, odd }) => {
        const fields: [number, bigint][] = [
          [1, first],
          [2, 0n],
          [4, BigInt(flags)],
        ];
        if (odd !== 1) fields.push([5, last]);
        if (odd === 2) fields.splice(1, 1);
        return Uint8Array.from(fields.flatMap(([field, value]) => [...varint(field << 3), ...varint(value)]));
      }),
    );
    const image = entries.map((all) => imageBytes(0x56084025, [Uint8Array.from([8, 1]), ...often(all)]));
    await fc.assert(
      fc.asyncProperty(image, async (bytes) => {
        await compare("pagemap-1.img", bytes);
      }),
      { numRuns: 80 },
    );
  });

  it("is the JSON by way of nodes, of any fields in any order", async () => {
    const image = fc.constantFrom(...PLAIN_TYPES).chain(({ magic, message = "", headMessage = message }) => {
      const entry = (name: string): fc.Arbitrary<Buffer> => messageBytes(schemaOf(name), 0);
      return fc
        .tuple(entry(headMessage), fc.array(entry(message), { maxLength: 4 }))
        .map(([head, others]) => imageBytes(magic, [head, ...others]));
    });
    await fc.assert(
      fc.asyncProperty(image, async (bytes) => {
        await compare("any.img", bytes);
      }),
      { numRuns: 400 },
    );
  });

  it("is the JSON by way of nodes, of entries that are like the one before but for their number", async () => {
    const run = fc.tuple(
      fc.oneof(
        fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
        // Near the places where a number gets a digit more, in either base.
        fc
          .tuple(fc.nat({ max: 19 }), fc.integer({ min: -20, max: 3 }))
          .map(([n, by]) => 10n ** BigInt(n) + BigInt(by)),
        fc
          .tuple(fc.nat({ max: 63 }), fc.integer({ min: -20, max: 3 }))
          .map(([n, by]) => (1n << BigInt(n)) + BigInt(by)),
      ),
      fc.bigInt({ min: -3n, max: 1n << 34n }),
      fc.nat({ max: 30 }),
      fc.constantFrom("", "2004", "10002004", "20042801", "2004289601", "ff01"),
    );
    const pagemap = 0x56084025;
    await fc.assert(
      fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 8 }), async (runs) => {
        const entries = runs.flatMap(([start, step, count, tail]) =>
          Array.from({ length: count }, (_, index) => {
            const vaddr = BigInt.asUintN(64, start + step * BigInt(index));
            return Buffer.from([0x08, ...varint(vaddr), ...Buffer.from(tail, "hex")]);
          }),
        );
        await compare("pagemap-1.img", imageBytes(pagemap, [Buffer.from([0x08, 0x01]), ...often(entries)]));
      }),
      { numRuns: 80 },
    );
  });

  it("is the JSON by way of nodes, of empty entries before and between many others", async () => {
    const row = Buffer.from([0x08, 0x80, 0x20, 0x20, 0x04, 0x28, 0x01]);
    const rows = Array.from({ length: 4000 }, (_, index) => (index % 1000 === 0 ? Buffer.alloc(0) : row));
    await compare("pagemap-1.img", imageBytes(0x56084025, [Buffer.from([0x08, 0x01]), ...rows]));
  });

  it("goes on by way of nodes where an entry is unusual or cut off, however late", async () => {
    const pages = Array.from({ length: 8_000 }, (_, index) =>
      Buffer.from([0x08, ...varint(BigInt(index) << 12n), 0x20, 0x04, 0x28, ...varint(index % 300)]),
    );
    const image = (...more: Uint8Array[]): Buffer =>
      imageBytes(0x56084025, [Buffer.from([0x08, 0x01]), ...pages, ...more]);
    const outOfOrder = Buffer.from([0x28, 0x01, 0x08, 0x00]);
    assert.ok(await decodedDirectly("pagemap-1.img", image(outOfOrder, ...pages.slice(0, 10)), false));
    await compare("pagemap-1.img", image(outOfOrder, ...pages.slice(0, 10)));
    await compare("pagemap-1.img", image().subarray(0, -3));
    await compare("pagemap-1.img", image());
  });

  it("prints an entry larger than what is read at once", async () => {
    const text = Buffer.alloc(3 << 20, "x");
    const entry = Buffer.concat([Buffer.from([0x0a, ...varint(text.length)]), text]);
    const small = Buffer.from([0x0a, 0x01, 0x61, 0x12, 0x01, 0x62]);
    const utsns = 0x54473203;
    await compare("utsns-1.img", imageBytes(utsns, [small, entry, small, entry]));
  });
});

/** The entries over and over, first once and then so many that the loop for many rows takes them. */
function often(entries: readonly Uint8Array[]): readonly Uint8Array[] {
  const size = entries.reduce((sum, { length }) => sum + 4 + length, 0);
  return Array.from({ length: Math.min(2000, Math.ceil(20_000 / size)) }, () => entries).flat();
}

/** Both ways give the same text and the same problems. */
async function compare(name: string, bytes: Uint8Array): Promise<void> {
  for (const pretty of [false, true]) {
    const quick = await decoded(name, bytes, { pretty });
    const byNodes = await decoded(name, bytes, { pretty, byNodes: true });
    const directly = await decodedDirectly(name, bytes, pretty);
    if (directly !== undefined && !byNodes.startsWith(`${directly}\n`)) assert.equal(directly, byNodes, name);
    if (quick === byNodes) continue;
    assert.equal(quick, byNodes, `${name} ${Buffer.from(bytes.subarray(0, 200)).toString("hex")}`);
  }
}

async function decoded(name: string, bytes: Uint8Array, options: CritOptions): Promise<string> {
  const image = await openImage(name, bufferSource(bytes));
  if (image.header.length === 0) return "no image";
  const problems: Problem[] = [];
  let text = "";
  for await (const piece of critJson(image, { ...options, report: (problem) => problems.push(problem) }))
    text += piece;
  return `${text}\n${JSON.stringify(problems)}`;
}

/** What the command line prints of an image that needn't be opened; undefined for any other. */
async function decodedDirectly(
  name: string,
  bytes: Uint8Array,
  pretty: boolean,
): Promise<string | undefined> {
  const pieces = critDirect(name, bufferSource(bytes), pretty);
  let text = "";
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) {
      if (value === 0) assert.equal(text, "");
      return value === 0
        ? undefined
        : text + (value === "done" ? "" : await theRest(name, bytes, pretty, value));
    }
    text += asText(value);
  }
}

async function theRest(name: string, bytes: Uint8Array, pretty: boolean, from: number): Promise<string> {
  let text = "";
  for await (const piece of critPieces(await openImage(name, bufferSource(bytes)), { pretty, from }))
    text += asText(piece);
  return text;
}

function asText(piece: string | Uint8Array): string {
  return typeof piece === "string" ? piece : Buffer.from(piece).toString("latin1");
}

/** The same bytes with a few changed, as an attacker or a bad disk would; the header is left whole. */
function changed(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = 8 + random.below(Math.max(1, copy.length - 8));
    if (at < copy.length)
      copy[at] = random.below(3) === 0 ? (copy[at] ?? 0) ^ (1 << random.below(8)) : random.below(256);
  }
  return copy;
}

/** A small generator with a seed, so that a failure comes again (Lehmer's, of C++'s minstd_rand). */
class Random {
  private state: number;
  constructor(seed: number) {
    this.state = seed + 1;
  }
  below(limit: number): number {
    this.state = (this.state * 48271) % 0x7fffffff;
    return this.state % limit;
  }
}

function schemaOf(name: string): MessageSchema {
  const schema = criuSchema.messages[name];
  assert.ok(schema, name);
  return schema;
}

/** Fields of the message, mostly in order, with values at random; some with another wire type, some unknown. */
function messageBytes(schema: MessageSchema, depth: number): fc.Arbitrary<Buffer> {
  const number = fc.oneof(
    { weight: 3, arbitrary: fc.nat({ max: 300 }).map(BigInt) },
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  );
  const bytes = fc.oneof(
    fc.string({ maxLength: 12 }).map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array)),
  );
  const fieldOf = (field: MessageSchema["fields"][number]): fc.Arbitrary<Buffer> => {
    const inner =
      field.kind === "message" && depth < 3
        ? messageBytes(schemaOf(field.type), depth + 1)
        : field.type === "string" || field.type === "bytes" || field.kind === "message"
          ? bytes
          : undefined;
    if (inner)
      return inner.map((value) =>
        Buffer.concat([tag(field.number, 2), Buffer.from(varint(value.length)), value]),
      );
    if (/fixed64|double/.test(field.type))
      return fc
        .uint8Array({ minLength: 8, maxLength: 8 })
        .map((value) => Buffer.concat([tag(field.number, 1), value]));
    if (/fixed32|float/.test(field.type))
      return fc
        .uint8Array({ minLength: 4, maxLength: 4 })
        .map((value) => Buffer.concat([tag(field.number, 5), value]));
    const one = number.map((value) => Buffer.concat([tag(field.number, 0), Buffer.from(varint(value))]));
    if (field.rule !== "repeated") return one;
    const packed = fc.array(number, { maxLength: 4 }).map((values) => {
      const content = Buffer.from(values.flatMap((value) => varint(value)));
      return Buffer.concat([tag(field.number, 2), Buffer.from(varint(content.length)), content]);
    });
    return fc.oneof(one, packed);
  };
  const unknown = fc
    .tuple(fc.integer({ min: 0, max: 300 }), fc.constantFrom(0, 2, 5), number)
    .map(([field, wireType, value]) =>
      Buffer.concat([
        tag(field, wireType),
        Buffer.from(wireType === 5 ? [1, 2, 3, 4] : varint(wireType === 2 ? 0 : value)),
      ]),
    );
  const known = schema.fields.map((field) => fieldOf(field));
  if (known.length === 0) return fc.constant(Buffer.alloc(0));
  return fc
    .array(
      fc.tuple(
        fc
          .nat({ max: known.length - 1 })
          .chain((index) => (known[index] ?? unknown).map((value) => ({ index, value }))),
        fc.nat({ max: 2 }),
      ),
      { maxLength: 8 },
    )
    .chain((picked) =>
      fc
        .tuple(fc.constant(picked), fc.nat({ max: 9 }), fc.nat({ max: 9 }), unknown)
        .map(([list, sorting, adding, extra]) => {
          const fields = sorting === 0 ? list : list.toSorted(([a], [b]) => a.index - b.index);
          const parts = fields.flatMap(([{ value }, times]) =>
            Array.from({ length: times === 2 && sorting < 3 ? 2 : 1 }, () => value),
          );
          return Buffer.concat(adding === 0 ? [...parts, extra] : parts);
        }),
    );
}

function tag(number: number, wireType: number): Buffer {
  return Buffer.from(varint(number * 8 + wireType));
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}

function imageBytes(magic: number, entries: readonly Uint8Array[]): Buffer {
  const words = [0x54564319, magic].map(word);
  return Buffer.concat([...words, ...entries.flatMap((entry) => [word(entry.length), entry])]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
