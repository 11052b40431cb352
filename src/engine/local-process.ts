import { spawn } from "node:child_process";
import { PassThrough } from "node:stream";
import type { Execution } from "./exec.ts";

/** Starts a program with these arguments, never through a shell, with its input and outputs open. */
export type StartCommand = (program: string, args: readonly string[], signal?: AbortSignal) => Execution;

/** The exit status of a program that could not be started, as shells have it. */
const NOT_STARTED = 127;

/** Starts programs on this machine. One that isn't there ends at once and says so on its standard error. */
export const startLocal: StartCommand = (program, args, signal) => {
  signal?.throwIfAborted();
  const child = spawn(program, args, { shell: false, stdio: "pipe" });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr, { end: false });
  child.stdin.on("error", () => child.stdin.destroy());
  // Ending its input is how it is told, as for those that an engine starts.
  signal?.addEventListener("abort", () => child.stdin.end(), { once: true });
  const exit = new Promise<number>((resolve) => {
    const over = (status: number): void => {
      stdout.end();
      stderr.end();
      resolve(status);
    };
    child.once("error", (error) => {
      stderr.write(`${error.message}\n`);
      over(NOT_STARTED);
    });
    child.once("close", (code, ending) => over(code ?? (ending === null ? 1 : 128)));
  });
  return { stdin: child.stdin, stdout, stderr, exit };
};
