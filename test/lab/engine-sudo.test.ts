// CRIU for somebody who isn't root: with the real sudo, as a user of the lab who may use it.
import assert from "node:assert/strict";
import { chown, lstat, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { asRoot, connectEngine } from "../../src/engine/index.ts";
import type { Engine, Machine } from "../../src/engine/index.ts";
import { frozenProcesses, until } from "./engine-helpers.ts";
import { labMachine, labOutput, labStart, sharedFolder } from "./engine-machine.ts";

const UID = 4711;
const USER = "somebody";
/** Runs a command as that user, without root's rights and groups. */
const AS_USER = ["setpriv", "--reuid", `${UID}`, "--regid", `${UID}`, "--clear-groups", "--no-new-privs"];
const AS_USER_WITH_SUDO = AS_USER.filter((word) => word !== "--no-new-privs");

describe("CRIU through sudo in the lab", () => {
  let engine: Engine;
  let folder: string;

  before(async () => {
    const exists = await labOutput("getent", "passwd", USER).catch(() => "");
    if (exists === "") await labOutput("useradd", "--uid", `${UID}`, "--user-group", USER);
    await labOutput(
      "sh",
      "-c",
      'echo "$0 ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/lab && chmod 440 /etc/sudoers.d/lab',
      USER,
    );
    folder = await sharedFolder();
    await chown(folder, UID, UID);
    const lab = labMachine();
    const machine: Machine = {
      ...lab,
      uid: UID,
      elevates: true,
      temporary: folder,
      async run(program, args, options = {}) {
        const { asRoot: root = false, writes, ...rest } = options;
        if (!root) return lab.run("setpriv", [...AS_USER.slice(1), program, ...args], rest);
        // The drafts are made by this process, which is root here and the user elsewhere.
        if (writes !== undefined) await labOutput("chown", "-R", `${UID}:${UID}`, writes);
        const place = writes === undefined ? {} : { folder: writes };
        const command = asRoot(program, args, { ...place, uid: UID, gid: UID });
        return lab.run("setpriv", [...AS_USER_WITH_SUDO.slice(1), ...command], rest);
      },
    };
    engine = await connectEngine("criu://", { machine });
  });
  after(async () => {
    for (const one of await engine.list())
      if (one.command.includes(folder)) await engine.remove(one.id).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
    await labOutput("rm", "-f", "/etc/sudoers.d/lab");
  });

  async function start(): Promise<string> {
    const script = `i=0; while true; do echo $i; i=$((i+1)); sleep 0.1; done >${folder}/count`;
    const own = 'exec setsid --fork busybox sh -c "$0" </dev/null >/dev/null 2>&1';
    await labStart("setpriv", ...AS_USER.slice(1), "sh", "-c", own, script);
    return until(
      async () =>
        (await engine.list()).find(({ command }) => command.startsWith("busybox") && command.includes(folder))
          ?.id,
    );
  }
  const counted = async (): Promise<readonly string[]> =>
    (await readFile(join(folder, "count"), "utf8").catch(() => "")).trimEnd().split("\n");

  it("lists the user's own processes alone", async () => {
    const id = await start();
    const all = await engine.list();
    assert.ok(all.some((one) => one.id === id));
    let seen = 0;
    for (const { status } of all) {
      // One that the counter had started may have ended since.
      const file = `/proc/${status.replace("process ", "")}/status`;
      const text = await labOutput("cat", file).catch(() => undefined);
      if (text === undefined) continue;
      assert.match(text, /^Uid:\s+4711/m);
      seen++;
    }
    assert.ok(seen > 0);
    await engine.remove(id);
  });

  it("freezes into files of the user's, and brings the process back", async () => {
    const id = await start();
    await until(async () => ((await counted()).length > 3 ? true : undefined));
    const target = join(folder, "frozen with a blank; $(and more)");
    const { snapshot } = await engine.checkpoint(id, { name: "frozen", folder: target });
    for (const name of ["", "dump.log", "checkpoint", "checkpoint/pstree.img"])
      assert.equal((await lstat(join(target, name))).uid, UID, name);
    assert.ok((await frozenProcesses(target)).length > 0);
    const before = await counted();
    const { container } = await engine.restore(snapshot);
    assert.equal(container.pid, Number(id.split("-")[0]));
    await until(async () => ((await counted()).length > before.length + 2 ? true : undefined));
    await engine.remove(container.id);
  });

  it("leaves CRIU's log, readable, when it refuses", async () => {
    const id = await start();
    const options = { name: "refused", folder: join(folder, "refused") };
    const pid = id.split("-")[0] ?? "";
    const seize = `import ctypes,time\nctypes.CDLL(None).ptrace(0x4206,${pid},None,None)\nopen("${folder}/traced","w")\ntime.sleep(60)`;
    await labStart("setsid", "--fork", "python3", "-c", seize);
    await until(async () => ((await readdir(folder)).includes("traced") ? true : undefined));
    await assert.rejects(engine.checkpoint(id, options), { code: "engine.criuRefused" });
    assert.equal((await lstat(join(folder, "refused.dump.log"))).isFile(), true);
    const root = await connectEngine("criu://", { machine: labMachine() });
    const tracer = (await root.list()).find(({ command }) => command.includes(`ptrace(0x4206,${pid}`));
    if (tracer) await root.remove(tracer.id);
    await engine.remove(id);
  });
});
