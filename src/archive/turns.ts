import { setImmediate } from "node:timers/promises";

/** How long the thread may be held, milliseconds. */
const SLICE = 10;
/** Small steps after which the clock is looked at. */
const STEPS = 256;

/** For long work: gives a pause for others to run in when the thread was held for a while. */
export interface Turns {
  /** After a step of a few microseconds. */
  step(): Promise<void> | undefined;
  /** After a longer one. */
  now(): Promise<void> | undefined;
}

export function turns(): Turns {
  let steps = 0;
  let since = performance.now();
  const now = (): Promise<void> | undefined => {
    if (performance.now() - since < SLICE) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
  return { now, step: () => (++steps % STEPS === 0 ? now() : undefined) };
}
