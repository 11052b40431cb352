// What later steps need is built beside the first ones, which seldom keep two processors busy.
import { runGroup } from "./processes.ts";
import type { Step } from "./steps.ts";

const LIMIT_MS = 15 * 60_000;

/**
 * Starts the `ahead` of all steps but the first, one after the other and with low priority. Gives a function that waits for
 * a step's own, if it has one, and says in a line how that ended; undefined when there is nothing to wait for.
 */
export function buildAhead(steps: readonly Step[]): (step: Step) => Promise<string | undefined> {
  const ends = new Map<Step, Promise<string>>();
  let last: Promise<unknown> = Promise.resolve();
  for (const step of steps.slice(1)) {
    const { ahead } = step;
    if (ahead === undefined) continue;
    const end = last.then(async () => {
      const start = performance.now();
      const { code, output } = await runGroup("nice", [process.execPath, ...ahead], { timeoutMs: LIMIT_MS });
      const seconds = ((performance.now() - start) / 1000).toFixed(0);
      const how = code === 0 ? `done in ${seconds} s` : `failed after ${seconds} s`;
      return [`Built beside other steps: ${how}`, output.trimEnd()].filter(Boolean).join("\n");
    });
    ends.set(step, end);
    last = end;
  }
  return async (step) => ends.get(step);
}
