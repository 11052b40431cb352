// `npm test [-- --only unit,vscode]`: every step of steps.ts, whatever became of the others, and a summary.
import { parseArgs } from "node:util";
import { buildAhead } from "./ahead.ts";
import { mochaCounts, mochaFailures, sumCounts, twiceCounts } from "./counts.ts";
import type { Counts, Failures } from "./counts.ts";
import { runGroup } from "./processes.ts";
import { STEPS } from "./steps.ts";
import type { Step } from "./steps.ts";

interface Result {
  readonly step: Step;
  readonly counts: Counts;
  readonly seconds: number;
  /** Why it was skipped or has failed, where that isn't a test's own doing. */
  readonly why?: string;
  /** What failed at first and was run a second time: files, and the tests in them. */
  readonly twice?: readonly string[];
  /** Tests that failed in the end. */
  readonly failures?: readonly Failures[];
}

/** A program's exit code that means "can't be done here", as automake has it; the last line it writes says why. */
const CANNOT = 77;
/** Characters of reasons that are repeated behind the summary. */
const MAX_REASONS = 8000;
const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };
const SKIPPED: Counts = { passed: 0, failed: 0, skipped: 1 };

async function runStep(step: Step, earlier: readonly Result[]): Promise<Result> {
  console.log(`\n── ${step.title} (${step.name})`);
  const skip = step.unavailable?.();
  if (skip !== undefined) return { step, counts: SKIPPED, seconds: 0, why: skip };
  const missing = earlier.find((result) => result.step.name === step.needs && result.counts.failed > 0);
  if (missing !== undefined)
    return { step, counts: FAILED, seconds: 0, why: `not run, because "${missing.step.title}" failed` };

  const start = performance.now();
  const all: Counts[] = [];
  const twice: string[] = [];
  const failures: Failures[] = [];
  let why: string | undefined;
  for (const program of step.programs) {
    const run = (words: readonly string[]) => {
      const left = step.timeoutMs - (performance.now() - start);
      return runGroup(process.execPath, words, { timeoutMs: left, tee: process.stdout });
    };
    let ended = await run(program);
    let counts = mochaCounts(ended.output);
    let failed = mochaFailures(ended.output);
    if (step.twice && counts && failed.titles.length > 0 && !ended.timedOut) {
      const files = failed.files.filter((file) => !program.includes(file));
      const name = `${failed.files.join(" ") || (program.at(-1) ?? "")} (${failed.titles.join("; ")})`;
      console.log(`\n── Once more: ${name}`);
      twice.push(name);
      ended = await run([...program, ...files]);
      const second = mochaCounts(ended.output) ?? { ...FAILED, skipped: counts.skipped };
      counts = twiceCounts(counts, second, files.length > 0 ? "files" : "all");
      failed = mochaFailures(ended.output);
    }
    if (counts) all.push(counts);
    if (failed.titles.length > 0) failures.push(failed);
    if (ended.code === CANNOT)
      return { step, counts: SKIPPED, seconds: 0, why: ended.output.trimEnd().split("\n").at(-1) ?? "" };
    if (ended.timedOut) why = `not done after ${step.timeoutMs / 60_000} minutes`;
    else if (ended.code !== 0) why ??= `exit code ${ended.code ?? "none"}`;
    if (ended.timedOut) break;
  }
  const seconds = (performance.now() - start) / 1000;
  const counts = all.length > 0 ? sumCounts(all) : undefined;
  if (why === undefined) return { step, counts: counts ?? PASSED, seconds, twice };
  // A report of passed tests from a program that fell over afterwards is no success.
  const failed = counts !== undefined && counts.failed > 0 ? counts : { ...(counts ?? FAILED), failed: 1 };
  return { step, counts: failed, seconds, why, twice, failures };
}

function chosenSteps(): readonly Step[] {
  const { values } = parseArgs({ options: { only: { type: "string" } } });
  if (values.only === undefined) return STEPS;
  const names = values.only.split(",");
  const unknown = names.filter((name) => !STEPS.some((step) => step.name === name));
  if (unknown.length > 0) {
    console.error(`No step ${unknown.join(", ")}. There are: ${STEPS.map((step) => step.name).join(", ")}`);
    process.exit(2);
  }
  return STEPS.filter((step) => names.includes(step.name));
}

function summarize(results: readonly Result[]): Counts {
  console.log("\n── Summary");
  for (const { step, counts, seconds, why, twice = [] } of results) {
    const mark = counts.failed > 0 ? "✗" : counts.passed > 0 ? "✓" : "–";
    const tests = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    const reason = why === undefined ? "" : `: ${why}`;
    console.log(`${mark} ${step.name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s  ${tests}${reason}`);
    for (const name of twice) console.log(`  run twice, since it failed at first: ${name}`);
  }
  // What a log of a build server ends with is what people read of it.
  for (const { step, failures = [] } of results)
    for (const { titles, reasons } of failures)
      console.log(`\n── Failed in ${step.name}: ${titles.join("; ")}\n${reasons.slice(0, MAX_REASONS)}`);
  return sumCounts(results.map(({ counts }) => counts));
}

const steps = chosenSteps();
const built = buildAhead(steps);
const results: Result[] = [];
for (const step of steps) {
  const said = await built(step);
  if (said !== undefined) console.log(`\n${said}`);
  const result = await runStep(step, results);
  results.push(result);
  if (result.counts.skipped > 0 && result.why !== undefined) console.log(`skipped: ${result.why}`);
  else if (result.why !== undefined) console.log(`failed: ${result.why}`);
}
const { passed, failed, skipped } = summarize(results);
const skipsFail = ["true", "1"].includes(process.env["CI"] ?? "") && skipped > 0;
if (skipsFail) console.log("With CI=true a skipped test is a failure.");
console.log(`\n${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 || skipsFail ? 1 : 0;
