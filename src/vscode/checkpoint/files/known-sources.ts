import type { Memento } from "vscode";

const STATE = "cryoscope.checkpointSources";
/** As many as are remembered; the oldest is forgotten first. */
const MAX_KNOWN = 100;

/**
 * Where checkpoints that stand in a workspace were opened from, by id. It is kept for all windows: adding a folder can
 * turn the window into one of another workspace, which knows nothing of what was open in this one.
 */
export class KnownSources {
  constructor(private readonly state: Memento) {}

  get(id: string): string | undefined {
    return this.#all().find(([known]) => known === id)?.[1];
  }

  async add(id: string, source: string): Promise<void> {
    const others = this.#all().filter(([known]) => known !== id);
    await this.state.update(STATE, [...others, [id, source]].slice(-MAX_KNOWN));
  }

  async remove(id: string): Promise<void> {
    const all = this.#all();
    const others = all.filter(([known]) => known !== id);
    if (others.length < all.length) await this.state.update(STATE, others);
  }

  #all(): readonly (readonly [string, string])[] {
    const stored = this.state.get<unknown>(STATE);
    if (!Array.isArray(stored)) return [];
    const items: readonly unknown[] = stored;
    return items.flatMap((item) => {
      const pair: readonly unknown[] = Array.isArray(item) ? item : [];
      const [id, source] = pair;
      return typeof id === "string" && typeof source === "string" ? [[id, source] as const] : [];
    });
  }
}
