/** Does one piece of work after the other, in the order in which they were given: none begins before the last has ended. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves when all that was given so far has ended, in whatever way. */
  get ended(): Promise<unknown> {
    return this.#last;
  }

  /** What `work` gives or throws. That one before it failed keeps nothing from its turn. */
  do<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
