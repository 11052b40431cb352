import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { searchMemory } from "../../../src/memory/index.ts";
import type { CheckpointMemory, MemoryQuery, MemorySearchOptions } from "../../../src/memory/index.ts";
import { image, MADE_PID, message, PAGE, pagemapImage, withMade, withMemoryOf } from "./support.ts";
import type { MadeDump, MadeVma } from "./support.ts";

const START = 0x10000;
const address = (page: number): bigint => BigInt(START + page * PAGE);
const ANON_SHARED = 1 << 8;
const SHMID = 5;
const [PRESENT, PARENT] = [4, 1];

/** What a page of the made-up process is. `cut`: a mapping ends before it. */
const slot = fc.record({
  kind: fc.constantFrom("unmapped", "zero", "dumped", "dumped", "older", "lost"),
  cut: fc.boolean(),
  content: fc.array(fc.constantFrom(97, 97, 98, 0), { minLength: 12, maxLength: 12 }),
});
type Slot = Parameters<Parameters<typeof slot.map>[0]>[0];

/** A process, its pages in the file in the order of `order`, and a shared object that is mapped twice behind its own pages. */
const layout = fc.record({
  slots: fc.array(slot, { minLength: 3, maxLength: 24 }),
  order: fc.infiniteStream(fc.nat(1000)).map((stream) => [...stream.take(24)]),
  inOrder: fc.boolean(),
  shared: fc.array(slot, { maxLength: 5 }),
  /** Pages between the two mappings of the object. */
  between: fc.nat(1),
});
type Layout = Parameters<Parameters<typeof layout.map>[0]>[0];

/** Noise with something to find at both ends of the page, where matches lie across. */
function pageOf({ content }: Slot): Buffer {
  const page = Buffer.alloc(PAGE, 0x11);
  page.set(content.slice(0, 6));
  page.set(content.slice(6), PAGE - 6);
  return page;
}

/** A page as it is in memory; `searched`: a match may begin in it, `older`: unless only what is dirty is searched. */
interface Seen {
  readonly page: number;
  readonly bytes: Buffer | undefined;
  readonly searched: boolean;
  readonly older?: boolean;
}

interface Made {
  readonly dump: MadeDump;
  readonly seen: readonly Seen[];
}

function made({ slots, order, inOrder, shared, between }: Layout): Made {
  const vmas: MadeVma[] = [];
  for (const [page, { kind, cut }] of slots.entries()) {
    if (kind === "unmapped") continue;
    const last = vmas.at(-1);
    if (last?.end === address(page) && !cut) vmas[vmas.length - 1] = { ...last, end: address(page + 1) };
    else vmas.push({ start: address(page), end: address(page + 1) });
  }
  const own = [...slots.entries()].filter(
    ([, { kind }]) => kind === "dumped" || kind === "older" || kind === "lost",
  );
  if (!inOrder) own.sort(([a], [b]) => (order[a] ?? 0) - (order[b] ?? 0));
  const pagemap: Uint8Array[] = [];
  const older: Uint8Array[] = [];
  const pages: Buffer[] = [];
  const olderPages: Buffer[] = [];
  for (let index = 0; index < own.length;) {
    const [page, first] = own[index] ?? [0, undefined];
    let count = 0;
    // Pages that follow each other in both orders are one entry.
    for (
      ;
      own[index + count]?.[0] === page + count && own[index + count]?.[1].kind === first?.kind;
      count++
    ) {
      const each = own[index + count]?.[1];
      if (each && each.kind !== "lost") (each.kind === "older" ? olderPages : pages).push(pageOf(each));
    }
    const flags = first?.kind === "dumped" ? PRESENT : PARENT;
    pagemap.push(message([1, address(page)], [2, 0], [4, flags], [5, count]));
    if (first?.kind === "older") older.push(message([1, address(page)], [2, 0], [4, PRESENT], [5, count]));
    index += count;
  }
  const maps = [slots.length, slots.length + shared.length + between];
  const objectEntries: Uint8Array[] = [];
  const objectPages: Buffer[] = [];
  for (const [page, each] of shared.entries()) {
    if (each.kind !== "dumped") continue;
    objectEntries.push(message([1, page * PAGE], [2, 0], [4, PRESENT], [5, 1]));
    objectPages.push(pageOf(each));
  }
  if (shared.length > 0)
    for (const map of maps)
      vmas.push({
        start: address(map),
        end: address(map + shared.length),
        status: 1 | ANON_SHARED,
        shmid: SHMID,
      });
  const seen = slots.flatMap((each, page): readonly Seen[] => {
    if (each.kind === "unmapped" || each.kind === "lost")
      return [{ page, bytes: undefined, searched: false }];
    if (each.kind === "zero") return [{ page, bytes: Buffer.alloc(PAGE), searched: false }];
    return [{ page, bytes: pageOf(each), searched: true, older: each.kind === "older" }];
  });
  for (const [index, map] of maps.entries())
    for (const [page, each] of shared.entries()) {
      // Of an object that isn't in the images nothing is known.
      const zero = objectEntries.length === 0 ? undefined : Buffer.alloc(PAGE);
      const isThere = each.kind === "dumped";
      seen.push({
        page: map + page,
        bytes: isThere ? pageOf(each) : zero,
        searched: isThere && index === 0,
      });
    }
  const inventory = image(0x58313116, [message([1, 2])]);
  const more = {
    "older/inventory.img": inventory,
    [`older/pagemap-${MADE_PID}.img`]: pagemapImage(1, older),
    "older/pages-1.img": Buffer.concat(olderPages),
    ...(objectEntries.length > 0 && {
      [`pagemap-shmem-${SHMID}.img`]: pagemapImage(2, objectEntries),
      "pages-2.img": Buffer.concat(objectPages),
    }),
  };
  return { dump: { vmas, pagemap, pages: Buffer.concat(pages), more }, seen };
}

