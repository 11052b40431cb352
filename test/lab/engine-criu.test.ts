import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine } from "../../src/engine/index.ts";
import type { Container, Engine, EngineProgress } from "../../src/engine/index.ts";
import { frozenProcesses, until } from "./engine-helpers.ts";
import { labMachine, labOutput, labStart, sharedFolder } from "./engine-machine.ts";

describe("CRIU alone in the lab", () => {
  let criu: Engine;
  let folder: string;
  const machine = labMachine;

  before(async () => {
    folder = await sharedFolder();
    criu = await connectEngine("criu://", { machine: machine() });
  });
  afterEach(async () => {
    for (const one of await counters()) await criu.remove(one.id);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** A session of its own that counts into a file. */
  async function start(): Promise<Container> {
    const script = `i=0; while true; do echo $i; i=$((i+1)); sleep 0.1; done >${folder}/count`;
    // The lab's own /dev/null: what it would inherit is the host's, which isn't mounted in there.
    const own = 'exec setsid --fork busybox sh -c "$0" </dev/null >/dev/null 2>&1';
    await labStart("sh", "-c", own, script);
    return until(async () => (await counters())[0]);
  }
  const counters = async (): Promise<readonly Container[]> =>
    (await criu.list()).filter(({ command }) => command.startsWith("busybox") && command.includes(folder));
  const counted = async (): Promise<readonly number[]> =>
    (await readFile(`${folder}/count`, "utf8"))
      .split("\n")
      .filter((line) => line !== "")
      .map(Number);
  const atLeast = (count: number): Promise<readonly number[]> =>
    until(async () => {
      const numbers = await counted();
      return numbers.length >= count ? numbers : undefined;
    });

  it("lists processes, and neither process 1 nor itself", async () => {
    const { id, state } = await start();
    assert.equal(state, "running");
    const all = await criu.list();
    assert.equal(criu.capabilities.lists, "processes");
    assert.ok(all.every((one) => !one.id.startsWith("1-")));
    const details = await criu.inspect(id);
    assert.equal(details.argv[0], "busybox");
    const status = await labOutput("cat", `/proc/${details.pid}/comm`);
    assert.equal(details.name, status.trim());
  });

  it("freezes a process and lets it run on", async () => {
    const { id } = await start();
    await atLeast(3);
    const target = join(folder, "live");
    const { snapshot } = await criu.checkpoint(id, { name: "live", leaveRunning: true, folder: target });
    assert.ok((await frozenProcesses(target)).some((comm) => comm === "busybox" || comm === "sh"));
    assert.equal((await criu.inspect(id)).state, "running");
    await assert.rejects(criu.restore(snapshot), { code: "engine.stillRunning" });
  });

  it("freezes, ends and wakes it where it was; stopped for a debugger when asked", async () => {
    const { id } = await start();
    await atLeast(3);
    const { snapshot } = await criu.checkpoint(id, { name: "stopped", folder: join(folder, "stopped") });
    await assert.rejects(criu.inspect(id), { code: "engine.noSuchProcess" });
    const frozen = await counted();
    const { container } = await criu.restore(snapshot, { leaveStopped: true });
    assert.equal(container.state, "paused");
    assert.equal(container.pid, Number(id.split("-")[0]));
    assert.deepEqual(await counted(), frozen);
    await labOutput("sh", "-c", `kill -CONT ${container.pid} $(ps -o pid= --ppid ${container.pid})`);
    const on = await atLeast(frozen.length + 3);
    assert.deepEqual(
      on,
      on.map((_, index) => index),
    );
  });

  it("tells what CRIU is doing meanwhile, out of CRIU's own log", async () => {
    const { id } = await start();
    const told: (string | undefined)[] = [];
    const work = {
      onProgress: ({ phase, criu: doing }: EngineProgress) => told.push(doing && `${phase}: ${doing}`),
    };
    const { snapshot } = await criu.checkpoint(id, { name: "told", folder: join(folder, "told") }, work);
    await criu.restore(snapshot, {}, work);
    // In this order; a phase that comes again for another process may stand between.
    let at = -1;
    for (const phase of [
      "freezing: stopping processes",
      "freezing: files",
      "freezing: memory",
      "freezing: continuing",
      "restoring: making processes",
      "restoring: memory",
      "restoring: continuing",
    ]) {
      at = told.indexOf(phase, at + 1);
      assert.notEqual(at, -1, `${phase} is not in ${told.join(", ")}`);
    }
  });

  it("says in words that a tracer is attached", async () => {
    const { id, status } = await start();
    await atLeast(1);
    const pid = status.replace("process ", "");
    // gdb isn't in the lab; Python's ctypes says PTRACE_SEIZE (0x4206) and stays.
    const seize = `import ctypes,time\nc=ctypes.CDLL(None)\nc.ptrace(0x4206,${pid},None,None)\nprint(1,flush=True)\ntime.sleep(60)`;
    await labStart("setsid", "--fork", "sh", "-c", `exec python3 -c '${seize}' >${folder}/tracer`);
    await until(async () => (await readFile(`${folder}/tracer`, "utf8").catch(() => "")) || undefined);
    try {
      await assert.rejects(criu.checkpoint(id, { name: "traced", folder: join(folder, "traced") }), {
        code: "engine.criuRefused",
        message: /debugger or tracer/,
      });
    } finally {
      const tracer = (await criu.list()).find(({ command }) => command.includes("0x4206"));
      if (tracer) await criu.remove(tracer.id);
    }
  });

  it("refuses what is no process", async () => {
    for (const id of ["999999999", "x", "1-2", "-1"])
      await assert.rejects(criu.inspect(id), { code: "engine.noSuchProcess" });
  });
});
