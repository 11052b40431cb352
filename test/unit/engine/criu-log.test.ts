import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorLines, explainCriuLog, foldCriuLog } from "../../../src/engine/index.ts";
import { CRIU_CAUSES } from "../../../src/engine/criu-causes.ts";
import { fixture } from "../fixtures.ts";

// CRIU 4.2.1 (the last one: 4.1.1) said no to these programs; which line tells why was read by a person.
const REFUSED: readonly [log: string, place: string, sentence: RegExp][] = [
  ["c-bpf", "criu/files-ext.c:94", /BPF/],
  ["c-clonefs-refused", "criu/cr-dump.c:676", /CLONE_FS/],
  ["c-ghost-limit-refused", "criu/files-reg.c:1031", /deleted file open that is larger/],
  ["c-iouring", "criu/pie/parasite.c:588", /io_uring/],
  ["c-linkremap-refused", "criu/files-reg.c:1122", /hard link/],
  ["c-locks-refused", "criu/file-lock.c:110", /file locks/],
  ["c-mqueue", "criu/files-reg.c:1790", /message queue/],
  ["c-mqueue-ns", "criu/mount.c:753", /mounts/],
  ["c-pipespacket-refused", "criu/pipes.c:490", /packet mode/],
  ["c-tcpest-refused", "criu/sk-inet.c:200", /open TCP connections/],
  ["c-tun", "criu/tun.c:306", /TUN/],
  ["c-unixpasscred-refused", "criu/sk-queue.c:144", /Unix socket/],
  ["d-node22-iouring-refused", "criu/proc_parse.c:502", /io_uring/],
  ["ns-mnt-refused", "criu/mount.c:753", /mounts/],
  ["criu-4.1.1-c-tcplisten", "criu/sockets.c:628", /CRIU before 4.2/],
];

async function log(name: string): Promise<string> {
  return readFile(join(await fixture("criu-logs"), `${name}.log`), "utf8");
}

