import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { assertSame, procOf, text } from "./support.ts";

describe("the frozen /proc/PID/net/packet", () => {
  /** Two packet sockets that test/lab/programs/furnished.py bound (without the pages, the checkout's path another of its length), and Linux's lines of them before the dump. */
  const open = async () => {
    const folder = await fixture("packet-sockets");
    const live = await readFile(join(folder, "packet"), "latin1");
    return { live, checkpoint: await openCheckpoint(await openTree(join(folder, "images"))) };
  };

  it("has the sockets of the live one, with their types, protocols and devices", async () => {
    const { live, checkpoint } = await open();
    try {
      const [main = 0] = checkpoint.roots;
      const frozen = await text(procOf(checkpoint), `${main}/net/packet`);
      assertSame("PID/net/packet", live, frozen, "net/packet");
      assert.match(frozen, / 3 +0800 +3 +1 .*\n.* 2 +86dd +2 +1 /);
      // Each column begins where the kernel's does.
      const starts = (line = ""): readonly number[] => [...line.matchAll(/\S+/g)].map(({ index }) => index);
      assert.deepEqual(frozen.split("\n").map(starts), live.split("\n").map(starts));
    } finally {
      await checkpoint.close();
    }
  });

  it("names a socket by the number that its descriptor links to", async () => {
    const { checkpoint } = await open();
    try {
      const [main = 0] = checkpoint.roots;
      const proc = procOf(checkpoint);
      const lines = (await text(proc, `${main}/net/packet`)).trim().split("\n").slice(1);
      const numbers = lines.map((line) => line.trim().split(/\s+/).at(-1));
      const fds = await proc.list(`${main}/fd`);
      const links = await Promise.all(fds.map(({ name }) => text(proc, `${main}/fd/${name}`)));
      assert.equal(numbers.length, 2);
      for (const number of numbers) assert.ok(links.includes(`socket:[${String(number)}]`), String(number));
    } finally {
      await checkpoint.close();
    }
  });
});
