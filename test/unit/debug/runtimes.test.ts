import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  adapterPort,
  chooseProgram,
  debuggersHere,
  debugpyPort,
  isIn,
  jdwpAddress,
  liveOptions,
  majorVersion,
  OWN_TYPE,
  parseEquipment,
  signalBinding,
} from "../../../src/debug/index.ts";
import type { Program, Target } from "../../../src/debug/index.ts";
import { attach, program, targetHere } from "./targets.ts";

const chosen = (programs: readonly Program[], wish: Parameters<typeof chooseProgram>[1] = {}) => {
  const { runtime, program: found } = chooseProgram(programs, wish, "web");
  return `${runtime.id} ${found.pid}`;
};

describe("the process that is debugged", () => {
  it("is the first whose runtime is known, below the shell or init that started it", () => {
    assert.equal(chosen([program(1, "/bin/sh"), program(7, "/usr/bin/node", "app.js")]), "node 7");
    assert.equal(chosen([program(1, "/sbin/tini"), program(2, "/opt/venv/bin/python3.12")]), "python 2");
    assert.equal(chosen([program(1, "/usr/lib/jvm/bin/java", "-jar", "a.jar")]), "java 1");
    assert.equal(chosen([program(1, "/bin/busybox"), program(3, "/srv/server")]), "native 3");
    assert.equal(chosen([program(1, "/bin/sh")]), "native 1");
  });

  it("is no helper of a debugger's", () => {
    const helper = program(1, "/usr/bin/python3", "/usr/lib/debugpy/adapter", "--port", "5678");
    assert.equal(chosen([helper, program(9, "/usr/bin/python3", "app.py")]), "python 9");
  });

  it("is the one that the user names, as what the user says that it is", () => {
    const both = [program(1, "/usr/bin/node"), program(5, "/usr/bin/python3")];
    assert.equal(chosen(both, { pid: 5 }), "python 5");
    assert.equal(chosen(both, { runtime: "python" }), "python 5");
    assert.equal(chosen(both, { pid: 1, runtime: "native" }), "native 1");
    assert.equal(chosen([program(4, "/srv/renamed-node")], { pid: 4, runtime: "node" }), "node 4");
  });

  it("that isn't there is said, with what to do", () => {
    assert.throws(() => chosen([], {}), { code: "debug.noProcess", next: /pid/ });
    assert.throws(() => chosen([program(1, "/a")], { pid: 2 }), { code: "debug.noProcess" });
    assert.throws(() => chosen([program(1, "/a")], { runtime: "java" }), { code: "debug.noRuntime" });
  });

  it("is known by its container's id in its cgroup, as Docker, Podman and systemd write it", () => {
    const id = "a".repeat(64);
    assert.ok(isIn(`0::/system.slice/docker-${id}.scope\n`, id));
    assert.ok(isIn(`12:pids:/docker/${id}\n0::/\n`, id));
    assert.ok(isIn(`0::/machine.slice/libpod-${id}.scope/container\n`, id));
    assert.ok(isIn("0::/user/web\n", "web"));
    assert.ok(!isIn("0::/user/webserver\n", "web"));
    assert.ok(!isIn("0::/\n", ""));
  });
});

