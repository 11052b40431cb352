/** Gives back what was taken; may be called when it is gone already. */
export type Release = () => Promise<void> | void;

/**
 * What a session has taken: relays, containers, temporary files. All of it is given back, in reverse, whatever way the
 * session ends. What is taken after the end is given back at once.
 */
export class Resources {
  private readonly taken: { readonly name: string; readonly release: Release }[] = [];
  private ending: Promise<readonly unknown[]> | undefined;

  /** What is held now, oldest first, for people and tests. */
  get names(): readonly string[] {
    return this.taken.map(({ name }) => name);
  }

  /** Takes something: `release` is called once, at the end. */
  async own(name: string, release: Release): Promise<void> {
    this.taken.push({ name, release });
    if (this.ending !== undefined) {
      await this.ending;
      await this.giveBack();
    }
  }

  /** Gives everything back. One that fails doesn't keep the others; gives what went wrong. */
  dispose(): Promise<readonly unknown[]> {
    this.ending ??= this.giveBack();
    return this.ending;
  }

  private async giveBack(): Promise<readonly unknown[]> {
    const failures: unknown[] = [];
    for (let last = this.taken.pop(); last !== undefined; last = this.taken.pop())
      try {
        await last.release();
      } catch (error) {
        failures.push(error);
      }
    return failures;
  }
}
