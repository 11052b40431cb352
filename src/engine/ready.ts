import type { CheckpointOptions, ContainerDetails, Engine, EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { assertFree } from "./files.ts";
import { assertWhole } from "./previous.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName } from "./snapshots.ts";

/** What is to be frozen, and the path that it goes to: empty where the engine keeps it. */
export interface Ready {
  readonly details: ContainerDetails;
  readonly place: string;
}

/**
 * What has to hold before anything is frozen: the engine can, the name is one, the archive or folder that the engine
 * writes to is given (an archive's name is still free), and the container runs. Throws `engine.cannot`,
 * `engine.badName`, `engine.needsArchive`, `engine.needsFolder`, `engine.archiveExists`, `engine.notRunning`, and what
 * `inspect` throws.
 */
export async function readyToFreeze(
  engine: Engine,
  container: string,
  options: CheckpointOptions,
  work: EngineWork,
): Promise<Ready> {
  const { checkpoint, archives, folders, lists } = engine.capabilities;
  if (!checkpoint.can) throw engineErrors.cannot(checkpoint);
  assertName(options.name);
  const place = archives ? options.archive : folders ? options.folder : "";
  if (place === undefined)
    throw archives ? engineErrors.needsArchive(engine.name) : engineErrors.needsFolder(engine.name);
  if (archives) await assertFree(place);
  const details = await engine.inspect(container, work);
  // A process that is stopped is frozen as it is.
  if (lists !== "containers" || details.state === "running") return { details, place };
  // One that is held for a debugger is paused by then.
  if (details.state !== "paused" || engine.holds === undefined) throw engineErrors.notRunning(details.name);
  return { details, place };
}

/**
 * What has to hold before anything is restored: the engine can, it is of the kind that made the snapshot, and that is whole.
 * Throws `engine.cannot`, `engine.wrongEngine`, and what `assertWhole` throws.
 */
export function assertRestorable(engine: Engine, snapshot: Snapshot): void {
  const { restore } = engine.capabilities;
  if (!restore.can) throw engineErrors.cannot(restore);
  assertMadeBy(engine, snapshot);
  assertWhole(snapshot);
}
