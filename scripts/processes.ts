// Running other programs so that none outlives its time or its starter.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { atProcessEnd, endGroup } from "../test/host/index.ts";

const GRACE_MS = 10_000;
const DRAIN_MS = 1_000;

export interface Run {
  readonly timeoutMs: number;
  /** Where the program's output (standard output and error, as they come) goes as well. */
  readonly tee?: NodeJS.WritableStream;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Ended {
  /** Exit code; undefined when it was ended, or could not be started. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  readonly output: string;
}

/** Runs a program in a process group of its own, which is ended as a whole when the time is over. */
export async function runGroup(command: string, args: readonly string[], options: Run): Promise<Ended> {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  const kept = atProcessEnd(() => {
    endGroup(child.pid, "SIGTERM");
  });
  let output = "";
  let timedOut = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
      options.tee?.write(text);
    });
  }
  const overrun = setTimeout(() => {
    timedOut = true;
    endGroup(child.pid, "SIGTERM");
  }, options.timeoutMs);
  const grace = setTimeout(() => {
    endGroup(child.pid, "SIGKILL");
  }, options.timeoutMs + GRACE_MS);
  const closed = once(child, "close").catch(() => undefined);
  let code: number | undefined;
  try {
    const [status] = (await once(child, "exit")) as [number | null];
    code = status ?? undefined;
  } catch (error) {
    output += String(error);
  }
  clearTimeout(overrun);
  clearTimeout(grace);
  // What it left behind must not run on beside the next program, nor keep the pipes open.
  endGroup(child.pid, "SIGKILL");
  kept();
  await Promise.race([closed, sleep(DRAIN_MS)]);
  return { code, timedOut, output };
}

/** Arguments that run a TypeScript file with this Node. */
export function typescript(file: string, ...args: readonly string[]): string[] {
  return ["--import", "tsx", file, ...args];
}
