/**
 * The lab's part of `npm test`: starts the lab, runs test/lab/*.test.ts in it, and takes it down again, also after a
 * failure or Ctrl-C. A lab that was up before stays up. Further arguments go to mocha; files among them are run instead.
 * Ends with mocha's code, or with 77 and one line that says why where the machine can't run the lab.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { runningLab } from "./namespaces.ts";
import { PROJECT } from "./place.ts";
import { whyNoLab } from "./preconditions.ts";
import { LAB_ENVIRONMENT } from "./sockets.ts";

/** What automake and others mean by it too. */
const SKIPPED = 77;
const INTERRUPTED = 130;
const MOCHA = join(PROJECT, "node_modules/mocha/bin/mocha.js");
const LAB = join(import.meta.dirname, "lab.ts");

let interrupted = false;

/** Runs a script with this Node to its end; gives its exit code. */
function node(script: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", script, ...args], {
      cwd: PROJECT,
      stdio: "inherit",
      env: { ...process.env, ...LAB_ENVIRONMENT },
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
  const why = whyNoLab();
  if (why !== undefined) {
    console.error(`lab tests skipped: ${why}`);
    return SKIPPED;
  }
  const wasUp = runningLab() !== undefined;
  try {
    const up = await node(LAB, ["up"]);
    if (up !== 0 || interrupted) return up;
    const given = process.argv.slice(2);
    const files = given.some((word) => word.endsWith(".test.ts")) ? [] : ["test/lab/*.test.ts"];
    return await node(MOCHA, ["--no-config", "--forbid-only", "--timeout", "60000", ...given, ...files]);
  } finally {
    if (!wasUp) await node(LAB, ["down"]);
  }
}

const code = await main();
process.exitCode = interrupted ? INTERRUPTED : code;
