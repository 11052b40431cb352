// ELF cores of a frozen program, opened by gdb: it must see what the program was made to do, and what /proc said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { withMemoryOf } from "../unit/memory/support.ts";
import { coreTo } from "./core-peers.ts";
import { inLab } from "./namespaces.ts";
import { ROOT } from "./place.ts";
import { LAB_SHARE } from "./sockets.ts";

/** Freezes parked.c and keeps what /proc/PID/task/TID/syscall said: the last two words are stack pointer and counter. */
const FREEZE = `
folder=$1
mkdir -p $folder/images
gcc -g -O0 -pthread -o $folder/parked /project/test/lab/programs/parked.c
setsid $folder/parked </dev/null >$folder/out 2>&1 &
pid=$!
trap 'kill -KILL $pid 2>/dev/null || true' EXIT
for try in $(seq 100); do grep -q ready $folder/out && break; sleep 0.1; done
sleep 0.3
for task in /proc/$pid/task/*; do echo "\${task##*/} $(cat $task/syscall)"; done >$folder/syscalls
echo $pid >$folder/pid
criu dump --tree $pid --images-dir $folder/images --shell-job --log-file dump.log --leave-running >/dev/null || {
  tail -n 20 $folder/images/dump.log >&2; exit 1; }
`;

describe("the ELF core of a frozen program, in gdb", () => {
  const folder = join(LAB_SHARE, `core-${process.pid}`);
  let seen: string;
  let pid: number;

  before(async function () {
    this.timeout(120_000);
    await mkdir(folder, { recursive: true });
    const [file, args] = inLab(["sh", "-euc", FREEZE, "freeze", folder]);
    const { status, stderr } = spawnSync(file, args, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    await withMemoryOf(join(folder, "images"), (memory) => coreTo(join(folder, "core"), memory, pid));
    // gdb looks for the mapped files below its sysroot, by the names they had in the lab.
    cpSync(join(folder, "parked"), join(ROOT, folder, "parked"));
    seen = gdb(
      "thread apply all bt",
      "thread apply all -q info registers rip rsp",
      "print banner",
      "print weights",
      "info auxv",
      "info proc mappings",
    );
  });
  after(() => {
    for (const each of [folder, join(ROOT, folder)]) rmSync(each, { recursive: true, force: true });
  });

  function gdb(...commands: readonly string[]): string {
    const words = [`set sysroot ${ROOT}`, `core-file ${join(folder, "core")}`, ...commands];
    const { stdout, stderr, error } = spawnSync(
      "gdb",
      ["-nx", "-batch", ...words.flatMap((word) => ["-ex", word]), join(folder, "parked")],
      { encoding: "utf8", maxBuffer: 16 << 20 },
    );
    assert.ifError(error);
    return `${stdout}\n${stderr}`;
  }

  it("has the stack of every thread, down to where it began", () => {
    // parked.c: main descends once before it parks, the workers 1 and 2 three and four times.
    for (const [worker, depth, first] of [
      [0, 1, "main"],
      [1, 3, "work"],
      [2, 4, "work"],
    ] as const) {
      const calls = Array.from(
        { length: depth + 1 },
        (_, at) => `descend \\(worker=${worker}, depth=${at}\\)`,
      );
      const stack = [`park \\(worker=${worker}\\)`, ...calls, first];
      assert.match(seen, new RegExp(stack.join("[^]*?")), `worker ${worker}`);
    }
  });

  it("has the stack pointer and program counter that /proc told", () => {
    const lines = readFileSync(join(folder, "syscalls"), "utf8").trim().split("\n");
    assert.equal(lines.length, 3);
    for (const line of lines) {
      const [stack = "", counter = ""] = line.split(" ").slice(-2);
      assert.match(seen, new RegExp(`rsp +${stack} `), line);
      // CRIU goes back to the two bytes of `syscall`, so that a restored thread makes the call again.
      const again = `0x${(BigInt(counter) - 2n).toString(16)}`;
      assert.match(seen, new RegExp(`rip +${again} `), line);
    }
  });

  it("has the program's memory", () => {
    assert.match(seen, /= 0x[0-9a-f]+ "parked"/);
    assert.match(seen, /= \{0\.5, 1\.5, 2\.5, 0/);
  });

  it("has the auxiliary vector and the mapped files", () => {
    assert.match(seen, /AT_PAGESZ +System page size +4096/);
    assert.match(seen, new RegExp(`AT_EXECFN.*"${folder}/parked"`));
    assert.match(seen, new RegExp(`0x[0-9a-f]+ +0x[0-9a-f]+ .*${folder}/parked`));
  });

  it("names the process and its threads", () => {
    assert.match(gdb("info threads"), new RegExp(`LWP ${pid}\\b`));
  });
});
