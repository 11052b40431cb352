import assert from "node:assert/strict";
import { findSecrets, searchMemory, stringLines } from "../../../src/memory/index.ts";
import type { CheckpointMemory, MemoryQuery, MemorySearchOptions } from "../../../src/memory/index.ts";
import { message, PAGE, withMade, withMemoryOf } from "./support.ts";

const START = 0x10000n;
const PARTS = 48;
/** Bytes of a part. */
const SIZE = 4 * PAGE;
const needle: MemoryQuery = { kind: "text", text: "NEEDLE", encoding: "utf-8", matchCase: true };
/** The first part takes a worker long, the others do not. */
const slow: MemoryQuery = { kind: "regex", text: "(a+)+b|NEEDLE", matchCase: true };

/** In each part a text at its begin, in its middle, and over its end; a password, and the first what is slow and what is endless to look through. */
function withParts<T>(use: (memory: CheckpointMemory) => Promise<T>): Promise<T> {
  const pages = Buffer.alloc(PARTS * SIZE, 0x11);
  for (let part = 0; part < PARTS; part++)
    for (const at of [10, SIZE / 2, SIZE - 3]) pages.write("NEEDLE", part * SIZE + at);
  for (let part = 0; part < PARTS; part++)
    pages.write(`\0DB_PASSWORD=correct-horse-${part}\0`, part * SIZE + 5000, "latin1");
  pages.write(`${"a".repeat(22)}c`, 2000);
  pages.write(`${"y".repeat(60)}c`, 3000);
  const vmas = [{ start: START, end: START + BigInt(pages.length) }];
  const pagemap = [message([1, START], [2, 0], [4, 4], [5, PARTS * (SIZE / PAGE)])];
  return withMade({ vmas, pagemap, pages }, (folder) => withMemoryOf(folder, use));
}

/** The last lies over the end of all, so half of it is missing. */
const ADDRESSES = Array.from({ length: PARTS }, (_, part) =>
  [10, SIZE / 2, SIZE - 3].map((at) => part * SIZE + at),
)
  .flat()
  .slice(0, -1)
  .map((at) => START + BigInt(at));

interface Progress {
  readonly searched: number;
  readonly total: number;
}

async function courseOf(memory: CheckpointMemory, query: MemoryQuery, options: MemorySearchOptions) {
  const addresses: bigint[] = [];
  const progress: Progress[] = [];
  for await (const step of searchMemory([memory], query, { partSize: SIZE, context: 4, ...options })) {
    addresses.push(...step.matches().map(({ address }) => address));
    progress.push({ searched: step.searched, total: step.total });
  }
  return { addresses, progress };
}

/** Goes through steps, gives up after the first, and tells how many came and what was thrown. */
async function givenUp(
  steps: (signal: AbortSignal) => AsyncIterable<unknown>,
): Promise<{ readonly count: number; readonly thrown: unknown }> {
  const giving = new AbortController();
  let count = 0;
  try {
    for await (const step of steps(giving.signal)) {
      assert.ok(step);
      count++;
      giving.abort(REASON);
    }
  } catch (thrown) {
    return { count, thrown };
  }
  return { count, thrown: undefined };
}
const REASON = new Error("the person closed the view");

describe("the course of a search", function () {
  // Workers that read TypeScript take a while to start.
  this.timeout(120_000);

  const ways: readonly (readonly [name: string, query: MemoryQuery, options: MemorySearchOptions])[] = [
    ["one worker", needle, { threads: 1 }],
    ["two workers", needle, { threads: 2 }],
    ["this thread", needle, { threads: 1, blocking: true }],
    ["this thread and a worker", needle, { threads: 2, blocking: true }],
    ["two workers, of which one is slow", slow, { threads: 2 }],
    ["two workers, of which one is slow, where nothing else waits", slow, { threads: 2, blocking: true }],
  ];
  for (const [name, query, options] of ways)
    it(`goes by address, and tells how far it is: ${name}`, async () => {
      await withParts(async (memory) => {
        const { addresses, progress } = await courseOf(memory, query, options);
        assert.deepEqual(addresses, ADDRESSES);
        assert.deepEqual(new Set(progress.map(({ total }) => total)), new Set([PARTS * SIZE]));
        assert.ok(progress.length >= PARTS, String(progress.length));
        // A part is searched a step, so it grows by no more, and always.
        let before = 0;
        for (const { searched } of progress) {
          assert.ok(searched > before && searched <= before + SIZE, `${before} ${searched}`);
          before = searched;
        }
        assert.equal(before, PARTS * SIZE);
      });
    });

  for (const [name, query, options] of ways)
    it(`ends with the reason of the signal after the step that it came in: ${name}`, async () => {
      await withParts(async (memory) => {
        const { count, thrown } = await givenUp((signal) =>
          searchMemory([memory], query, { partSize: SIZE, ...options, signal }),
        );
        assert.equal(thrown, REASON);
        assert.equal(count, 1);
        // The checkpoint is none the worse for it.
        assert.deepEqual((await courseOf(memory, needle, { threads: 1 })).addresses, ADDRESSES);
      });
    });

  it("ends so for strings and secrets too", async () => {
    await withParts(async (memory) => {
      const options = { threads: 1, partSize: SIZE };
      const strings = await givenUp((signal) =>
        stringLines([memory], { ...options, min: 4, encoding: "ascii", signal }),
      );
      assert.deepEqual(strings, { count: 1, thrown: REASON });
      const secrets = await givenUp((signal) => findSecrets([memory], { ...options, signal }));
      assert.deepEqual(secrets, { count: 1, thrown: REASON });
    });
  });

  it("ends when a worker fails, for whoever waits for it", async () => {
    await withParts(async (memory) => {
      const endless: MemoryQuery = { kind: "regex", text: "(y+)+z", matchCase: true };
      const ended = await courseOf(memory, endless, { threads: 2, timeLimit: 1000 }).catch(
        (error: unknown) => error,
      );
      assert.equal((ended as { code?: unknown }).code, "memory.searchTooSlow");
    });
  });
});
