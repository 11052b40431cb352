import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { searchMemory } from "../../../src/memory/index.ts";
import type { CheckpointMemory, MemoryQuery, MemorySearchOptions } from "../../../src/memory/index.ts";
import { runCommand } from "../run-command.ts";
import type { MadeMemory } from "./support.ts";
import { MADE_PID, message, PAGE, withMade, withMemory, withMemoryOf } from "./support.ts";

const run = promisify(execFile);
const START = 0x10000n;
const PIDS = [MADE_PID, MADE_PID + 1, MADE_PID + 2] as const;
const needle: MemoryQuery = { kind: "text", text: "NEEDLE", encoding: "utf-8", matchCase: true };

/** A process with a text and a password of its own, at the addresses where the others have theirs. */
function processOf(pid: number): MadeMemory {
  const pages = Buffer.alloc(2 * PAGE);
  pages.write(`NEEDLE of ${pid}`, 100);
  pages.write(`DB_PASSWORD=correct-horse-${pid}`, PAGE);
  const vmas = [{ start: START, end: START + BigInt(pages.length) }];
  return { vmas, pagemap: [message([1, START], [2, 0], [4, 4], [5, 2])], pages };
}

const withSeveral = <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const children = PIDS.slice(1).map(processOf);
  return withMade({ ...processOf(MADE_PID), children }, use);
};

async function pidsOf(memory: CheckpointMemory, options: MemorySearchOptions): Promise<readonly number[]> {
  const pids: number[] = [];
  for await (const step of searchMemory([memory], needle, { threads: 1, ...options }))
    pids.push(...step.matches().map(({ pid }) => pid));
  return pids;
}

describe("the memory of several processes", function () {
  // Workers that read TypeScript take a while to start.
  this.timeout(120_000);

  it("is searched of all, or of those that are asked for", async () => {
    await withSeveral((folder) =>
      withMemoryOf(folder, async (memory) => {
        const [first, second, third] = PIDS;
        assert.deepEqual(memory.pids, PIDS);
        assert.deepEqual(await pidsOf(memory, {}), PIDS);
        assert.deepEqual(await pidsOf(memory, { filter: { pids: new Set([second]) } }), [second]);
        assert.deepEqual(await pidsOf(memory, { filter: { pids: new Set([third, first]) } }), [first, third]);
        const one = { filter: { pids: new Set([second]) }, threads: 1 };
        for await (const { total } of searchMemory([memory], needle, one)) assert.equal(total, 2 * PAGE);
        await assert.rejects(pidsOf(memory, { filter: { pids: new Set([second, 99]) } }), {
          code: "memory.noProcess",
        });
      }),
    );
  });

  it("has of each real process what grep finds in its pages", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory, folder) => {
      const counts: number[] = [];
      for (const pid of memory.pids) {
        // pagemap_head.pages_id, a small number, behind two magics and the length.
        const id = (await readFile(join(folder, "img", `pagemap-${pid}.img`)))[13] ?? 0;
        const { stdout } = await run("grep", ["-aobF", "GNU", join(folder, "img", `pages-${id}.img`)], {
          env: { LC_ALL: "C" },
        }).catch(() => ({ stdout: "" }));
        const query: MemoryQuery = { kind: "text", text: "GNU", encoding: "utf-8", matchCase: true };
        const filter = { pids: new Set([pid]) };
        const found: number[] = [];
        for await (const step of searchMemory([memory], query, { threads: 1, filter }))
          found.push(...step.matches().map((match) => match.pid));
        assert.deepEqual(new Set(found), new Set([pid]));
        assert.equal(found.length, stdout.split("\n").filter((line) => line !== "").length);
        counts.push(found.length);
      }
      assert.ok(counts.length > 1 && counts.every((count) => count > 0), String(counts));
    });
  });

  it("is asked by the command line of all processes, or of those of --pid", async () => {
    await withSeveral(async (folder) => {
      const [first, second, third] = PIDS;
      const commands: readonly (readonly [words: readonly string[], pidOf: RegExp])[] = [
        [["search", folder, "NEEDLE"], /^(\d+) 0x10064 /gm],
        [["search", folder, "NEEDLE", "--json"], /^ {6}"pid": (\d+),$/gm],
        [["strings", folder], /^NEEDLE of (\d+)$/gm],
        [["strings", folder, "--addresses"], /^(\d+) 0x10064 NEEDLE/gm],
        [["secrets", folder, "--reveal"], /^(\d+) 0x11\w{3} .*correct-horse/gm],
      ];
      const choices: readonly (readonly number[])[] = [[], [second], [first, third]];
      for (const [words, pidOf] of commands)
        for (const pids of choices) {
          const asked = [...words, "--threads", "1", ...pids.flatMap((pid) => ["--pid", String(pid)])];
          const { out, err } = await runCommand(asked);
          const found = Array.from(out.matchAll(pidOf), ([, pid]) => Number(pid));
          assert.deepEqual(found, pids.length > 0 ? pids : PIDS, `${asked.join(" ")}\n${out}${err}`);
        }
      for (const [words] of commands) {
        const none = await runCommand([...words, "--threads", "1", "--pid", "99"]);
        assert.match(`${none.code} ${none.err}`, /^3 .*no process 99/, words[0]);
      }
    });
  });
});
