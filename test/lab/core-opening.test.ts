// What a core is opened with, done: the terminal's words for gdb and lldb, given to the real ones.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { coreOpening, Resources } from "../../src/debug/index.ts";
import type { CoreToOpen } from "../../src/debug/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { coreWithRoot } from "./core-peers.ts";
import { folderOf, forget, succeed } from "./frozen-programs.ts";

const NO_SERVER = { own: new Resources(), log: () => undefined, signal: undefined };

/** The words of the terminal for a debugger of this name. */
async function wordsFor(core: CoreToOpen, debug: string): Promise<readonly string[]> {
  const opening = await coreOpening(
    core,
    {
      types: new Set(),
      find: (...asked) => Promise.resolve(asked.find((each) => each === debug)),
      setting: () => undefined,
      version: () => Promise.resolve(""),
      configuration: () => Promise.resolve(""),
    },
    NO_SERVER,
  );
  assert.ok(opening.kind === "terminal");
  assert.equal(opening.program, debug);
  return opening.args;
}

describe("a core in a debugger that is opened on it, with its sysroot", () => {
  const folder = folderOf("core in a folder");
  const root = join(folder, "root");
  const core = join(folder, "core.1");

  before(async () => {
    await coreWithRoot(core, root);
  });
  after(() => {
    forget(folder);
  });

  for (const [debug, program, more, expected] of [
    ["gdb", "gdb", ["-nx", "-batch", "-ex", "bt"], /#5 .*depth3 \(a=2\).*\n[^]*#7 .*main \(argc=2/],
    ["lldb", "lldb-19", ["-x", "-b", "-o", "bt"], /depth3\(a=2\)[^]*main\(argc=2/],
  ] as const)
    it(`has its stack in ${debug}`, async () => {
      const words = await wordsFor({ core, exe: "/threads", sysroot: root, name: "core" }, debug);
      assert.match(succeed(program, [...more, ...words]), expected);
    });

  it("of another machine has its stack in gdb-multiarch", async () => {
    const machine = process.arch === "arm" ? "x86-64" : "arm";
    const from = join(folder, machine);
    cpSync(join(await fixture("unwind/kernel-cores"), machine), from, { recursive: true });
    const foreign = { core: join(from, "core"), exe: "/crash", sysroot: from, name: "core" };
    const words = await wordsFor(foreign, "gdb-multiarch");
    const text = succeed("gdb-multiarch", ["-nx", "-batch", "-ex", "bt", ...words]);
    assert.match(text, /signal SIGSEGV[^]*#0 .* in fault [^]*#4 .* in recurse \(depth=3\)/);
  });
});
