// What limits CRIU itself: probes of a tracer in the process, a kernel or rights that don't suffice, confined processes.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { connectEngine, explainCriuLog, preflight } from "../../src/engine/index.ts";
import type { Container, Engine, Machine, PreflightRow } from "../../src/engine/index.ts";
import { until } from "./engine-helpers.ts";
import { labMachine, labStart, sharedFolder } from "./engine-machine.ts";
import { PROJECT } from "./place.ts";

const PROGRAM = `import ctypes, os, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
F = sys.argv[1]
def tell(words):
  open(F + '/told.part', 'w').write(str(words))
  os.rename(F + '/told.part', F + '/told')
def freeze():
  tell(os.getpid())
  while True: time.sleep(1)
`;

/** Sets a uprobe, as perf does, on libc's getppid in every process (perf_event_open(2); type from sysfs). */
const TRACER = `kind = int(open('/sys/bus/event_source/devices/uprobe/type').read())
address = ctypes.cast(libc.getppid, ctypes.c_void_p).value
for line in open('/proc/self/maps'):
  start, end = (int(one, 16) for one in line.split()[0].split('-'))
  if start <= address < end: path, offset = line.split()[5], address - start + int(line.split()[2], 16)
name = ctypes.create_string_buffer(path.encode())
attr = struct.pack('IIQQQQQIIQQ', kind, 112, 0, 1, 0, 0, 0, 0, 0, ctypes.addressof(name), offset) + bytes(32)
for cpu in range(os.cpu_count()):
  if libc.syscall({'x86_64': 298}.get(os.uname().machine, 241), attr, -1, cpu, -1, 8) < 0: tell(os.strerror(ctypes.get_errno())); sys.exit(1)
freeze()
`;

describe("the preflight on what limits CRIU", () => {
  let criu: Engine;
  let folder: string;

  before(async () => {
    criu = await connectEngine("criu://", { machine: labMachine() });
  });
  beforeEach(async () => {
    folder = await sharedFolder();
  });
  afterEach(async () => {
    for (const one of await criu.list())
      if (one.command.includes(folder)) await criu.remove(one.id).catch(() => undefined);
    await rm(folder, { recursive: true });
  });

  /** Runs a Python program that tells its number and stays. */
  async function start(program: string): Promise<Container> {
    await rm(join(folder, "told"), { force: true });
    await writeFile(join(folder, "program.py"), PROGRAM + program);
    const own = 'exec setsid --fork python3 "$0" "$1" </dev/null >/dev/null 2>&1';
    await labStart("sh", "-c", own, join(folder, "program.py"), folder);
    const told = await until(async () => readFile(join(folder, "told"), "utf8").catch(() => undefined));
    assert.match(told, /^\d+$/);
    return criu.inspect(told);
  }
  const rowOf = async (code: string, id: string, machine = labMachine()): Promise<PreflightRow | undefined> =>
    (await preflight(criu, id, { machine })).find((one) => one.code === code);

  it("foresees that CRIU refuses a process in which a tracer has set probes", async () => {
    await start(TRACER);
    // What has hit the probe has the kernel's page for it from then on.
    const { id } = await start("libc.getppid()\nfreeze()");
    const row = await rowOf("uprobes", id);
    assert.equal(row?.outcome, "stops");
    assert.match(row.sentence, /python3 \(\d+\)/);
    const target = join(folder, "target");
    await assert.rejects(criu.checkpoint(id, { name: "probed", leaveRunning: true, folder: target }), {
      code: "engine.criuRefused",
    });
    const log = await readFile(`${target}.dump.log`, "utf8");
    assert.equal(explainCriuLog(log)?.cause, "uprobes", explainCriuLog(log)?.line);
    assert.equal((await rowOf("uprobes", (await start("freeze()")).id))?.outcome, "fine");
  });

  it("foresees that CRIU fails where criu check does", async () => {
    const lab = labMachine();
    // CRIU for which the kernel's features are out of reach, as for root in a container.
    const bare: Machine = {
      ...lab,
      run: (program, args, options) =>
        program === "criu"
          ? lab.run("setpriv", ["--bounding-set", "-sys_admin,-checkpoint_restore", "criu", ...args], options)
          : lab.run(program, args, options),
    };
    const { id } = await start("freeze()");
    assert.equal((await rowOf("criuCheck", id))?.outcome, "fine");
    const row = await rowOf("criuCheck", id, bare);
    assert.equal(row?.outcome, "stops");
    assert.match(row.sentence, /The kernel lacks what CRIU needs: \S+/);
    const confined = await connectEngine("criu://", { machine: bare });
    const options = { name: "bare", leaveRunning: true, folder: join(folder, "target") };
    await assert.rejects(confined.checkpoint(id, options), /engine|CRIU|checkpoint/i);
    // Not for want of anything else: with its rights it can.
    await criu.checkpoint(id, options);
  });

  it("warns of a process in seccomp's strict mode", async () => {
    // After prctl it may do no more than read, write and end: it waits for a byte that nobody writes.
    const { id } = await start(
      "r, w = os.pipe()\nbyte = ctypes.create_string_buffer(1)\ntell(os.getpid())\nlibc.prctl(22, 1)\nlibc.read(r, byte, 1)",
    );
    const row = await until(async () => {
      const found = await rowOf("confined", id);
      return found?.outcome === "fine" ? undefined : found;
    });
    assert.equal(row.outcome, "warns");
    assert.match(row.sentence, /seccomp's strict mode runs python3 \(\d+\)/);
    assert.equal((await criu.inspect(id)).state, "running");
  });

  it("warns when CRIU would run without rights that it needs", async () => {
    // A process that really hasn't got them looks at itself.
    const look = `
      import { connectEngine, preflight, thisMachine } from ${JSON.stringify(join(PROJECT, "src/engine/index.ts"))};
      const run = async () => ({ code: 0, stdout: "Version: 4.2", stderr: "" });
      const machine = { ...thisMachine(), run };
      const engine = await connectEngine("criu://", { machine });
      const rows = await preflight(engine, String(process.ppid), { machine });
      console.log(JSON.stringify(rows.find(({ code }) => code === "confined")));`;
    const node = [process.execPath, "--import", "tsx", "--input-type=module", "--eval", look];
    const args = ["--bounding-set", "-sys_ptrace", ...node];
    const { stdout } = await promisify(execFile)("setpriv", args, { cwd: PROJECT });
    // One line of JSON, by the script above.
    const row = JSON.parse(stdout) as { readonly outcome: string; readonly sentence?: string };
    assert.equal(row.outcome, "warns");
    assert.match(row.sentence ?? "", /without CAP_SYS_PTRACE/);
  });
});
