import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openFileSink, writeCore } from "../../../src/corefile/index.ts";
import { coreOpening } from "../../../src/debug/index.ts";
import type { DebuggersHere } from "../../../src/debug/index.ts";
import { openMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";

const here = (types: readonly string[], ...programs: readonly string[]): DebuggersHere => ({
  types: new Set(types),
  find: (...asked) => Promise.resolve(asked.find((each) => programs.includes(each))),
  version: () => Promise.resolve(""),
});

const CORE = { core: "/tmp/a b/core.1", exe: "/bin/app", sysroot: "/tmp/root", name: "Core of 1 app" };

describe("a core that is opened in a debugger", () => {
  it("is opened by the editor's own, with program and sysroot", async () => {
    const opening = await coreOpening(CORE, here(["cppdbg", "lldb"], "gdb"));
    assert.deepEqual(opening, {
      kind: "session",
      configuration: {
        ...{ type: "cppdbg", request: "launch", name: "Core of 1 app", MIMode: "gdb" },
        ...{ program: "/tmp/root/bin/app", coreDumpPath: "/tmp/a b/core.1", cwd: "/tmp/root" },
        setupCommands: [{ text: "-gdb-set sysroot /tmp/root", ignoreFailures: true }],
      },
    });
    const lldb = await coreOpening(CORE, here(["lldb"], "gdb"));
    assert.ok(lldb.kind === "session");
    assert.deepEqual(lldb.configuration["targetCreateCommands"], [
      'target create "/tmp/root/bin/app" --core "/tmp/a b/core.1"',
    ]);
  });

  it("whose path has quotes and commands in it is one word of lldb's", async () => {
    const odd = { ...CORE, core: '/tmp/"; platform shell id; `id` "', sysroot: undefined };
    const opening = await coreOpening(odd, here(["lldb"]));
    assert.ok(opening.kind === "session");
    assert.deepEqual(opening.configuration["targetCreateCommands"], [
      'target create --core "/tmp/\\"; platform shell id; \\`id\\` \\""',
    ]);
  });

  it("is opened in a terminal where the editor has none, and else said not to be", async () => {
    const opening = await coreOpening(CORE, here([], "lldb", "gdb"));
    assert.ok(opening.kind === "terminal");
    assert.equal(opening.program, "gdb");
    await assert.rejects(coreOpening(CORE, here([])), (error: { code?: string }) => {
      assert.equal(error.code, "debug.noCoreDebugger");
      return true;
    });
  });

  it("of another machine is opened by a debugger that knows it, and has the stack of the thread that failed", async function () {
    this.timeout(120_000);
    const machine = process.arch === "arm" ? "x86-64" : "arm";
    const root = join(await fixture("unwind/kernel-cores"), machine);
    const core = { core: join(root, "core"), exe: "/crash", sysroot: root, name: "core" };
    const opening = await coreOpening(core, here([], "gdb", "gdb-multiarch", "lldb"));
    assert.ok(opening.kind === "terminal");
    assert.equal(opening.program, "gdb-multiarch");
    const session = await coreOpening(core, here(["cppdbg"], "gdb-multiarch"));
    assert.ok(session.kind === "session");
    assert.equal(session.configuration["miDebuggerPath"], "gdb-multiarch");
    // A gdb for this machine alone is none for that one.
    const other = await coreOpening(core, here(["cppdbg"], "gdb", "lldb"));
    assert.ok(other.kind === "terminal");
    assert.equal(other.program, "lldb");
    await assert.rejects(coreOpening(core, here(["cppdbg"], "gdb")), { code: "debug.noForeignDebugger" });
    if (spawnSync("gdb-multiarch", ["--version"]).error) this.skip();
    const more = ["-nx", "-batch", "-ex", "bt"];
    const { stdout, stderr } = spawnSync("gdb-multiarch", [...more, ...opening.args], { encoding: "utf8" });
    assert.match(stdout, /signal SIGSEGV[^]*#0 .* in fault [^]*#4 .* in recurse \(depth=3\)/, stderr);
  });

  for (const [debug, more, expected] of [
    ["gdb", ["-nx", "-batch", "-ex", "bt"], /#5 .*depth3 \(a=2\).*\n[^]*#7 .*main \(argc=2/],
    ["lldb", ["-x", "-b", "-o", "bt"], /depth3\(a=2\)[^]*main\(argc=2/],
  ] as const)
    it(`has its stack in ${debug}, with these arguments`, async function () {
      if (spawnSync(debug, ["--version"]).error) this.skip();
      this.timeout(120_000);
      const root = await fixture("memory/elfcore");
      const folder = await mkdtemp(join(tmpdir(), "core in a folder-"));
      try {
        const tree = await openTree(join(root, "img"));
        const checkpoint = await openCheckpoint(tree, {});
        const memory = openMemory(checkpoint);
        const core = join(folder, "core.1");
        const sink = await openFileSink(core);
        await writeCore(checkpoint, memory, 1, sink);
        await sink.done();
        await memory.close();
        await checkpoint.close();
        await tree.close();
        const opening = await coreOpening(
          { core, exe: "/threads", sysroot: join(root, "root"), name: "core" },
          here([], debug),
        );
        assert.ok(opening.kind === "terminal");
        const { stdout, stderr } = spawnSync(debug, [...more, ...opening.args], { encoding: "utf8" });
        assert.match(stdout, expected, stderr);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
});
