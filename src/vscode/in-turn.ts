/** Does one piece of work after the other, in the order in which they were given: none begins before the last has ended. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** What `work` gives or throws. That one before it failed keeps nothing from its turn. */
  do<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
