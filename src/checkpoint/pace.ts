import { setImmediate } from "node:timers/promises";

/** How long a loop may run before others get their turn, milliseconds. An editor's host should never wait for 50. */
const SLICE = 10;

/** Gives a function to await in long loops: it lets others run when the loop has held the thread for a while. */
export function pacer(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < SLICE) return undefined;
    return setImmediate().then(() => {
      since = performance.now();
    });
  };
}
