// Processes under security profiles, which need a kernel with AppArmor: what the preflight says of them, and what CRIU does.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine, explainCriuLog, preflight } from "../../../src/engine/index.ts";
import type { Machine, PreflightRow } from "../../../src/engine/index.ts";
import { until } from "../engine-helpers.ts";
import { vmMachine, vmOutput } from "./helpers.ts";
import { inMachine } from "./machine.ts";
import { VM_SHARE } from "./place.ts";

/** Two profiles that allow what CRIU's own code does in a process, in the machine's namespace of profiles and in another. */
const PROFILES = ["one", "two"]
  .map((name) => `profile ${name} { file, capability, network, signal, ptrace, unix, change_profile, }`)
  .join("\\n");
/** Others each time: CRIU 4.1 freezes a process in a namespace of profiles but once, and then not again. */
const SPACES = ["a", "b"].map((name) => `${name}-${Date.now().toString(36)}`);
const FOLDER = "/sys/kernel/security/apparmor/policy/namespaces";
/** What CRIU has noted of the kernel before: that it had no AppArmor. */
const NOTED = "/run/criu.kdat";
const LOAD = `mount -t securityfs securityfs /sys/kernel/security && rm -f ${NOTED}
  printf '${PROFILES}\\n' >/tmp/profiles
  apparmor_parser --replace /tmp/profiles
  for space in ${SPACES.join(" ")}; do
    mkdir ${FOLDER}/$space && apparmor_parser --replace --namespace $space /tmp/profiles
  done`;
const UNLOAD = `for space in ${SPACES.join(" ")}; do rmdir ${FOLDER}/$space; done
  apparmor_parser --remove /tmp/profiles; umount /sys/kernel/security; rm -f ${NOTED}`;
/** What the preflight reads of a process, as the machine's kernel says it. */
const COPY = `cd /proc/$0 && mkdir -p $1/$0/attr $1/self && cp -a stat status maps mountinfo cmdline cgroup exe fd fdinfo ns $1/$0/
  cat attr/current >$1/$0/attr/current
  for task in task/*; do mkdir -p $1/$0/$task && cat $task/status >$1/$0/$task/status; done
  cat /proc/self/status >$1/self/status`;

describe("a process confined by AppArmor in the virtual machine", function () {
  this.timeout(150_000);
  let folder: string;
  const started: string[] = [];
  const shell = (script: string, ...args: readonly string[]): Promise<string> =>
    vmOutput("sh", "-c", script, ...args);

  before(() => shell(LOAD));
  after(async () => {
    await inMachine(["sh", "-c", UNLOAD]);
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(VM_SHARE, "confined-"));
  });
  afterEach(async () => {
    await inMachine(["kill", "-KILL", ...started.splice(0)]);
    await inMachine(["rm", "-rf", "/tmp/images"]);
    await rm(folder, { recursive: true, force: true });
  });

  const labelOf = async (pid: string): Promise<string> =>
    (await shell("cat /proc/$0/attr/current", pid)).trim();

  async function start(seconds: string, profile: string): Promise<string> {
    await inMachine(["setsid", "--fork", "aa-exec", "-p", profile, "--", "sleep", seconds], "/dev/null");
    const pid = await until(async () => {
      const { stdout } = await inMachine(["pgrep", "-f", `^sleep ${seconds}`]);
      return stdout.trim() || undefined;
    }, 30_000);
    started.push(pid);
    assert.notEqual(await labelOf(pid), "unconfined");
    return pid;
  }

  async function rowOf(pid: string): Promise<PreflightRow | undefined> {
    const procfs = join(folder, "proc");
    await shell(COPY, pid, procfs);
    const machine: Machine = { ...vmMachine(), procfs };
    const criu = await connectEngine("criu://", { machine });
    return (await preflight(criu, pid, { machine })).find(({ code }) => code === "confined");
  }

  const dump = async (pid: string): Promise<{ readonly code: number; readonly log: string }> => {
    await shell("mkdir -p /tmp/images");
    const { code } = await inMachine([
      "criu",
      "dump",
      "-t",
      pid,
      "-D",
      "/tmp/images",
      "-v4",
      "-o",
      "dump.log",
    ]);
    return { code, log: await shell("cat /tmp/images/dump.log") };
  };
  const restore = (): Promise<string> =>
    shell("criu restore -D /tmp/images -d -v4 -o restore.log </dev/null >/dev/null 2>&1");

  it("under a stack of profiles is frozen without a warning, and comes back under the same", async () => {
    const pid = await start("4711", "one//&two");
    assert.equal((await rowOf(pid))?.outcome, "fine");
    assert.equal((await dump(pid)).code, 0);
    await restore();
    assert.equal(await labelOf(pid), "one//&two (enforce)");
  });

  it("in a namespace of profiles comes back in it", async () => {
    const pid = await start("4712", `one//&:${SPACES[0]}://two`);
    const label = await labelOf(pid);
    assert.equal((await rowOf(pid))?.outcome, "fine");
    const { code, log } = await dump(pid);
    assert.equal(code, 0, log);
    await restore();
    assert.equal(await labelOf(pid), label);
  });

  it("in a namespace of profiles is refused where their parser is missing, which is foreseen", async () => {
    const pid = await start("4713", `one//&:${SPACES[1]}://two`);
    await shell("mv /usr/sbin/apparmor_parser /usr/sbin/hidden");
    try {
      const row = await rowOf(pid);
      assert.equal(row?.outcome, "stops");
      assert.match(row.sentence, /sleep \(\d+\)/);
      const { code, log } = await dump(pid);
      assert.notEqual(code, 0, log);
      assert.equal(explainCriuLog(log)?.cause, "confined", log);
    } finally {
      await shell("mv /usr/sbin/hidden /usr/sbin/apparmor_parser");
    }
  });
});
