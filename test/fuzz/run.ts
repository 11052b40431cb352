// `npm run fuzz -- [--seed N] [--runs N | --minutes N] [--image TEXT] [--from N]`: changes real files in every way that hurts
// and looks whether everything that must hold does (checks.ts). What doesn't pass is kept in .cache/fuzz with the command that
// runs it again. Before, some files made to cost memory (crafted.ts). `--image` takes only samples whose fixture or name holds TEXT.
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { ChildOrder, ChildReport } from "./child.ts";

const KEPT = ".cache/fuzz";
/** A case that says nothing for so long will never end. */
const HANGS_AFTER = 30_000;
/** Unpacking the fixtures for the first time takes long on a busy machine. */
const BEGINS_WITHIN = 600_000;
/** Cases of one process: fresh ones show what a long run hides. */
const PER_CHILD = 20_000;
/** Kept of a run; more would be the same again. */
const MAX_FINDINGS = 100;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    runs: { type: "string" },
    minutes: { type: "string" },
    image: { type: "string", default: "" },
    from: { type: "string", default: "0" },
  },
});
const seed = Number(values.seed);
const first = Number(values.from);
const runs = Number(values.runs ?? (values.minutes === undefined ? 20_000 : Infinity));
const until = performance.now() + Number(values.minutes ?? Infinity) * 60_000;
if (![seed, first].every(Number.isSafeInteger) || Number.isNaN(runs) || Number.isNaN(until)) {
  console.error("fuzz: --seed, --runs, --from and --minutes are numbers.");
  process.exit(2);
}

let passed = 0;
let slowest: ChildReport | undefined;
const findings: ChildReport[] = [];
const groups = new Map<string, number>();

/** Runs cases in a child until it has done them or must be ended; gives the number to go on with. */
function runChild(order: ChildOrder): Promise<number> {
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL("child.ts", import.meta.url));
    const child = spawn(
      process.execPath,
      ["--import", "tsx", "--max-old-space-size=1024", script, JSON.stringify(order)],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let running: number | undefined;
    let next = order.from;
    let hung = false;
    const watch = (milliseconds: number): NodeJS.Timeout =>
      setTimeout(() => {
        hung = true;
        child.kill("SIGKILL");
      }, milliseconds);
    let timer = watch(BEGINS_WITHIN);
    createInterface({ input: child.stdout }).on("line", (line) => {
      clearTimeout(timer);
      timer = watch(order.crafted === true ? BEGINS_WITHIN : HANGS_AFTER);
      // Written by child.ts.
      const report = JSON.parse(line) as ChildReport;
      if (report.state === "start") running = report.number;
      else {
        running = undefined;
        next = report.number + 1;
        take(report);
        if (performance.now() > until || findings.length >= MAX_FINDINGS) child.kill();
      }
    });
    child.on("close", () => {
      clearTimeout(timer);
      if (running !== undefined && performance.now() <= until) {
        const error = hung ? `no end after ${HANGS_AFTER / 1000} s` : "the process died";
        take({ number: running, state: "broken", error });
        next = running + 1;
      } else if (next === order.from && order.crafted !== true && performance.now() <= until) {
        console.error("fuzz: the child did not even begin.");
        process.exit(1);
      }
      resolve(next);
    });
  });
}

function take(report: ChildReport): void {
  if (report.group !== undefined) groups.set(report.group, (groups.get(report.group) ?? 0) + 1);
  if (report.state === "passed") {
    passed++;
    if ((report.milliseconds ?? 0) > (slowest?.milliseconds ?? 0)) slowest = report;
    if (passed % 5000 === 0) console.log(`${passed} passed, ${findings.length} did not`);
    return;
  }
  findings.push(report);
  const folder = join(KEPT, `${seed}-${report.number}`);
  mkdirSync(folder, { recursive: true });
  const { file, ...facts } = report;
  const image = values.image === "" ? "" : ` --image ${JSON.stringify(values.image)}`;
  const again = `npm run fuzz -- --seed ${seed} --from ${report.number} --runs 1${image}`;
  if (file !== undefined) writeFileSync(join(folder, report.name ?? "file"), Buffer.from(file, "base64"));
  writeFileSync(join(folder, "case.json"), `${JSON.stringify({ ...facts, seed, again }, null, 2)}\n`);
  console.log(`${report.state}: ${report.origin ?? ""} ${report.done?.join(", ") ?? ""}`);
  console.log(`  ${report.error?.split("\n").slice(0, 4).join("\n  ") ?? ""}`);
  console.log(`  ${folder}; again: ${again}`);
}

// First the files made to cost memory: few, and the same each time.
if (values.image === "" && first === 0) await runChild({ seed, from: 0, to: 0, only: "", crafted: true });
let next = first;
while (next < first + runs && performance.now() < until && findings.length < MAX_FINDINGS) {
  const to = Math.min(next + PER_CHILD, first + runs);
  next = await runChild({ seed, from: next, to, only: values.image });
}
console.log(
  `Seed ${seed}: ${passed} cases passed, ${findings.length} did not, in ${groups.size} groups of files; ` +
    `the slowest took ${(slowest?.milliseconds ?? 0).toFixed(0)} ms (case ${slowest?.number ?? "none"}).`,
);
process.exitCode = findings.length > 0 ? 1 : 0;
