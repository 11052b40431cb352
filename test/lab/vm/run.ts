/**
 * The virtual machine's part of `npm test`: starts it, runs test/lab/vm/*.test.ts, and ends it, also after a failure or
 * Ctrl-C. One that was up before stays up. Ends with mocha's code, or with 77 and one line that says why it can't be done.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT } from "../place.ts";
import { whyNoVm } from "../preconditions.ts";
import { runningMachine } from "./machine.ts";

/** What automake and others mean by it too. */
const SKIPPED = 77;
const INTERRUPTED = 130;
const MOCHA = join(PROJECT, "node_modules/mocha/bin/mocha.js");
const VM = join(import.meta.dirname, "vm.ts");

let interrupted = false;

/** Runs a script with this Node to its end; gives its exit code. */
function node(script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
      cwd: PROJECT,
      stdio: "inherit",
    });
    const stop = (): void => {
      interrupted = true;
      child.kill("SIGTERM");
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    child.on("exit", (code) => {
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(code ?? 1);
    });
  });
}

async function main(): Promise<number> {
  const why = whyNoVm();
  if (why !== undefined) {
    console.error(`virtual machine's tests skipped: ${why}`);
    return SKIPPED;
  }
  const wasUp = runningMachine() !== undefined;
  try {
    const up = await node(VM, ["up"]);
    if (up !== 0 || interrupted) return up;
    const options = ["--no-config", "--forbid-only", "--timeout", "150000", ...process.argv.slice(2)];
    return await node(MOCHA, [...options, "test/lab/vm/*.test.ts"]);
  } finally {
    if (!wasUp) await node(VM, ["down"]);
  }
}

const code = await main();
process.exitCode = interrupted ? INTERRUPTED : code;
