import { setTimeout as sleep } from "node:timers/promises";

const TICK_MILLISECONDS = 250;
/** So many ticks in a row without a sign of life are a stall: some ten seconds in which the thread had nothing to do. */
const TICKS = 40;

/**
 * Tells that the library has lost its own promises. What a wrong passphrase makes of a message may look like a packet whose
 * content nobody reads (about one in twenty does); the library's streams then wait for each other for ever. It computes on
 * this thread, so whatever it waits for goes through `outside`: if nothing of that is going on, nothing will come.
 */
export class Stall {
  #going = 0;
  #signs = 0;

  /** Something that the library has asked for, which may take its time. */
  async outside<T>(work: () => Promise<T>): Promise<T> {
    this.#going++;
    try {
      return await work();
    } finally {
      this.#going--;
      this.#signs++;
    }
  }

  /** What `work` gives or throws; what `lost` gives when it stalls. */
  async orElse<T>(work: Promise<T>, lost: () => Promise<T>): Promise<T> {
    const over = new AbortController();
    const stalled = this.#happens(over.signal).then(lost);
    // After a race that the work has won.
    stalled.catch(() => undefined);
    try {
      return await Promise.race([work, stalled]);
    } finally {
      over.abort();
    }
  }

  async #happens(signal: AbortSignal): Promise<void> {
    for (let idle = 0, seen = this.#signs; idle < TICKS; seen = this.#signs) {
      await sleep(TICK_MILLISECONDS, undefined, { signal });
      idle = this.#going > 0 || this.#signs !== seen ? 0 : idle + 1;
    }
  }
}
