import { CryoscopeError } from "../bytes/index.ts";
import type { ContainerDetails, Engine } from "../engine/index.ts";

const GONE: ReadonlySet<string> = new Set(["engine.noSuchContainer", "engine.noSuchProcess"]);

/** A container as its engine has it now; undefined when it says that there is none. Throws what else `inspect` throws. */
export async function inspectIfThere(
  engine: Pick<Engine, "inspect">,
  container: string,
): Promise<ContainerDetails | undefined> {
  try {
    return await engine.inspect(container);
  } catch (error) {
    if (error instanceof CryoscopeError && GONE.has(error.code)) return undefined;
    throw error;
  }
}

/** A sentence on what is left of a container when its session has ended: that it is gone is what its engine says of it. */
export async function whatStays(
  engine: Pick<Engine, "inspect">,
  { id, name }: Pick<ContainerDetails, "id" | "name">,
  isCopy: boolean,
): Promise<string> {
  try {
    const after = await inspectIfThere(engine, id);
    if (after === undefined) return isCopy ? `${name} is removed.` : `${name} is gone.`;
    return `${name} ${after.state === "running" ? "runs on" : `is ${after.state}`}.`;
  } catch (error) {
    return `What has become of ${name} can't be told. ${error instanceof Error ? error.message : String(error)}`;
  }
}
