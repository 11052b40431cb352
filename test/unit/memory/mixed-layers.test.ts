import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { searchMemory } from "../../../src/memory/index.ts";
import type { AddressSpace, CheckpointMemory, MemoryQuery } from "../../../src/memory/index.ts";
import { loadKeyFile, unsealCopy } from "../../../src/seal/index.ts";
import { sealWith } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { message, PAGE, pagemapImage, withMemoryOf } from "./support.ts";

const PID = 26437;
/** Bits of pagemap_entry.flags. */
const FLAGS = { parent: 1, present: 4 } as const;
const PAGES_PER_BLOCK = 4;

type Pages = ReadonlyMap<bigint, Buffer>;

/** Every page that a dump has, in whichever layer. */
async function pagesOf(space: AddressSpace): Promise<Pages> {
  const pages = new Map<bigint, Buffer>();
  for (const { start, end } of space.areas)
    for (const { address, bytes, origin } of await space.read(start, Number(end - start)))
      for (let at = 0; bytes && /dumped|layer/.test(origin.kind) && at < bytes.length; at += PAGE)
        pages.set(address + BigInt(at), Buffer.from(bytes.subarray(at, at + PAGE)));
  return pages;
}

/** Pages that follow each other, as far as all are in the parent or none is. */
function* stretches(pages: Pages, older: Pages) {
  let run: { start: bigint; inParent: boolean; bytes: Buffer[] } | undefined;
  for (const [address, bytes] of pages) {
    const inParent = older.get(address)?.equals(bytes) === true;
    if (run?.inParent === inParent && run.start + BigInt(run.bytes.length * PAGE) === address)
      run.bytes.push(bytes);
    else {
      if (run) yield run;
      run = { start: address, inParent, bytes: [bytes] };
    }
  }
  if (run) yield run;
}

/** The pagemap and pages of a layer over an older one, as `criu/page-xfer.c` writes them; compressed in the newest shape. */
function layerOf(pages: Pages, older: Pages, isCompressed: boolean): { pagemap: Buffer; pages: Buffer } {
  const entries: Uint8Array[] = [];
  const stored: Buffer[] = [];
  for (const { start, inParent, bytes } of stretches(pages, older)) {
    const head = [[1, start] as const, [2, bytes.length] as const];
    if (inParent) entries.push(message(...head, [3, 1], [4, FLAGS.parent], [5, bytes.length]));
    else if (!isCompressed) {
      entries.push(message(...head, [4, FLAGS.present], [5, bytes.length]));
      stored.push(...bytes);
    } else {
      const blocks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += PAGES_PER_BLOCK)
        blocks.push(lz4(Buffer.concat(bytes.slice(at, at + PAGES_PER_BLOCK))));
      const total = blocks.reduce((sum, { length }) => sum + length, 0);
      const sizes = blocks.map(({ length }) => [1, length] as const);
      const six = message(...sizes, [2, total], [3, PAGES_PER_BLOCK]);
      entries.push(message(...head, [4, FLAGS.present], [5, bytes.length], [6, six]));
      stored.push(...blocks);
    }
  }
  return { pagemap: pagemapImage(1, entries), pages: Buffer.concat(stored) };
}

/** A block by LZ4's own description of its format: sequences of literals and matches, the last five bytes literal. */
function lz4(bytes: Buffer): Buffer {
  const out: number[] = [];
  const known = new Map<number, number>();
  const length = (value: number): void => {
    for (let left = value - 15; left >= 0; left -= 255) out.push(Math.min(left, 255));
  };
  let literals = 0;
  let at = 0;
  const sequence = (end: number, match: { back: number; size: number } | undefined): void => {
    const count = end - literals;
    out.push((Math.min(count, 15) << 4) | (match ? Math.min(match.size - 4, 15) : 0));
    if (count >= 15) length(count);
    out.push(...bytes.subarray(literals, end));
    if (match === undefined) return;
    out.push(match.back & 255, match.back >> 8);
    if (match.size - 4 >= 15) length(match.size - 4);
  };
  while (at < bytes.length - 12) {
    const word = bytes.readUInt32LE(at);
    const before = known.get(word);
    known.set(word, at);
    if (before === undefined || at - before > 65_535) {
      at++;
      continue;
    }
    let size = 4;
    while (at + size < bytes.length - 5 && bytes[before + size] === bytes[at + size]) size++;
    sequence(at, { back: at - before, size });
    at += size;
    literals = at;
  }
  sequence(bytes.length, undefined);
  // CRIU stores what doesn't get smaller as it is.
  return out.length < bytes.length ? Buffer.from(out) : bytes;
}

