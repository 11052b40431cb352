import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { keepsHistory, readHistory } from "../../../src/analysis/index.ts";
import { MADE_PID, message, PAGE, withMade, withMemory, withMemoryOf } from "../memory/support.ts";

/** What `history` printed with HISTTIMEFORMAT='%s '. */
function saidLines(text: string): readonly (readonly [number: number, time: bigint, line: string])[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, number, time, rest = ""] = /^ *(\d+) {2}(\d+) (.*)$/.exec(line) ?? [];
      return [Number(number), BigInt(time ?? -1), rest];
    });
}

describe("the history of a shell", function () {
  this.timeout(60_000);

  for (const folder of ["times", "plain"])
    it(`is what bash itself said it was, with its times (${folder})`, () =>
      withMemory("memory/history", `${folder}/img`, async (memory, root) => {
        const said = saidLines(await readFile(join(root, folder, "said.txt"), "utf8"));
        assert.ok(said.length >= 5);
        const [pid = 0] = memory.pids;
        assert.ok(keepsHistory(await memory.space(pid)));
        const lines = await readHistory(memory, pid);
        const listed = lines.filter(({ number }) => number !== undefined);
        assert.deepEqual(
          listed.slice(0, said.length).map(({ number, time, text }) => [number, time, text]),
          said,
        );
        // Typed when bash had said it.
        assert.deepEqual(
          listed.slice(said.length).map(({ text }) => text),
          ["echo ready"],
        );
      }));

  it("is found by its list when it has no times (made: no bash of today leaves them out)", async () => {
    const start = 0x10000n;
    const pages = Buffer.alloc(PAGE);
    const typed = ["ls", "cat /etc/passwd", "rm -rf build\ntrue"];
    typed.forEach((line, index) => {
      pages.write(`${line}\0`, 0x200 + index * 0x40);
      pages.writeBigUInt64LE(start + BigInt(0x200 + index * 0x40), 0x400 + index * 0x20);
      pages.writeBigUInt64LE(start + BigInt(0x400 + index * 0x20), 0x800 + index * 8);
    });
    const dump = {
      vmas: [{ start, end: start + BigInt(PAGE) }],
      pagemap: [message([1, start], [2, 0], [4, 4], [5, 1])],
      pages,
    };
    const lines = await withMade(dump, (folder) =>
      withMemoryOf(folder, (memory) => readHistory(memory, MADE_PID)),
    );
    assert.deepEqual(
      lines.map(({ number, time, text }) => [number, time, text]),
      typed.map((text, index) => [index + 1, undefined, text]),
    );
  });

  it("is empty for a program that never had one", () =>
    withMemory("corpus/c-memfd", "img", async (memory) => {
      const [pid = 0] = memory.pids;
      assert.equal(keepsHistory(await memory.space(pid)), false);
      assert.deepEqual(await readHistory(memory, pid), []);
    }));
});
