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
/** Each time another: a failed dump leaves it broken. */
const INNER = `inner-${Date.now().toString(36)}`;
const LOAD = `mount -t securityfs securityfs /sys/kernel/security
  printf '${PROFILES}\\n' >/tmp/profiles
  mkdir -p /sys/kernel/security/apparmor/policy/namespaces/${INNER}
  apparmor_parser --replace /tmp/profiles && apparmor_parser --replace --namespace ${INNER} /tmp/profiles`;
const UNLOAD = `rmdir /sys/kernel/security/apparmor/policy/namespaces/${INNER}; apparmor_parser --remove /tmp/profiles`;
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
    await inMachine(["sh", "-c", `${UNLOAD}; umount /sys/kernel/security`]);
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

  it("in a namespace of profiles comes back in it, but not without their parser: then it is foreseen that CRIU refuses", async () => {
    const pid = await start("4712", `one//&:${INNER}://two`);
    const label = await labelOf(pid);
    assert.equal((await rowOf(pid))?.outcome, "fine");
    const whole = await dump(pid);
    assert.equal(whole.code, 0, whole.log);
    await restore();
    assert.equal(await labelOf(pid), label);
    // Last: CRIU 4.1 leaves namespaces in the namespace when this fails, and can't freeze anything in it any more.
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
