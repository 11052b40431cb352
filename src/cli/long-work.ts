import type { CliOutput } from "./output.ts";

/** What ends a process from outside, and can be waited for. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const REDRAW_MS = 200;
const MIB = 1 << 20;

export interface LongWork {
  readonly signal: AbortSignal;
  /** To be told how many bytes were written so far. */
  readonly onBytes: (total: number) => void;
}

/**
 * Runs work that takes long and writes files. Says how far it is where standard error is a terminal. Ctrl-C (and
 * SIGTERM, SIGHUP) aborts its signal and waits for it to remove what it has made; then the process ends by that signal,
 * as it would have at once. A second one isn't waited for. Throws what `work` throws.
 */
export async function longWork<T>(
  output: CliOutput,
  work: (options: LongWork) => Promise<T>,
  stderr: Pick<NodeJS.WriteStream, "isTTY" | "write"> = process.stderr,
): Promise<T> {
  const aborter = new AbortController();
  let ended: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    ended = signal;
    forget();
    aborter.abort();
  };
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  let drawn = 0;
  const onBytes = (total: number): void => {
    const now = Date.now();
    if (!stderr.isTTY || now - drawn < REDRAW_MS) return;
    drawn = now;
    stderr.write(`\r${(total / MIB).toFixed(0)} MiB written\u001b[K\r`);
  };
  try {
    return await work({ signal: aborter.signal, onBytes });
  } catch (error) {
    if (ended === undefined) throw error;
    clear();
    output.message("cryoscope: stopped; what was written so far is removed.");
    process.kill(process.pid, ended);
    // The signal comes in a moment; nothing else is to be said until then.
    return await new Promise<T>(() => undefined);
  } finally {
    forget();
    clear();
  }

  function clear(): void {
    if (drawn !== 0) stderr.write("\r\u001b[K");
    drawn = 0;
  }
}
