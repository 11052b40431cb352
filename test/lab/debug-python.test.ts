// Python 3.14, which takes a script from outside by itself: debugpy is put into it with no gdb.
import assert from "node:assert/strict";
import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { liveOptions, wakeForDebugging } from "../../src/debug/index.ts";
import { attachClient, topFrame, value } from "./dap-wire.ts";
import { startContainer } from "./engine-helpers.ts";
import { sharedFolder } from "./engine-machine.ts";
import { freezeFor, liveLab, liveWork } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";
import { pythonTree } from "./python-3.14.ts";

const NAME = "cryoscope-python";
const PROGRAMS = join(PROJECT, "test/lab/programs");
const STEP = { path: join(PROGRAMS, "steps.py"), line: 16 };

describe("a Python 3.14 in a container of podman", function () {
  this.timeout(300_000);
  const lab = liveLab("podman", NAME);
  let app: string;

  before(async () => {
    app = await sharedFolder();
    await copyFile(STEP.path, join(app, "steps.py"));
  });
  after(async () => {
    await rm(app, { recursive: true, force: true });
  });

  it("gets debugpy by its own sys.remote_exec, and stops at a breakpoint with what was frozen", async () => {
    const container = await startContainer(lab.engine, "podman", NAME, {
      command: ["/usr/bin/python3.14", "/app/steps.py", "1000", "frozen-word"],
      network: "none",
      binds: [`${pythonTree()}:/usr:ro`, `${app}:/app:ro`],
    });
    const snapshot = await freezeFor(lab.engine, container, lab.folder);
    const work = liveWork();
    try {
      const options = liveOptions({ pathMappings: { "/app": PROGRAMS } });
      const live = await wakeForDebugging(lab.engine, snapshot, options, work);
      assert.equal(live.runtime, "python");
      assert.match(work.lines.join("\n"), /Putting debugpy into process 1 \(Python 3\.14/);
      const client = await attachClient(live.attachment);
      await client.attach(STEP);
      const { body } = (await client.event("stopped")) as DebugProtocol.StoppedEvent;
      const frame = await topFrame(client, body.threadId ?? 0);
      assert.deepEqual([frame.source?.path, frame.line], [STEP.path, STEP.line]);
      assert.equal(await value(client, "order.what", frame.id), "'frozen-word'");
      assert.ok(Number(await value(client, "before", frame.id)) >= 1000);
      // The interpreter's own word for it, and nothing else could have put it in.
      const mark = "(__import__('sys').version_info[:2], __import__('os').path.exists('/usr/bin/gdb'))";
      assert.equal(await value(client, mark, frame.id), "((3, 14), False)");
      await client.disconnect();
    } finally {
      assert.deepEqual(await work.own.dispose(), []);
    }
    assert.equal((await lab.engine.inspect(container.id)).state, "running");
  });
});