describe("a CRIU log", () => {
  for (const [name, place, sentence] of REFUSED)
    it(`of ${name} is explained by its line from ${place}`, async () => {
      const text = await log(name);
      const failure = explainCriuLog(text, "/somewhere/dump.log");
      assert.ok(failure?.line?.includes(`Error (${place})`) === true, failure?.line);
      assert.match(failure.sentence, sentence);
      assert.ok(failure.next.length > 0);
      assert.equal(failure.log, "/somewhere/dump.log");
      assert.ok(text.split("\n")[(failure.lineNumber ?? 0) - 1]?.includes(place));
    });

  it("of a success explains nothing, though it holds an error line", async () => {
    const text = await log("criu-4.1.1-a-single");
    assert.match(text, /Error \(/);
    assert.equal(explainCriuLog(text), undefined);
  });

  it("of a restore to which a waiting SIGCONT came isn't explained by the helper that ended with it", () => {
    // The end of a restore.log of CRIU 4.2.
    const text = [
      "(00.072426) pie: 1: Restore signal 18 group 1",
      "(00.072454) Error (criu/cr-restore.c:1281): 18580 stopped by signal 5: Trace/breakpoint trap",
      "(00.072668) mnt: Switching to new ns to clean ghosts",
      "(00.073172) Error (criu/cr-restore.c:2331): Restoring FAILED.",
      "(00.074945) Error (criu/cgroup.c:2055): cg: cgroupd: recv req error: No such file or directory",
    ].join("\n");
    assert.equal(explainCriuLog(text)?.cause, "signalWaited");
  });

  it("with an unknown error gives that line and not the ones that follow from it", () => {
    const text = [
      "(00.1) Dumping",
      "(00.2) Error (criu/new.c:7): Can't dump the moon",
      "(00.3) Error (criu/cr-dump.c:1545): Dump files (pid: 7) failed with -1",
      "(00.4) Error (criu/cr-dump.c:1975): Dumping FAILED.",
    ].join("\n");
    const failure = explainCriuLog(text);
    assert.equal(failure?.line, "Error (criu/new.c:7): Can't dump the moon");
    assert.equal(failure.lineNumber, 2);
  });

  it("with nothing but the last line gives that", () => {
    const lines = errorLines("Error (criu/cr-dump.c:1975): Dumping FAILED.");
    assert.deepEqual(lines, [{ text: "Error (criu/cr-dump.c:1975): Dumping FAILED.", number: 1 }]);
  });

  it("of a hostile process can't make the explanation long or break its line", () => {
    const text = `Error (criu/x.c:1): name \u001b[31m${"A".repeat(10_000)}\r\u0000`;
    const line = explainCriuLog(text)?.line ?? "";
    assert.ok(line.length <= 300);
    assert.doesNotMatch(line, /[\u0000-\u001f]/);
  });

  it("of many megabytes is read in reasonable time", () => {
    const text = "Error (criu/x.c:1): x\n".repeat(200_000) + "(".repeat(1_000_000);
    const start = performance.now();
    assert.equal(errorLines(text).length, 100);
    assert.ok(performance.now() - start < 1000);
  });
});

describe("the folding of a CRIU log", () => {
  it("has a section a task, by the title between two rules as CRIU 4.2 draws them", () => {
    const text = [
      "(00.001) Running on lab Linux",
      "(00.002) ========================================",
      "(00.002) Dumping processes (pid: 17 comm: sleep)",
      "(00.002) ========================================",
      "(00.003) rlimit: RLIMIT_NOFILE unlimited for self",
      "(00.003) Warn  (compel/src/lib/infect.c:132): Unable to interrupt task",
      "(00.004) ----------------------------------------",
      "(00.005) Dumping GHOST",
      "(00.006) done",
    ];
    assert.deepEqual(foldCriuLog(text), [
      { start: 2, end: 5 },
      { start: 7, end: 8 },
    ]);
  });

  it("gathers eight lines and more of one part of CRIU", () => {
    const one = Array.from({ length: 9 }, (_, index) => `(00.00${index}) cg-prop: Property ${index}`);
    assert.deepEqual(foldCriuLog(["(00.1) x", ...one, "(00.2) mnt: y", ""]), [{ start: 1, end: 9 }]);
    assert.deepEqual(foldCriuLog(one.slice(0, 7)), []);
  });
});

describe("a warning in a CRIU log", () => {
  it("is the cause when the errors after it tell nothing", () => {
    // CRIU 4.2.1 on a process that another one had seized by ptrace.
    const text = [
      "(00.004034) Warn  (compel/src/lib/infect.c:132): Unable to interrupt task: 3435 (Operation not permitted)",
      "(00.004052) Error (compel/src/lib/infect.c:417): Unable to detach from 3435: No such process",
      "(00.004059) Error (criu/cr-dump.c:1975): Dumping FAILED.",
    ].join("\n");
    const failure = explainCriuLog(text);
    assert.equal(failure?.cause, "traced");
    assert.equal(failure.lineNumber, 1);
  });
});

it("of a process that is there already, since it was brought back before, says that its number is taken", () => {
  // criu 4.2.1, by `criu restore` twice of one dump.
  const text = [
    "(00.001021) Forking task with 194 pid (flags 0x0)",
    "(00.001189) Error (criu/cr-restore.c:1237): Can't fork for 194: File exists",
    "(00.001247) Error (criu/cr-restore.c:2358): Restoring FAILED.",
  ].join("\n");
  const failure = explainCriuLog(text);
  assert.equal(failure?.cause, "pidTaken");
});

describe("the table of known causes", () => {
  it("knows at least 40, each with the file of CRIU that says it", () => {
    assert.ok(CRIU_CAUSES.length >= 40, String(CRIU_CAUSES.length));
    for (const { code, source } of CRIU_CAUSES)
      assert.match(source, /^(criu|compel|soccr)\/[\w./-]+\.[ch]$/, code);
  });

  it("has codes that are unique and sentences that end", () => {
    assert.equal(new Set(CRIU_CAUSES.map(({ code }) => code)).size, CRIU_CAUSES.length);
    for (const { sentence, next } of CRIU_CAUSES)
      assert.ok(sentence.endsWith(".") && next.endsWith("."), sentence);
  });
});