const query = (text: string): MemoryQuery => ({ kind: "text", text, encoding: "utf-8", matchCase: true });

async function addressesOf(memory: CheckpointMemory, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { matches } of searchMemory([memory], query(text), { threads: 1 }))
    found.push(...matches().map(({ address }) => address.toString(16)));
  return found.toSorted();
}

describe("a chain of a plain layer over a compressed one over a sealed one", function () {
  this.timeout(60_000);
  let folder: string;
  let sealed: string;

  /** The sealed layers are whole dumps: 2 and 3 are unsealed, and what their parent has as well is left out. */
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "mixed-layers-"));
    sealed = await fixture("sealed/incr-enc");
    const sealFor = await sealWith("key1.pkcs8.pem");
    await cp(join(sealed, "1"), join(folder, "1"), { recursive: true });
    const key = join(await fixture("sealed/keys"), "key1.pkcs8.pem");
    let older: Pages = await withMemoryOf(
      join(folder, "1"),
      async (memory) => pagesOf(await memory.space(PID)),
      { sealFor },
    );
    for (const layer of ["2", "3"]) {
      const out = join(folder, layer);
      await unsealCopy(join(sealed, layer), out, { keys: await loadKeyFile(key) });
      await rm(join(out, "parent"), { force: true });
      const pages = await withMemoryOf(out, async (memory) => pagesOf(await memory.space(PID)));
      const made = layerOf(pages, older, layer === "2");
      await writeFile(join(out, `pagemap-${PID}.img`), made.pagemap);
      await writeFile(join(out, "pages-1.img"), made.pages);
      await symlink(`../${Number(layer) - 1}`, join(out, "parent"));
      older = pages;
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const withBoth = async (
    use: (mixed: CheckpointMemory, whole: CheckpointMemory) => Promise<void>,
  ): Promise<void> => {
    const sealFor = await sealWith("key1.pkcs8.pem");
    await withMemoryOf(
      join(folder, "3"),
      (mixed) => withMemoryOf(join(sealed, "3"), (whole) => use(mixed, whole), { sealFor }),
      { sealFor },
    );
  };

  it("has byte for byte the memory of the whole dump, from all three layers", () =>
    withBoth(async (mixed, whole) => {
      const [space, expected] = [await mixed.space(PID), await pagesOf(await whole.space(PID))];
      const found = await pagesOf(space);
      assert.deepEqual([...found.keys()], [...expected.keys()]);
      for (const [address, bytes] of found)
        assert.ok(expected.get(address)?.equals(bytes), address.toString(16));
      const origins = new Map<string, number>();
      for (const { start, end } of space.areas)
        for (const { origin, length } of await space.read(start, Number(end - start))) {
          const name = origin.kind === "layer" ? `layer ${origin.layer}` : origin.kind;
          origins.set(name, (origins.get(name) ?? 0) + length / PAGE);
        }
      const count = (name: string): number => origins.get(name) ?? 0;
      assert.ok(count("dumped") > 0 && count("layer 1") > 0 && count("layer 2") > 10, String([...origins]));
      assert.equal(count("dumped") + count("layer 1") + count("layer 2"), expected.size);
      assert.deepEqual(mixed.problems, []);
      assert.equal((await readFile(join(folder, "1", "cipher.img"))).length > 0, true);
    }));

  it("is searched as the whole dump is", () =>
    withBoth(async (mixed, whole) => {
      const found = await addressesOf(mixed, "MARKER-");
      assert.ok(found.length >= 5, String(found));
      assert.deepEqual(found, await addressesOf(whole, "MARKER-"));
    }));
});
