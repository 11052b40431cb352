// Debuggers of the lab's own Debian, attached for real: lldb-dap, gdb and delve beside the container, gdbserver in it; a
// JVM's debug agent; and runc's containers, by its exec.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import {
  attachTo,
  isOurs,
  liveOptions,
  NATIVE_DEBUGGERS,
  programsOf,
  wakeForDebugging,
} from "../../src/debug/index.ts";
import type { LiveSession, Note } from "../../src/debug/index.ts";
import { connectEngine } from "../../src/engine/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { attachClient, topFrame, value } from "./dap-wire.ts";
import type { WireClient } from "./dap-wire.ts";
import { startContainer, until } from "./engine-helpers.ts";
import { labMachine, labStart, makeBundle, sharedFolder } from "./engine-machine.ts";
import { freezeFor, liveLab, liveWork, provideTools, running } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-live-debuggers";
const PROGRAMS = join(PROJECT, "test/lab/programs");

/** The line in each of the programs that takes the step, whose first local is `before`. */
const C = { command: "/steps", path: join(PROGRAMS, "steps.c"), line: 12, what: "order->what" };
const GO = { command: "/gosteps", path: join(PROGRAMS, "steps.go"), line: 17, what: "o.what" };

const CASES = [
  { name: "lldb-dap", tools: ["lldb-dap"], program: C, id: "lldb-dap", runtime: "native" },
  { name: "gdb of this machine", tools: ["gdb"], program: C, id: "gdb", runtime: "native" },
  {
    name: "gdbserver in the container",
    tools: ["gdb"],
    program: C,
    id: "gdbserver",
    runtime: "native",
  },
  { name: "delve", tools: ["dlv"], program: GO, id: undefined, runtime: "go" },
] as const;

async function stopped(client: WireClient, after: number, why = /breakpoint|step/): Promise<number> {
  const found = await until(() =>
    Promise.resolve(
      client.events.slice(after).find(({ event, body }) => {
        const { reason } = (body ?? {}) as DebugProtocol.StoppedEvent["body"];
        return event === "stopped" && why.test(reason);
      }),
    ),
  );
  return (found as DebugProtocol.StoppedEvent).body.threadId ?? 0;
}

