/** A machine of its own for some tests: it is started, mocha runs, and it is taken down again, also after Ctrl-C. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT } from "./place.ts";

export interface Suite {
  /** For people: `lab tests`. */
  readonly what: string;
  /** Why this machine can't run it; undefined when it can. */
  readonly why: string | undefined;
  /** One that was up before stays up. */
  readonly isUp: () => boolean;
  /** Takes `up` and `down`. */
  readonly script: string;
  /** What mocha is told; `tests` unless there are files among it. */
  readonly mocha: readonly string[];
  readonly tests: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** What automake and others mean by it too. */
const SKIPPED = 77;
const INTERRUPTED = 130;
const MOCHA = join(PROJECT, "node_modules/mocha/bin/mocha.js");
const WORDS = ["--no-config", "--forbid-only", "--exit", "--reporter", join(PROJECT, "scripts/reporter.cjs")];

/** Gives mocha's code, or 77 after one line that says why this machine can't run it. */
export async function runSuite(suite: Suite): Promise<number> {
  const { what, why, isUp, script, mocha, tests, environment } = suite;
  if (why !== undefined) {
    console.error(`${what} skipped: ${why}`);
    return SKIPPED;
  }
  let interrupted = false;
  const node = (program: string, args: readonly string[]): Promise<number> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, ["--import", "tsx", program, ...args], {
        cwd: PROJECT,
        stdio: "inherit",
        env: { ...process.env, ...environment },
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
  const run = async (): Promise<number> => {
    const wasUp = isUp();
    try {
      const up = await node(script, ["up"]);
      if (up !== 0 || interrupted) return up;
      // A test that fails may leave a debugger behind, for which mocha would wait for ever.
      const files = mocha.some((word) => word.endsWith(".test.ts")) ? [] : [tests];
      return await node(MOCHA, [...WORDS, ...mocha, ...files]);
    } finally {
      if (!wasUp) await node(script, ["down"]);
    }
  };
  const code = await run();
  return interrupted ? INTERRUPTED : code;
}
