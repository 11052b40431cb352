import { readFileSync } from "node:fs";
import type * as vscode from "vscode";
import { letGoOf } from "../../debug/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";

interface Leftover {
  readonly endpoint: string;
  /** The name of a copy, which is removed; the id of a container that is held, which is let go. */
  readonly name: string;
  readonly held?: true;
  /** The process that made it: while that lives, nothing is left over. */
  readonly owner?: string;
}

const KEY = "cryoscope.copies";

/**
 * What sessions of this workspace have made and not yet given back: copies of containers, and containers that they hold.
 * Written down before it is made, so that the next window sees to what this one had to leave behind when it crashed.
 */
export class Leftovers {
  private readonly old: readonly Leftover[];
  private readonly current = new Set<Leftover>();
  private swept: Promise<void> | undefined;

  constructor(
    private readonly memento: vscode.Memento,
    private readonly self = identity(process.pid),
  ) {
    this.old = memento.get<readonly Leftover[]>(KEY, []);
  }

  /** Whether an earlier window noted anything. */
  get any(): boolean {
    return this.old.length > 0;
  }

  /** Notes a copy that is about to be made; call what this gives when it is gone for sure. */
  note({ endpoint }: Pick<Engine, "endpoint">, name: string): Promise<() => Promise<void>> {
    return this.add({ endpoint, name });
  }

  /** Notes a container that is about to be held; call what this gives when it runs again, or a debugger has it. */
  noteHeld({ endpoint }: Pick<Engine, "endpoint">, container: string): Promise<() => Promise<void>> {
    return this.add({ endpoint, name: container, held: true });
  }

  /** Removes and lets go what earlier windows left; once. An engine that doesn't answer now is asked by the next window. */
  sweep(engines: Engines): Promise<void> {
    this.swept ??= this.removeOld(engines);
    return this.swept;
  }

  private async add(what: Leftover): Promise<() => Promise<void>> {
    const one = { ...what, ...(this.self !== undefined && { owner: this.self }) };
    this.current.add(one);
    await this.save();
    return async () => {
      this.current.delete(one);
      await this.save();
    };
  }

  private async removeOld(engines: Engines): Promise<void> {
    if (this.old.length === 0) return;
    const usable = await engines.usable();
    for (const one of this.old) {
      const engine = usable.find(({ endpoint }) => endpoint === one.endpoint);
      const done = !isOwned(one) && (await giveBack(one, engine).catch(() => false));
      if (!done) this.current.add(one);
    }
    await this.save();
  }

  private async save(): Promise<void> {
    await this.memento.update(KEY, [...this.current]);
  }
}

/** Whether it is over with. */
async function giveBack({ name, held }: Leftover, engine: Engine | undefined): Promise<boolean> {
  // Only names that we make: a note that someone changed removes nothing else.
  if (!held && !/-debug-[0-9a-f]{8}$/.test(name)) return true;
  if (engine === undefined) return false;
  const found = (await engine.list()).find((one) => (held ? one.id : one.name) === name);
  if (found === undefined) return true;
  if (held) await letGoOf(engine, found.id);
  else await engine.remove(found.id);
  return true;
}

/** Another window may have the same workspace. */
function isOwned({ owner }: Leftover): boolean {
  return owner !== undefined && owner === identity(Number.parseInt(owner, 10));
}

/** A process's number, and on Linux when it started (proc_pid_stat(5), field 22): numbers are given again. Undefined when it is gone. */
function identity(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch {
    return undefined;
  }
  if (process.platform !== "linux") return String(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    return undefined;
  }
}
