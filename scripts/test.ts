// `npm test [-- --only unit,vscode]`: every step of steps.ts, whatever became of the others, and a summary.
import { PassThrough } from "node:stream";
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

/** How a program of a step ended. */
interface Part {
  readonly counts?: Counts;
  readonly twice: readonly string[];
  readonly failures: readonly Failures[];
  readonly why?: string;
  /** The machine can't do it; why. */
  readonly cannot?: string;
  readonly timedOut: boolean;
}

async function runProgram(
  step: Step,
  program: readonly string[],
  timeoutMs: number,
  tee: NodeJS.WritableStream,
): Promise<Part> {
  const start = performance.now();
  const run = (words: readonly string[]) =>
    runGroup(process.execPath, words, { timeoutMs: timeoutMs - (performance.now() - start), tee });
  const twice: string[] = [];
  let ended = await run(program);
  let counts = mochaCounts(ended.output);
  let failed = mochaFailures(ended.output);
  if (step.twice && counts && failed.titles.length > 0 && !ended.timedOut) {
    const files = failed.files.filter((file) => !program.includes(file));
    const name = `${failed.files.join(" ") || (program.at(-1) ?? "")} (${failed.titles.join("; ")})`;
    tee.write(`\n── Once more: ${name}\n`);
    twice.push(name);
    ended = await run([...program, ...files]);
    const second = mochaCounts(ended.output) ?? { ...FAILED, skipped: counts.skipped };
    counts = twiceCounts(counts, second, files.length > 0 ? "files" : "all");
    failed = mochaFailures(ended.output);
  }
  const { code, timedOut, output } = ended;
  const why = timedOut
    ? `not done after ${step.timeoutMs / 60_000} minutes`
    : code === 0
      ? undefined
      : `exit code ${code ?? "none"}`;
  return {
    ...(counts && { counts }),
    twice,
    failures: failed.titles.length > 0 ? [failed] : [],
    ...(why !== undefined && { why }),
    ...(code === CANNOT && { cannot: output.trimEnd().split("\n").at(-1) ?? "" }),
    timedOut,
  };
}

/** All at once; what each writes is shown in one piece, when those before it have ended. */
async function runTogether(step: Step): Promise<readonly Part[]> {
  const started = step.programs.map((program, index) => {
    const held = new PassThrough();
    const tee = index === 0 ? process.stdout : held;
    return { held, part: runProgram(step, program, step.timeoutMs, tee) };
  });
  const parts: Part[] = [];
  for (const { held, part } of started) {
    parts.push(await part);
    held.end();
    for await (const bytes of held) process.stdout.write(bytes as Buffer);
  }
  return parts;
}

async function runInTurn(step: Step): Promise<readonly Part[]> {
  const start = performance.now();
  const parts: Part[] = [];
  for (const program of step.programs) {
    const left = step.timeoutMs - (performance.now() - start);
    const part = await runProgram(step, program, left, process.stdout);
    parts.push(part);
    if (part.timedOut || part.cannot !== undefined) break;
  }
  return parts;
}

async function runStep(step: Step, earlier: readonly Result[]): Promise<Result> {
  console.log(`\n── ${step.title} (${step.name})`);
  const skip = step.unavailable?.();
  if (skip !== undefined) return { step, counts: SKIPPED, seconds: 0, why: skip };
  const missing = earlier.find((result) => result.step.name === step.needs && result.counts.failed > 0);
  if (missing !== undefined)
    return { step, counts: FAILED, seconds: 0, why: `not run, because "${missing.step.title}" failed` };

  const start = performance.now();
  const parts = await (step.together ? runTogether(step) : runInTurn(step));
  const cannot = parts.find((part) => part.cannot !== undefined)?.cannot;
  if (cannot !== undefined) return { step, counts: SKIPPED, seconds: 0, why: cannot };
  const seconds = (performance.now() - start) / 1000;
  const all = parts.flatMap(({ counts }) => counts ?? []);
  const counts = all.length > 0 ? sumCounts(all) : undefined;
  const twice = parts.flatMap((part) => part.twice);
  // That the time was over says more than the code of what was ended by it.
  const why = (parts.find((part) => part.timedOut) ?? parts.find((part) => part.why !== undefined))?.why;
  if (why === undefined) return { step, counts: counts ?? PASSED, seconds, twice };
  // A report of passed tests from a program that fell over afterwards is no success.
  const failed = counts !== undefined && counts.failed > 0 ? counts : { ...(counts ?? FAILED), failed: 1 };
  return { step, counts: failed, seconds, why, twice, failures: parts.flatMap((part) => part.failures) };
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
