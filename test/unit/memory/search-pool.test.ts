import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { FROM } from "../../../src/memory/search/messages.ts";
import type { Job, JobResult } from "../../../src/memory/search/messages.ts";
import { compileMemoryQuery } from "../../../src/memory/search/pattern.ts";
import type { WorkerPattern } from "../../../src/memory/search/pattern.ts";
import { openPool } from "../../../src/memory/search/pool.ts";
import type { PoolOptions, SearchPool } from "../../../src/memory/search/pool.ts";

const TEXT = compileMemoryQuery({ kind: "text", text: "ab", encoding: "utf-8", matchCase: true });
const regex = (text: string): WorkerPattern => compileMemoryQuery({ kind: "regex", text, matchCase: true });
const BOTH: PoolOptions = { threads: 2, timeLimit: 60_000, isHereToo: true };
const WORKERS: PoolOptions = { threads: 2, timeLimit: 60_000, isHereToo: false };

/** A job whose bytes come with it, or lie in a file that isn't open. */
function job(id: number, text: string, descriptor: number = FROM.attached): Job {
  const attached = new Uint8Array(Buffer.from(text, "latin1"));
  const { length } = attached;
  return {
    id,
    pieces: Float64Array.of(descriptor, 0, length, 0),
    stretches: Float64Array.of(0, 0, length, length),
    attached,
    limit: Infinity,
  };
}

async function withPool(
  pattern: WorkerPattern,
  options: PoolOptions,
  use: (pool: SearchPool) => Promise<void>,
): Promise<void> {
  const pool = openPool({ pattern, memory: 1 << 20, context: 0 }, options);
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

/** Whether the job was done at once, in this thread; its result in any case. */
async function give(
  pool: SearchPool,
  each: Job,
): Promise<{ readonly isDone: boolean; result: Promise<JobResult> }> {
  let isDone = false;
  const result = pool.run(each).finally(() => (isDone = true));
  result.catch(() => undefined);
  for (let turn = 0; turn < 4; turn++) await Promise.resolve();
  return { isDone, result };
}

/** Gives jobs until a worker takes one. */
async function untilReady(pool: SearchPool): Promise<void> {
  for (;;) {
    const { isDone, result } = await give(pool, job(0, "ab"));
    await result;
    if (!isDone) return;
    await setTimeout(20);
  }
}

describe("the threads of a search", function () {
  // Workers that read TypeScript take a while to start.
  this.timeout(120_000);

  for (const [name, options] of [
    ["workers", WORKERS],
    ["a worker and this thread", BOTH],
    ["this thread alone", { ...BOTH, threads: 1 }],
  ] as const)
    it(`give each job its own answer: ${name}`, async () => {
      await withPool(TEXT, options, async (pool) => {
        const results: Promise<JobResult>[] = [];
        for (let id = 0; id < 200; id++) {
          results.push(pool.run(job(id, `${"ab".repeat(id % 7)}${" ".repeat(id)}`)));
          await pool.turn();
        }
        for (const [id, result] of (await Promise.all(results)).entries())
          assert.deepEqual([result.id, result.count, result.error], [id, id % 7, undefined]);
      });
    });

  it("are a worker that has two jobs, and this one for what it has no room for", async () => {
    await withPool(TEXT, BOTH, async (pool) => {
      // Who starts gets none.
      assert.equal((await give(pool, job(0, "ab"))).isDone, true);
      await untilReady(pool);
      const given = [
        await give(pool, job(1, "ab")),
        await give(pool, job(2, "ab")),
        await give(pool, job(3, "ab")),
      ];
      assert.deepEqual(
        given.map(({ isDone }) => isDone),
        [false, false, true],
      );
      const results = await Promise.all(given.map(({ result }) => result));
      assert.deepEqual(
        results.map(({ id }) => id),
        [1, 2, 3],
      );
    });
  });

  it("ask for no further job before there is room for it", async () => {
    // Half a second and more.
    const slow = `${"a".repeat(24)}c`;
    await withPool(regex("(a+)+b"), { ...WORKERS, threads: 1 }, async (pool) => {
      const done: number[] = [];
      const results = [slow, "ab"].map(async (text, id) => {
        await pool.run(job(id, text));
        done.push(id);
      });
      await pool.turn();
      assert.equal(done[0], 0);
      // There is room, and it does not wait.
      await pool.turn();
      await Promise.all(results);
      assert.deepEqual(done, [0, 1]);
    });
  });

  for (const [name, options] of [
    ["workers", WORKERS],
    ["a worker and this thread", BOTH],
  ] as const)
    it(`refuse a job that can't be done, and do the others: ${name}`, async () => {
      await withPool(TEXT, options, async (pool) => {
        await untilReady(pool);
        const results = Array.from({ length: 9 }, (_, id) =>
          pool.run(id % 3 === 1 ? job(id, "ab", 9999) : job(id, "ab")),
        );
        for (const [id, each] of (await Promise.allSettled(results)).entries())
          if (id % 3 !== 1) assert.equal(each.status, "fulfilled");
          else {
            assert.equal(each.status, "rejected");
            assert.equal((each.reason as { code?: unknown }).code, "memory.searchFailed");
          }
        await pool.turn();
      });
    });

  it("reject all that wait and all that comes when one of them fails, and hang nowhere", async () => {
    // No worker can start with it.
    const broken: WorkerPattern = { kind: "regex", source: "(", flags: "g", maxLength: 10 };
    await withPool(broken, WORKERS, async (pool) => {
      const results = Array.from({ length: 4 }, (_, id) => pool.run(job(id, "ab")));
      const settled = Promise.allSettled(results);
      // All have two jobs.
      await pool.turn();
      for (const each of await settled) {
        assert.equal(each.status, "rejected");
        assert.equal((each.reason as { code?: unknown }).code, "memory.searchFailed");
      }
      await assert.rejects(pool.run(job(9, "ab")), { code: "memory.searchFailed" });
      await pool.turn();
    });
  });

  it("reject all when one job takes too long, whoever has the others", async () => {
    await withPool(regex("(a+)+b"), { ...WORKERS, timeLimit: 2000 }, async (pool) => {
      await untilReady(pool);
      const results = Array.from({ length: 4 }, (_, id) => pool.run(job(id, `${"a".repeat(60)}c`)));
      const settled = Promise.allSettled(results);
      await pool.turn();
      for (const each of await settled) {
        assert.equal(each.status, "rejected");
        assert.equal((each.reason as { code?: unknown }).code, "memory.searchTooSlow");
      }
      await assert.rejects(pool.run(job(9, "ab")), { code: "memory.searchTooSlow" });
    });
  });
});
