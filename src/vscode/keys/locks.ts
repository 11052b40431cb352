import type { Key } from "../../seal/index.ts";

/** Told when what was opened is locked again, because a key that opened it is forgotten. */
export type OnLock = () => Promise<void> | void;

interface Lock {
  readonly keys: ReadonlySet<Key>;
  close(): Promise<void> | void;
}

/** What keys have opened, and how it is closed when they are forgotten. What nobody uses any more isn't kept alive. */
export class Locks {
  readonly #all = new Map<WeakRef<object>, Lock>();

  /** `close` closes `opened` when one of its keys is forgotten. */
  add<T extends object>(opened: T, keys: ReadonlySet<Key>, close: (opened: T) => Promise<void> | void): void {
    for (const old of this.#all.keys()) if (old.deref() === undefined) this.#all.delete(old);
    const weak = new WeakRef(opened);
    this.#all.set(weak, {
      keys,
      close() {
        const still = weak.deref();
        return still && close(still);
      },
    });
  }

  /** Closes what one of these keys opened, or everything. Whatever fails at that, the rest is closed. */
  async close(keys?: readonly Key[]): Promise<void> {
    const closing: (Promise<void> | void)[] = [];
    for (const [weak, lock] of this.#all) {
      if (keys !== undefined && !keys.some((key) => lock.keys.has(key))) continue;
      this.#all.delete(weak);
      closing.push(attempted(lock));
    }
    await Promise.all(closing);
  }
}

/** A file that can't be closed any more is as good as closed. */
async function attempted(lock: Lock): Promise<void> {
  try {
    await lock.close();
  } catch {
    return;
  }
}
