import { access, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { bytesErrors } from "../bytes/index.ts";
import type { Snapshot } from "../engine/index.ts";
import type { Engines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";
import { readRecord } from "./record.ts";

/** Snapshots of one container, oldest first, with their records. */
export async function snapshotRow(
  engines: Engines,
  operands: readonly string[],
  container: string | undefined,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  for (const operand of operands) {
    const known = await recorded(engines, operand);
    if (known !== undefined) found.push(...known);
    else if (await isFolder(operand)) continue;
    else throw cliErrors.usage(`${operand} has no record beside it (${operand}.json).`, "bisect");
  }
  return byTime(ofOneContainer(found, container));
}

/** A checkpoint that can be read; what is known of it by a record only may be missing. */
export interface RowCheckpoint {
  readonly name: string;
  readonly id?: string;
  /** ISO 8601 in UTC. */
  readonly time?: string;
  /** Undefined when its files are its engine's. */
  readonly path: string | undefined;
}

/** Checkpoints with or without records: by their times where all have one, else as they are named. */
export async function checkpointRow(
  engines: Engines,
  operands: readonly string[],
  container: string | undefined,
): Promise<readonly RowCheckpoint[]> {
  const rows: RowCheckpoint[] = [];
  const found: Snapshot[] = [];
  for (const operand of operands) {
    const known = await recorded(engines, operand);
    if (known === undefined) rows.push({ name: operand, path: resolve(operand) });
    else {
      found.push(...known);
      rows.push(...ofOneContainer(known, container).map(rowOf));
    }
  }
  const chosen = ofOneContainer(found, container);
  return rows.length === chosen.length ? byTime(chosen).map(rowOf) : rows;
}

function rowOf({ id, name, time, checkpoint }: Snapshot): RowCheckpoint {
  const isHere = checkpoint.kind === "archive" || checkpoint.kind === "folder";
  return { id, name, time, path: isHere ? checkpoint.path : undefined };
}

/** By the record beside it, or of a folder by its catalog; undefined without any. */
async function recorded(engines: Engines, operand: string): Promise<readonly Snapshot[] | undefined> {
  const path = resolve(operand);
  const record = await readRecord(engines, path);
  if (record !== undefined) return [record];
  const hasCatalog = await access(join(path, "catalog.json")).then(
    () => true,
    () => false,
  );
  return hasCatalog ? (await engines.readCatalog(path)).snapshots : undefined;
}

function ofOneContainer(snapshots: readonly Snapshot[], container: string | undefined): readonly Snapshot[] {
  const chosen = snapshots.filter(
    ({ container: { id, name } }) => container === undefined || [id, name].includes(container),
  );
  const containers = new Set(chosen.map(({ container: { id } }) => id));
  if (containers.size > 1)
    throw cliErrors.usage("The snapshots are of several containers: choose one with --container.", "bisect");
  return chosen;
}

const byTime = (snapshots: readonly Snapshot[]): readonly Snapshot[] =>
  snapshots.toSorted((a, b) => a.time.localeCompare(b.time));

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    (cause: unknown) => {
      throw bytesErrors.unreadable(path, cause);
    },
  );