describe("a restored container of podman is attached to", function () {
  this.timeout(300_000);
  const lab = liveLab("podman", NAME);
  let tools: string;

  beforeEach(async () => {
    tools = await mkdtemp(join(tmpdir(), "cryoscope-tools-"));
  });
  afterEach(() => rm(tools, { recursive: true }));

  for (const { name, tools: needed, program, id, runtime } of CASES)
    it(`by ${name}: a breakpoint, a step, its locals, and it runs on`, async () => {
      await provideTools(tools, needed);
      const container = await startContainer(lab.engine, "podman", NAME, {
        ...{ image: "debuggers", command: [program.command, "1000", "frozen-word"], network: "none" },
      });
      const snapshot = await freezeFor(lab.engine, container, lab.folder);
      const work = liveWork([], tools);
      try {
        const options = liveOptions({ pathMappings: { "/project": PROJECT }, debugger: id });
        const live = await wakeForDebugging(lab.engine, snapshot, options, work);
        assert.equal(live.runtime, runtime);
        const client = await attachClient(live.attachment);
        let seen = client.events.length;
        await client.attach(program);
        if (live.attachment.waits === true) await client.get("continue", { threadId: 1 });
        const thread = await stopped(client, seen);
        const frame = await topFrame(client, thread);
        assert.deepEqual([frame.source?.path, frame.line], [program.path, program.line]);
        const before = Number(await value(client, "before", frame.id));
        assert.ok(before >= 1000 && before % 2 === 0, `${before}`);
        assert.match(await value(client, program.what, frame.id), /frozen-word/);
        seen = client.events.length;
        await client.get("next", { threadId: thread });
        const next = await topFrame(client, await stopped(client, seen));
        assert.equal(next.line, program.line + 1);
        const number = program === GO ? "o.number" : "order->number";
        assert.equal(Number(await value(client, number, next.id)), before + 2);
        // CRIU has left a mark in its debug registers, for which gdb would not see the signal (runtimes/gdb.ts).
        await client.get("setBreakpoints", { source: { path: program.path }, breakpoints: [] });
        seen = client.events.length;
        await client.get("continue", { threadId: thread });
        await running(live.program);
        if (id === "gdbserver") assert.match(work.lines.join(), /can't be paused/);
        else {
          await client.get("pause", { threadId: thread });
          await stopped(client, seen, /./);
        }
        await client.disconnect();
      } finally {
        assert.deepEqual(await work.own.dispose(), []);
      }
      assert.equal((await lab.engine.inspect(container.id)).state, "running");
    });

  it("by gdbserver with a copy of the program, where this machine doesn't see the process", async () => {
    await provideTools(tools, ["gdb"]);
    const container = await startContainer(lab.engine, "podman", NAME, {
      ...{ image: "debuggers", command: [C.command, "1000", "frozen-word"], network: "none" },
    });
    const { here, own } = liveWork([], tools);
    const log = (): void => undefined;
    const [program] = await programsOf(container, lab.engine);
    assert.ok(program);
    const noted: string[] = [];
    const note: Note = (what) => {
      const path = what.kind === "files" ? what.path : "";
      assert.equal(existsSync(path), false, "it was made before it was noted");
      noted.push(path);
      return Promise.resolve(() => Promise.resolve(void noted.pop()));
    };
    const target = {
      ...{
        engine: lab.engine,
        container,
        here,
        note,
        own,
        log,
        programs: [],
        port: undefined,
        debugger: "gdbserver",
      },
      ...{ program: { ...program, hostPid: undefined }, stopOnEntry: false, signal: undefined },
      ...{ timeout: undefined, mappings: [{ localRoot: PROJECT, remoteRoot: "/project" }] },
    };
    const attachment = await NATIVE_DEBUGGERS.find(({ id }) => id === "gdbserver")?.attach(target);
    assert.ok(attachment !== undefined && typeof attachment !== "string");
    const copy = String(attachment.configuration["program"]);
    const binary = await readFile(copy);
    assert.ok(binary.equals(await readFile(`/proc/${program.hostPid ?? 0}/exe`)));
    assert.deepEqual(own.names, ["gdbserver in the container", "copy of the program"]);
    assert.deepEqual(noted, [dirname(copy)]);
    assert.ok(isOurs({ kind: "files", path: dirname(copy) }), "nobody would remove it");
    assert.deepEqual(await own.dispose(), []);
    assert.equal(existsSync(dirname(copy)), false);
    assert.deepEqual(noted, []);
  });

  it("by JDWP, on the container's own loopback; the editor's Java debugger is what is needed", async () => {
    const agent = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=5005";
    const lean = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Xmx32m", "-Xint"];
    const container = await startContainer(lab.engine, "podman", NAME, {
      image: "jvm",
      // What a JRE has to run that doesn't end.
      command: ["/usr/bin/java", agent, ...lean, "-m", "jdk.httpserver", "-b", "127.0.0.1", "-p", "8000"],
      network: "none",
    });
    await until(async () => {
      const { version } = await jdwp(lab.engine, container.name).catch(() => ({ version: undefined }));
      return version;
    }, 30_000);
    const snapshot = await freezeFor(lab.engine, container, lab.folder);
    const without = liveWork([]);
    await assert.rejects(wakeForDebugging(lab.engine, snapshot, liveOptions({}), without), {
      code: "debug.noExtension",
      message: /Debugger for Java \(vscjava\.vscode-java-debug\)/,
      next: /Debug Frozen Process/,
    });
    assert.deepEqual(await without.own.dispose(), []);
    const { live, version } = await jdwp(lab.engine, container.name);
    assert.equal(live.runtime, "java");
    assert.match(version, /OpenJDK|Java Debug Wire Protocol/);
  });
});

/** Attaches as the editor's Java debugger would, and asks the JVM for its version (JDWP: handshake, command 1/1). */
async function jdwp(
  engine: Engine,
  name: string,
): Promise<{ readonly live: LiveSession; readonly version: string }> {
  const work = liveWork(["java"]);
  try {
    const live = await attachTo(engine, await engine.inspect(name), liveOptions({}), work);
    const { type, request, hostName, port } = live.attachment.configuration;
    assert.deepEqual([type, request], ["java", "attach"]);
    assert.ok(typeof hostName === "string" && typeof port === "number");
    const socket = createConnection(port, hostName);
    const chunks: Buffer[] = [];
    socket.on("error", () => undefined).on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(socket, "connect");
    socket.write("JDWP-Handshake");
    const heard = (length: number) =>
      until(() => Promise.resolve(Buffer.concat(chunks).length >= length ? true : undefined), 3000);
    await heard(14);
    assert.equal(Buffer.concat(chunks).toString("latin1", 0, 14), "JDWP-Handshake");
    socket.write(Buffer.from([0, 0, 0, 11, 0, 0, 0, 1, 0, 1, 1]));
    await heard(14 + 40);
    socket.destroy();
    return { live, version: Buffer.concat(chunks).toString("latin1", 14) };
  } finally {
    await work.own.dispose();
  }
}

describe("a container of runc is attached to", function () {
  this.timeout(300_000);

  it("by gdb in it, run by runc's own exec; and so is a copy beside it", async () => {
    const folder = await sharedFolder();
    const id = "cryoscope-oci-debug";
    const engine = await connectEngine(`runc://${folder}/state`, { machine: labMachine() });
    const work = liveWork([], "");
    const copy = liveWork([], "");
    try {
      const command = ["/steps", "1000", "frozen-word"];
      const bundle = await makeBundle(join(folder, "bundle"), id, command, "debuggers");
      await labStart("runc", "--root", `${folder}/state`, "run", "--detach", "--bundle", bundle.folder, id);
      const container = await engine.inspect(id);
      const { snapshot } = await engine.checkpoint(id, { name: "frozen", folder: join(folder, "frozen") });
      const options = liveOptions({ pathMappings: { "/project": PROJECT } });
      const live = await wakeForDebugging(engine, snapshot, options, work);
      assert.deepEqual(work.own.names, ["gdb in the container"]);
      const client = await attachClient(live.attachment);
      await client.attach(C);
      const seen = client.events.length;
      await client.get("continue", { threadId: 1 });
      const frame = await topFrame(client, await stopped(client, seen));
      assert.ok(Number(await value(client, "before", frame.id)) >= 1000);
      assert.match(await value(client, C.what, frame.id), /frozen-word/);
      await client.disconnect();
      assert.deepEqual(await work.own.dispose(), []);
      assert.equal((await engine.inspect(container.id)).state, "running");

      // A copy beside it, which is gone when its session ends.
      const alone = liveOptions({ pathMappings: { "/project": PROJECT }, copy: true });
      const copied = await wakeForDebugging(engine, snapshot, alone, copy);
      assert.notEqual(copied.container.id, id);
      assert.deepEqual((await engine.list()).map((one) => one.id).sort(), [id, copied.container.id].sort());
      const other = await attachClient(copied.attachment);
      await other.attach(C);
      const before = other.events.length;
      await other.get("continue", { threadId: 1 });
      const there = await topFrame(other, await stopped(other, before));
      assert.match(await value(other, C.what, there.id), /frozen-word/);
      await other.disconnect();
      assert.deepEqual(await copy.own.dispose(), []);
      assert.deepEqual(
        (await engine.list()).map((one) => [one.id, one.state]),
        [[id, "running"]],
      );
    } finally {
      await work.own.dispose();
      await copy.own.dispose();
      for (const one of await engine.list()) await engine.remove(one.id);
      await rm(folder, { recursive: true, force: true });
    }
  });
});
