/** Where one was, for going back and forward. */
export class Trail {
  readonly #back: bigint[] = [];
  readonly #forward: bigint[] = [];
  static readonly LONGEST = 200;

  get canGoBack(): boolean {
    return this.#back.length > 0;
  }

  get canGoForward(): boolean {
    return this.#forward.length > 0;
  }

  /** Leaves `here` for somewhere else. */
  leave(here: bigint): void {
    if (this.#back.at(-1) !== here) this.#back.push(here);
    if (this.#back.length > Trail.LONGEST) this.#back.shift();
    this.#forward.length = 0;
  }

  back(here: bigint): bigint | undefined {
    const target = this.#back.pop();
    if (target !== undefined) this.#forward.push(here);
    return target;
  }

  forward(here: bigint): bigint | undefined {
    const target = this.#forward.pop();
    if (target !== undefined) this.#back.push(here);
    return target;
  }
}
