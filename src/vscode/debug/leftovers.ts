import type * as vscode from "vscode";
import type { Engine } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";

interface Leftover {
  readonly endpoint: string;
  readonly name: string;
}

const KEY = "cryoscope.copies";

/**
 * The copies of containers that sessions of this workspace have made and not yet removed. Written down before one is
 * made, so that the next window removes what this one had to leave behind when it crashed.
 */
export class Leftovers {
  private readonly old: readonly Leftover[];
  private readonly current = new Set<Leftover>();
  private swept: Promise<void> | undefined;

  constructor(private readonly memento: vscode.Memento) {
    this.old = memento.get<readonly Leftover[]>(KEY, []);
  }

  /** Notes a copy that is about to be made; call what this gives when it is gone for sure. */
  async note({ endpoint }: Engine, name: string): Promise<() => Promise<void>> {
    const one = { endpoint, name };
    this.current.add(one);
    await this.save();
    return async () => {
      this.current.delete(one);
      await this.save();
    };
  }

  /** Removes what earlier windows left; once. An engine that doesn't answer now is asked by the next window. */
  sweep(engines: Engines): Promise<void> {
    this.swept ??= this.removeOld(engines);
    return this.swept;
  }

  private async removeOld(engines: Engines): Promise<void> {
    if (this.old.length === 0) return;
    const usable = await engines.usable();
    for (const one of this.old) {
      const engine = usable.find(({ endpoint }) => endpoint === one.endpoint);
      // Only names that we make: a note that someone changed removes nothing else.
      const isOurs = /-debug-[0-9a-f]{8}$/.test(one.name);
      const gone = engine && isOurs ? await removeNamed(engine, one.name).catch(() => false) : !isOurs;
      if (!gone) this.current.add(one);
    }
    await this.save();
  }

  private async save(): Promise<void> {
    await this.memento.update(KEY, [...this.current]);
  }
}

async function removeNamed(engine: Engine, name: string): Promise<boolean> {
  const found = (await engine.list()).find((one) => one.name === name);
  if (found !== undefined) await engine.remove(found.id);
  return true;
}
