import assert from "node:assert/strict";
import { join } from "node:path";
import { coreOpening as openingOf, Resources } from "../../../src/debug/index.ts";
import type { CoreToOpen, DebuggersHere } from "../../../src/debug/index.ts";
import { fixture } from "../fixtures.ts";

const here = (types: readonly string[], ...programs: readonly string[]): DebuggersHere => ({
  types: new Set(types),
  find: (...asked) => Promise.resolve(asked.find((each) => programs.includes(each))),
  setting: () => undefined,
  version: () => Promise.resolve("GNU gdb (Debian 13.1-3) 13.1"),
  configuration: () => Promise.resolve("   --with-python=/usr (relocatable)\n"),
});

const settingOf = (adapter: string) => (name: string) =>
  name === "lldb-dap.executable-path" ? adapter : undefined;

const coreOpening = (core: CoreToOpen, debuggers: DebuggersHere): ReturnType<typeof openingOf> =>
  openingOf(core, debuggers, { own: new Resources(), log: () => undefined, signal: undefined });

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

  it("isn't given to an extension whose debugger isn't on this machine", async () => {
    const types = ["cppdbg", "lldb-dap"];
    const alone = await coreOpening(CORE, here(types, "lldb-dap-19"));
    assert.ok(alone.kind === "session");
    assert.equal(alone.configuration.type, "lldb-dap");
    // The extension itself would look for `lldb-dap` only.
    assert.equal(alone.configuration["debugAdapterExecutable"], "lldb-dap-19");
    const set = await coreOpening(CORE, { ...here(types), setting: settingOf("/opt/lldb/lldb-dap") });
    assert.ok(set.kind === "session");
    assert.equal(set.configuration.type, "lldb-dap");
    assert.equal(set.configuration["debugAdapterExecutable"], undefined);
    const terminal = await coreOpening(CORE, here(types, "lldb"));
    assert.ok(terminal.kind === "terminal");
    assert.equal(terminal.program, "lldb");
  });

  it("is opened in a session by an adapter that is here, where the editor has no debugger of its own", async () => {
    const opening = await coreOpening(CORE, here(["go"], "gdb", "lldb-dap-19"));
    assert.deepEqual(opening, {
      kind: "session",
      configuration: {
        ...{ type: "cryoscope-attached", request: "attach", name: "Core of 1 app" },
        ...{ coreFile: "/tmp/a b/core.1", program: "/tmp/root/bin/app" },
        initCommands: ['platform select remote-linux --sysroot "/tmp/root"'],
      },
      adapter: { kind: "program", command: "lldb-dap-19", args: [] },
    });
  });

  it("is never given to a gdb as the line to a remote target, to which it would write", async () => {
    for (const [version, settings] of [
      ["GNU gdb (GDB) 14.2", { target: "the core" }],
      ["GNU gdb (GDB) 17.1", { target: "the core" }],
      ["GNU gdb (Debian 18.1-3) 18.1", { coreFile: "/tmp/a b/core.1" }],
    ] as const) {
      const opening = await coreOpening(CORE, {
        ...here([], "gdb"),
        version: () => Promise.resolve(version),
      });
      assert.ok(opening.kind === "session" && opening.adapter?.kind === "program");
      const { type, request, name, program, ...others } = opening.configuration;
      assert.deepEqual([type, request, name], ["cryoscope-attached", "attach", "Core of 1 app"]);
      assert.equal(program, "/tmp/root/bin/app");
      assert.deepEqual(others, settings, version);
      assert.ok(opening.adapter.args.includes("set sysroot /tmp/root"));
    }
  });

  it("is opened in a terminal where gdb is too old for a session, and else said not to be", async () => {
    const opening = await coreOpening(CORE, here([], "lldb", "gdb"));
    assert.ok(opening.kind === "terminal");
    assert.equal(opening.program, "gdb");
    await assert.rejects(coreOpening(CORE, here([])), (error: { code?: string }) => {
      assert.equal(error.code, "debug.noCoreDebugger");
      return true;
    });
  });

  it("is opened in a terminal by a gdb without Python, which has no adapter", async () => {
    const minimal = {
      ...here([], "gdb"),
      version: () => Promise.resolve("GNU gdb (Debian 16.3-1) 16.3"),
      configuration: () => Promise.resolve("   --without-python\n   --without-python-libdir\n"),
    };
    const opening = await coreOpening(CORE, minimal);
    assert.ok(opening.kind === "terminal");
    assert.equal(opening.program, "gdb");
  });

  it("of a program of Go is opened by delve, and one of another program isn't", async () => {
    const sysroot = await fixture("unwind/go-frozen");
    const core = { core: "/tmp/core.1", exe: "/frozen", sysroot, name: "Core of 1 frozen" };
    const opening = await coreOpening(core, here(["go", "cppdbg"], "dlv", "lldb-dap"));
    assert.deepEqual(opening, {
      kind: "session",
      configuration: {
        ...{ type: "go", request: "launch", name: "Core of 1 frozen", mode: "core", stopOnEntry: true },
        ...{ program: join(sysroot, "frozen"), coreFilePath: "/tmp/core.1" },
      },
    });
    const without = await coreOpening(core, here(["go", "cppdbg"], "gdb", "lldb-dap"));
    assert.ok(without.kind === "session");
    assert.equal(without.configuration.type, "cppdbg");
    const other = await coreOpening(
      { ...core, sysroot: await fixture("memory/elfcore"), exe: "/root/threads" },
      here(["go"], "dlv", "lldb-dap"),
    );
    assert.ok(other.kind === "session");
    assert.equal(other.adapter?.kind === "program" && other.adapter.command, "lldb-dap");
  });

  it("of another machine is opened by a debugger that knows it, and else the package is named", async () => {
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
  });
});