describe("the flags of debug servers", () => {
  it("of Node say where SIGUSR1 opens the inspector", () => {
    assert.deepEqual(signalBinding(["node", "a.js"], []), { host: "127.0.0.1", port: 9229 });
    assert.equal(signalBinding(["node"], ["NODE_OPTIONS=--inspect-port=9333"]).port, 9333);
  });

  it("of debugpy are read in each of their forms", () => {
    assert.equal(debugpyPort(["python", "-m", "debugpy", "--listen", "0.0.0.0:5678", "a.py"]), 5678);
    assert.equal(debugpyPort(["python3", "-m", "debugpy", "--listen", "5679", "a.py"]), 5679);
    assert.equal(debugpyPort(["sh", "-c", "python3 -m debugpy --listen :5680 a.py"]), 5680);
    assert.equal(debugpyPort(["python3", "/usr/lib/debugpy", "--listen", "5681", "a.py"]), 5681);
    assert.equal(debugpyPort(["python3", "a.py", "--listen", "80"]), undefined);
    const helper = ["python3", "/x/debugpy/adapter", "--for-server", "40001", "--port", "5678"];
    assert.equal(adapterPort([{ ...program(9, "python3"), argv: helper }]), 5678);
    assert.equal(adapterPort([program(1, "python3", "a.py", "--port", "80")]), undefined);
  });

  it("of a JVM are read in each of their forms", () => {
    const agent = (address: string) => [
      `-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=${address}`,
    ];
    assert.deepEqual(jdwpAddress(agent("*:5005")), { host: "0.0.0.0", port: 5005 });
    assert.deepEqual(jdwpAddress(agent("5005")), { host: "127.0.0.1", port: 5005 });
    assert.deepEqual(jdwpAddress(["-Xrunjdwp:server=y,address=h:1"]), { host: "h", port: 1 });
    assert.equal(jdwpAddress(["-agentlib:jdwp=server=n,address=me:5005"]), undefined);
  });

  it("that make no sense in launch.json count as not given", () => {
    const { runtime, pid, port, copy } = liveOptions({
      runtime: "cobol",
      pid: -1,
      port: 70_000,
      copy: "yes",
    });
    assert.deepEqual([runtime, pid, port, copy], ["auto", undefined, undefined, false]);
    assert.equal(parseEquipment("Traceback …"), undefined);
    assert.equal(parseEquipment("null"), undefined);
    assert.equal(parseEquipment(`{"version":"3.14","port":7,"remoteExec":true}`)?.remoteExec, true);
  });
});