/** Where the pattern is, byte by byte: from each place where a match may begin, over all bytes that are had in a row. */
function naive(
  seen: readonly Seen[],
  dirty: boolean,
  lengthAt: (bytes: Buffer, at: number) => number,
): string[] {
  const found: string[] = [];
  for (let index = 0; index < seen.length;) {
    let last = index;
    const parts: Buffer[] = [];
    for (
      let each = seen[last];
      each?.bytes && each.page === (seen[index]?.page ?? 0) + last - index;
      each = seen[++last]
    )
      parts.push(each.bytes);
    const bytes = Buffer.concat(parts);
    for (let at = 0; at < bytes.length;) {
      const page = seen[index + Math.floor(at / PAGE)];
      const isBegin = page?.searched === true && !(dirty && page.older === true);
      const length = isBegin ? lengthAt(bytes, at) : 0;
      if (length > 0) found.push(`${(address(seen[index]?.page ?? 0) + BigInt(at)).toString(16)} ${length}`);
      at += Math.max(1, length);
    }
    index = Math.max(last, index + 1);
  }
  return found;
}

async function found(
  memory: CheckpointMemory,
  query: MemoryQuery,
  options: MemorySearchOptions,
): Promise<string[]> {
  const matches: string[] = [];
  for await (const step of searchMemory([memory], query, { threads: 1, blocking: true, ...options }))
    for (const { address: at, length, bytes } of step.matches()) {
      matches.push(`${at.toString(16)} ${length}`);
      if ((options.context ?? 0) > 0) assert.equal(bytes.length, length);
    }
  return matches;
}

/** No begin of it is its end: so that which matches are counted doesn't depend on where counting begins. */
const isUnambiguous = (pattern: readonly number[]): boolean =>
  pattern.every((_, size) => size === 0 || !pattern.slice(size).every((byte, at) => byte === pattern[at]));

const pattern = fc
  .array(fc.constantFrom(97, 98, 0), { minLength: 1, maxLength: 5 })
  .filter((bytes) => isUnambiguous(bytes) && bytes.some((byte) => byte !== 0));

const options = fc.record({
  context: fc.constantFrom(0, 3),
  partSize: fc.constantFrom(undefined, PAGE, 3 * PAGE),
  filter: fc.record({ dirty: fc.boolean() }),
});

async function withLayout(
  parts: Layout,
  use: (memory: CheckpointMemory, seen: readonly Seen[]) => Promise<void>,
) {
  const { dump, seen } = made(parts);
  await withMade(dump, async (folder) => {
    await symlink("older", join(folder, "parent"));
    await withMemoryOf(folder, (memory) => use(memory, seen));
  });
}

/** What is read over each page's begin is what is seen there, up to the first page that can't be had. */
async function readsAsSeen(memory: CheckpointMemory, seen: readonly Seen[]): Promise<void> {
  const space = await memory.space(MADE_PID);
  const at = (page: number): Buffer | undefined => seen.find((each) => each.page === page)?.bytes;
  for (const { page } of seen)
    for (const [before, length] of [
      [0, PAGE],
      [7, 20],
      [5, PAGE + 10],
    ] as const) {
      const there: Buffer[] = [];
      const first = before > 0 ? page - 1 : page;
      for (let each = first, bytes = at(each); bytes; bytes = at(++each)) there.push(bytes);
      const start = (page - first) * PAGE - before;
      const wanted = Buffer.concat(there).subarray(start, start + length);
      const bytes = await space.readBytes(address(page) - BigInt(before), length);
      assert.ok(wanted.equals(bytes), `page ${page}, ${before} before, ${length}: ${bytes.length}`);
    }
}

describe("searching memory of any layout", function () {
  this.timeout(300_000);

  it("finds the bytes that a naive search of the whole address space finds", async () => {
    await fc.assert(
      fc.asyncProperty(
        layout,
        fc.array(pattern, { minLength: 6, maxLength: 6 }),
        options,
        (parts, patterns, how) =>
          withLayout(parts, async (memory, seen) => {
            for (const bytes of patterns) {
              const text = Buffer.from(bytes).toString("hex");
              const wanted = naive(seen, how.filter.dirty, (all, at) =>
                all.subarray(at, at + bytes.length).equals(Buffer.from(bytes)) ? bytes.length : 0,
              );
              assert.deepEqual(await found(memory, { kind: "hex", text }, how), wanted, text);
            }
            await readsAsSeen(memory, seen);
          }),
      ),
      { numRuns: 60 },
    );
  });

  it("lets a match that begins in what is dirty end in what is not", async () => {
    const half = (kind: "dumped" | "older", content: Slot["content"]): Slot => ({
      kind,
      cut: false,
      content,
    });
    const slots = [
      half("dumped", [0, 0, 0, 0, 0, 0, 98, 97, 97, 97, 97, 97]),
      half("older", [98, 98, 98, 98, 98, 98, 0, 0, 0, 0, 0, 0]),
    ];
    const parts = { slots, order: [], inOrder: true, shared: [], between: 0 };
    await withLayout(parts, async (memory) => {
      const query: MemoryQuery = { kind: "hex", text: "6162" };
      assert.deepEqual(await found(memory, query, { filter: { dirty: true } }), ["10fff 2"]);
    });
  });
});
