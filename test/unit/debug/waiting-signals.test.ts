import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { stopBeforeSignals } from "../../../src/debug/waiting-signals.ts";

const run = promisify(execFile);
const SIGUSR1 = 10;
const SIGSTOP = 19;
const SIGURG = 23;
const bit = (signal: number): bigint => 1n << BigInt(signal - 1);

/** Where the programs are that can signal a single thread; undefined for one that isn't here. */
async function real(program: string, ...args: readonly string[]): Promise<string | undefined> {
  return run(program, args).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

describe("signals that wait for the threads of a process that is held", () => {
  const path = process.env["PATH"];
  let programs: Readonly<Record<string, string | undefined>>;
  let folder: string;
  let subject: ChildProcess;
  let pid: number;

  before(async function () {
    if (process.platform !== "linux") this.skip();
    folder = await mkdtemp(join(tmpdir(), "cryo-waiting-"));
    programs = {
      perl: await real("perl", "-MConfig", "-e", "print $^X"),
      python3: await real("python3", "-c", "import sys; print(sys.executable)"),
    };
  });
  after(() => folder && rm(folder, { recursive: true }));

  /** A process with handlers that is stopped, so that what is sent to it waits: the freezer needs more rights. */
  beforeEach(async () => {
    const code = `for (const one of ["SIGUSR1", "SIGURG"]) process.on(one, () => {});
      setTimeout(() => {}, 60_000); console.log("ready");`;
    subject = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "ignore"] });
    assert(subject.stdout && subject.pid !== undefined);
    pid = subject.pid;
    await once(subject.stdout, "data");
    process.kill(pid, "SIGSTOP");
    while (!/^State:\tT/m.test(await readFile(`/proc/${pid}/status`, "utf8"))) await sleep(5);
  });
  afterEach(async () => {
    process.env["PATH"] = path;
    if (subject.exitCode !== null || subject.signalCode !== null) return;
    const ended = once(subject, "exit");
    subject.kill("SIGKILL");
    await ended;
  });

  /** By another way than the one that is tested: glibc's own call where there is one (Python's `ctypes`), else perl's. */
  async function sendToFirstThread(signal: number): Promise<void> {
    const { perl, python3 } = programs;
    const numbers = [pid, pid, signal].map(String);
    if (python3 === undefined) {
      const call = process.arch === "x64" ? "234" : "131";
      await run(perl ?? "perl", [
        "-e",
        "syscall($ARGV[0]+0, $ARGV[1]+0, $ARGV[2]+0, $ARGV[3]+0)",
        call,
        ...numbers,
      ]);
      return;
    }
    const code = "import ctypes, sys\nctypes.CDLL(None).tgkill(*map(int, sys.argv[1:]))";
    await run(python3, ["-c", code, ...numbers]);
    assert.equal((await waiting()).get(pid), bit(signal));
  }

  /** What waits for each thread alone (`SigPnd`). */
  async function waiting(): Promise<ReadonlyMap<number, bigint>> {
    const found = new Map<number, bigint>();
    for (const thread of await readdir(`/proc/${pid}/task`)) {
      const status = await readFile(`/proc/${pid}/task/${thread}/status`, "utf8");
      found.set(Number(thread), BigInt(`0x${/^SigPnd:\t(\w+)$/m.exec(status)?.[1] ?? "0"}`));
    }
    return found;
  }

  /** From here on only this program is found, or none. */
  async function onlyOnPath(name?: "perl" | "python3"): Promise<void> {
    const here = await mkdtemp(join(folder, "bin-"));
    if (name)
      await writeFile(join(here, name), `#!/bin/sh\nexec ${programs[name] ?? ""} "$@"\n`, { mode: 0o755 });
    process.env["PATH"] = here;
  }

  for (const name of ["perl", "python3"] as const)
    it(`get company by ${name}: a SIGSTOP for the threads that have one, and none for the others`, async function () {
      if (programs[name] === undefined) this.skip();
      await sendToFirstThread(SIGURG);
      await onlyOnPath(name);
      assert.equal(await stopBeforeSignals(pid), true);
      const { size } = await waiting();
      assert.ok(size > 1, "Node has more than one thread");
      for (const [thread, signals] of await waiting())
        assert.equal(signals, thread === pid ? bit(SIGURG) | bit(SIGSTOP) : 0n, `${thread}`);
    });

  it("are said to come first where nothing here can signal a single thread", async function () {
    if (programs["perl"] === undefined && programs["python3"] === undefined) this.skip();
    await sendToFirstThread(SIGURG);
    await onlyOnPath();
    assert.equal(await stopBeforeSignals(pid), false);
    assert.equal((await waiting()).get(pid), bit(SIGURG));
  });

  it("are said to come first when their number is lower than SIGSTOP's", async function () {
    if (programs["perl"] === undefined && programs["python3"] === undefined) this.skip();
    await sendToFirstThread(SIGUSR1);
    assert.equal(await stopBeforeSignals(pid), false);
  });

  it("are none where none waits, or the process is gone: then no program is asked", async () => {
    await onlyOnPath();
    assert.equal(await stopBeforeSignals(pid), true);
    const ended = once(subject, "exit");
    subject.kill("SIGKILL");
    await ended;
    assert.equal(await stopBeforeSignals(pid), true);
  });
});
