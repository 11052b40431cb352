// Comparisons about memory/elfcore, against what gdb said of the same core.
import assert from "node:assert/strict";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { isTrue } from "../../../src/debug/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { GDB_THREADS } from "./gdb-threads.ts";

describe("a comparison about a frozen process", () => {
  let ask: (text: string, pid?: number) => Promise<boolean>;
  let close: () => Promise<void>;

  before(async () => {
    const folder = await fixture("memory/elfcore");
    const [tree, sysroot] = [await openTree(join(folder, "img")), await openTree(join(folder, "root"))];
    const checkpoint = await openCheckpoint(tree, {});
    const memory = openMemory(checkpoint, { sysroot });
    ask = (text, pid) =>
      isTrue(text, pid === undefined ? undefined : new Set([pid])).ask(memory, { sysroot });
    close = async () => {
      await memory.close();
      await checkpoint.close();
      await tree.close();
      await sysroot.close();
    };
  });
  after(() => close());

  it("knows the registers of the innermost call, and where functions are", async () => {
    const [address = "", name = ""] = GDB_THREADS.get(1)?.[0] ?? [];
    const at = BigInt(`0x${address}`);
    assert.equal(await ask(`$rip == 0x${address}`), true);
    assert.equal(await ask(`$rip != 0x${address}`), false);
    assert.equal(await ask(`$rip > ${at - 1n}`), true);
    assert.equal(await ask(`$rip > ${at}`), false);
    assert.equal(await ask(`$rip >= ${at}`), true);
    assert.equal(await ask(`$rip<${at}`), false);
    assert.equal(await ask(`$rip <= ${name} + 0`), false);
    assert.equal(await ask(`${name} < $rip`), true);
  });

  it("counts without the ends of 64 bits, and is true alone when it isn't 0", async () => {
    for (const [text, expected] of [
      ["-1 < 0", true],
      ["0xffffffffffffffff > 0", true],
      ["1 - 2 < 0", true],
      ["(i32)0xffffffff == -1", true],
      ["(u32)0xffffffff == -1", false],
      ["(i8)200 < 0", true],
      ["0", false],
      ["3 - 3", false],
      ["$rip", true],
    ] as const)
      assert.equal(await ask(text), expected, text);
  });

  it("has no answer where a name, its type or a process isn't known", async () => {
    await assert.rejects(ask("no_such_name > 1"), { code: "postmortem.unknownName" });
    // A variable of the C library, which has no debug information here.
    await assert.rejects(ask("__libc_enable_secure == 0"), {
      code: "postmortem.untyped",
      next: /\*\(i32\*\)&/,
    });
    assert.equal(await ask("*(i32*)&__libc_enable_secure == 0"), true);
    await assert.rejects(ask("1 > 0", 99_999), { code: "debug.bisectNoProcess" });
    await assert.rejects(ask("(double)1 > 0"), { code: "postmortem.badExpression" });
  });

  it("is refused before anything is read when it is none", () => {
    for (const [text, code] of [
      ["1 < 2 < 3", "notOneComparison"],
      ["1 <", "badExpression"],
      ["a = 1", "badExpression"],
      ["a > 1 && b > 1", "notOneComparison"],
      ["a && b", "badExpression"],
      ["", "badExpression"],
    ] as const)
      assert.throws(() => isTrue(text), { code: `postmortem.${code}` }, text);
  });
});