describe("the debugger of a native program", () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-tools-"));
  });
  after(() => rm(folder, { recursive: true }));

  /** A program that says this to \`--version\`. */
  async function tool(name: string, words: string): Promise<void> {
    await writeFile(join(folder, name), `#!/bin/sh\necho '${words}'\n`);
    await chmod(join(folder, name), 0o755);
  }

  const target = (change: Partial<Target> = {}, types: readonly string[] = []): Target =>
    targetHere({ here: debuggersHere(types, folder), ...change });

  it("says what was looked for and what to install when there is none", async () => {
    await assert.rejects(attach("native", target()), (error: Error & { code?: string; next?: string }) => {
      assert.equal(error.code, "debug.noNativeDebugger");
      assert.match(error.message, /lldb-dap: it isn't on PATH/);
      assert.match(error.message, /gdb-inside: Test can't run programs in it/);
      assert.match(error.next ?? "", /Install gdb 14.*Debug Frozen Process/);
      return true;
    });
  });

  it("is a gdb that speaks the protocol, told of the container's root and of the sources", async function () {
    if (process.platform !== "linux") this.skip();
    await tool("gdb", "GNU gdb (Debian 13.1-3) 13.1");
    await assert.rejects(attach("native", target()), { message: /gdb: it is version 13/ });
    await tool("gdb", "GNU gdb (Debian 16.3-1) 16.3");
    const { configuration, adapter, waits } = await attach("native", target());
    assert.equal(configuration.type, OWN_TYPE);
    assert.equal(configuration["pid"], process.pid);
    assert.equal(waits, true);
    assert.ok(adapter?.kind === "program");
    assert.ok(adapter.args.includes(`set sysroot /proc/${process.pid}/root`));
    assert.ok(adapter.args.includes('set substitute-path "/app" "/home/me/my \\"app\\""'));
    assert.deepEqual(adapter.args.slice(-2), ["-i", "dap"]);
  });

  it("is no gdb without Python, as that of gdb-minimal: the next one is taken, or the package is named", async function () {
    if (process.platform !== "linux") this.skip();
    const minimal =
      'case $1 in --configuration) echo "   --without-python";; *) echo "GNU gdb (Debian 16.3-1) 16.3";; esac';
    await writeFile(join(folder, "gdb"), `#!/bin/sh\n${minimal}\n`);
    await chmod(join(folder, "gdb"), 0o755);
    await assert.rejects(attach("native", target()), {
      code: "debug.noNativeDebugger",
      message: /gdb: it is built without Python.*install the package gdb instead of gdb-minimal/,
    });
    await tool("lldb-dap-19", "lldb version 19.1.7");
    const { adapter } = await attach("native", target());
    assert.ok(adapter?.kind === "program" && adapter.command.endsWith("lldb-dap-19"));
    await rm(join(folder, "lldb-dap-19"));
  });

  it("is lldb-dap before gdb, and an extension of the editor's before both", async function () {
    if (process.platform !== "linux") this.skip();
    await tool("lldb-dap-19", "lldb version 19.1.7");
    const here = await attach("native", target());
    assert.ok(here.adapter?.kind === "program" && here.adapter.command.endsWith("lldb-dap-19"));
    const codelldb = await attach("native", target({}, ["lldb"]));
    assert.equal(codelldb.configuration.type, "lldb");
    assert.equal(codelldb.adapter, undefined);
    assert.deepEqual(codelldb.configuration["sourceMap"], { "/app": '/home/me/my "app"' });
    const cpp = await attach("native", target({}, ["lldb", "cppdbg"]));
    assert.equal(cpp.configuration["processId"], String(process.pid));
    const named = await attach("native", target({ debugger: "codelldb" }, ["lldb", "cppdbg"]));
    assert.equal(named.configuration.type, "lldb");
  });

  it("isn't an extension that would find no debugger of its own on this machine", async function () {
    if (process.platform !== "linux") this.skip();
    const types = ["lldb-dap", "cppdbg"];
    const type = async (path: string, setting: (name: string) => unknown = () => undefined) =>
      (await attach("native", targetHere({ here: debuggersHere(types, path, setting) }))).configuration.type;
    await assert.rejects(type("/nowhere"), (error: Error) => {
      assert.match(error.message, /cppdbg: it needs gdb on PATH/);
      assert.match(error.message, /lldb-dap-extension: lldb-dap is neither on PATH nor set/);
      return true;
    });
    assert.equal(await type("/nowhere", (name) => `/opt/${name}`), "lldb-dap");
    const onlyLldb = await mkdtemp(join(folder, "lldb-"));
    await writeFile(join(onlyLldb, "lldb-dap-19"), "", { mode: 0o755 });
    assert.equal(await type(onlyLldb), "lldb-dap");
    await writeFile(join(onlyLldb, "gdb"), "", { mode: 0o755 });
    assert.equal(await type(onlyLldb), "cppdbg");
  });

  it("for Go and Java names the package or extension that is missing", async () => {
    await assert.rejects(attach("go", target()), {
      code: "debug.noDelve",
      next: /package delve .*golang\.go.*Debug Frozen Process/,
    });
    const goes = await attach("go", target({}, ["go"]));
    assert.deepEqual(
      [goes.configuration.type, goes.configuration["mode"], goes.configuration["processId"]],
      ["go", "local", process.pid],
    );
    await assert.rejects(attach("java", target()), {
      code: "debug.noJdwp",
      next: /agentlib:jdwp.*Debug Frozen Process/,
    });
    const jvm = program(1, "java", "-agentlib:jdwp=transport=dt_socket,server=y,address=*:5005");
    await assert.rejects(attach("java", target({ program: jvm })), {
      code: "debug.noExtension",
      message: /vscjava\.vscode-java-debug/,
      next: /Debug Frozen Process/,
    });
    const java = await attach("java", target({ program: jvm }, ["java"]));
    assert.deepEqual([java.configuration["hostName"], java.configuration["port"]], ["127.0.0.1", 5005]);
  });

  it("tells a version from the packager's", () => {
    assert.equal(majorVersion("GNU gdb (Debian 16.3-1) 16.3\nCopyright (C) 2024"), 16);
    assert.equal(majorVersion("GNU gdb (GDB) 14.2"), 14);
    assert.equal(majorVersion("GNU gdb (Ubuntu 15.0.50.20240403-0ubuntu1) 15.0.50.20240403-git"), 15);
    assert.equal(majorVersion(""), 0);
  });
});
