import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { engineErrors } from "./errors.ts";
import { at } from "./json.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** Ends the wait, and the program with it unless `finish` is set. */
  readonly signal?: AbortSignal | undefined;
  /** CRIU that is ended in the middle leaves its code in the tasks: such a program is left to come to its end. */
  readonly finish?: boolean;
  /** Milliseconds; 30 s. Infinity for what CRIU does. */
  readonly timeout?: number;
  /**
   * A file that gets both outputs instead of the result, for programs whose children keep them: a restored container
   * goes on writing there.
   */
  readonly output?: string;
  /** It needs root's rights; a machine that gets them for some programs alone gets them for this one. */
  readonly asRoot?: boolean;
  /** The folder that it writes into, whose files must be this user's afterwards. */
  readonly writes?: string;
}

export interface RunResult {
  /** Exit code; 128 + number of the signal when one ended the program. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program with these arguments, never through a shell, and gives how it ended, whatever the code. Throws
 * `engine.noProgram` when it isn't there, `engine.timeout`, and the signal's reason.
 */
export type RunCommand = (
  program: string,
  args: readonly string[],
  options?: RunOptions,
) => Promise<RunResult>;

/** No list or log that matters is longer. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs programs on this machine, behind `prefix` (`["sudo", "--"]`) where one is given. */
export function localCommands(prefix: readonly string[] = []): RunCommand {
  return (program, args, options = {}) => {
    const [file = program, ...rest] = [...prefix, program, ...args];
    return runLocal(file, rest, options);
  };
}

async function runLocal(
  file: string,
  args: readonly string[],
  { cwd, signal, finish = false, timeout = 30_000, output }: RunOptions,
): Promise<RunResult> {
  signal?.throwIfAborted();
  const sink = output === undefined ? undefined : await open(output, "a", 0o600);
  const child = spawn(file, args, {
    shell: false,
    stdio: ["ignore", sink?.fd ?? "pipe", sink?.fd ?? "pipe"],
    ...(cwd !== undefined && { cwd }),
  });
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  let timer: NodeJS.Timeout | undefined;
  let leave: (() => void) | undefined;
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      leave = () => {
        if (!finish) child.kill();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", leave, { once: true });
      if (Number.isFinite(timeout))
        timer = setTimeout(() => {
          child.kill();
          reject(engineErrors.timeout(file, timeout));
        }, timeout);
      child.once("error", (cause) => {
        reject(
          at(cause, "code") === "ENOENT"
            ? engineErrors.noProgram(file, cause)
            : engineErrors.commandFailed(file, cause.message, cause),
        );
      });
      // "exit" with a file as output: a child of the child may keep it open for ever.
      child.once(output === undefined ? "close" : "exit", (code, end) => {
        resolve({ code: code ?? (end === null ? 1 : 128), stdout: stdout(), stderr: stderr() });
      });
    });
  } finally {
    clearTimeout(timer);
    if (leave) signal?.removeEventListener("abort", leave);
    await sink?.close();
  }
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    if (size < MAX_OUTPUT) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8").slice(0, MAX_OUTPUT);
}
