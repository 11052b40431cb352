import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mochaCounts, mochaFailures, twiceCounts } from "../../../scripts/counts.ts";
import { runGroup } from "../../../scripts/processes.ts";

describe("a program that a step runs", () => {
  it("gives its exit code and all that it wrote", async () => {
    const code = 'console.log("out"); console.error("err"); process.exitCode = 3';
    const ended = await runGroup(process.execPath, ["-e", code], { timeoutMs: 10_000 });
    assert.equal(ended.code, 3);
    assert.equal(ended.timedOut, false);
    assert.match(ended.output, /out/);
    assert.match(ended.output, /err/);
  });

  it("is ended with its children when its time is over", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryo-group-"));
    const late = join(folder, "late");
    // The child would write its file after the parent's time.
    const child = `setTimeout(() => require("fs").writeFileSync(${JSON.stringify(late)}, ""), 1500)`;
    const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(child)}]); setInterval(() => {}, 1000)`;
    const ended = await runGroup(process.execPath, ["-e", parent], { timeoutMs: 500 });
    assert.equal(ended.timedOut, true);
    assert.equal(ended.code, undefined);
    await sleep(1500);
    assert.equal(existsSync(late), false);
    await rm(folder, { recursive: true });
  });

  it("that can't be started counts as failed", async () => {
    const ended = await runGroup(join(tmpdir(), "no-such-program"), [], { timeoutMs: 1_000 });
    assert.equal(ended.code, undefined);
  });
});

describe("the counts of a mocha report", () => {
  it("are read through colours and summed over reports", () => {
    const report =
      "\x1b[92m \x1b[0m\x1b[32m 12 passing\x1b[0m (3s)\n  2 pending\n  1 failing\n\n  3 passing (1ms)\n";
    assert.deepEqual(mochaCounts(report), { passed: 15, failed: 1, skipped: 2 });
  });

  it("have the titles of what failed, as mocha itself marks it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryo-mocha-"));
    const file = join(folder, "some.cjs");
    await writeFile(
      file,
      `describe("a thing", () => {
         it("works", () => {});
         describe("inside", () => {
           it("1) has (brackets): and more", () => { throw new Error("    2) no title"); });
         });
         describe("opened", () => { before(() => { throw new Error("no"); }); it("is not run", () => {}); });
       });`,
    );
    const mocha = join(import.meta.dirname, "../../../node_modules/mocha/bin/mocha.js");
    const reporter = join(import.meta.dirname, "../../../scripts/reporter.cjs");
    const words = [mocha, "--no-config", "--reporter", reporter, file];
    const { output } = await runGroup(process.execPath, words, { timeoutMs: 30_000 });
    const { titles, files, reasons } = mochaFailures(output);
    assert.deepEqual(titles, ["1) has (brackets): and more", '"before all" hook for "is not run"']);
    assert.deepEqual(
      files.map((each) => resolve(each)),
      [file],
    );
    assert.match(reasons, /^1\) .+\n[^]*2\) /);
    assert.deepEqual(mochaCounts(output), { passed: 1, failed: 2, skipped: 0 });
    await rm(folder, { recursive: true });
  });

  it("are those of the second run where all were run again, and of both where only some were", () => {
    const first = { passed: 40, failed: 2, skipped: 1 };
    assert.deepEqual(twiceCounts(first, { passed: 41, failed: 1, skipped: 1 }, "all"), {
      passed: 41,
      failed: 1,
      skipped: 1,
    });
    assert.deepEqual(twiceCounts(first, { passed: 9, failed: 1, skipped: 0 }, "files"), {
      passed: 41,
      failed: 1,
      skipped: 1,
    });
  });

  it("are not there when no test reported", () => {
    assert.equal(mochaCounts("built in 3 s\n"), undefined);
  });
});
