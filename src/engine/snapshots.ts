import { randomUUID } from "node:crypto";
import type { CheckpointOptions, Container, Engine } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { needsOf } from "./snapshot.ts";
import type { SavedCheckpoint, Snapshot } from "./snapshot.ts";

/** The record of a checkpoint that was just made. */
export function newSnapshot(
  engine: Pick<Engine, "kind" | "version" | "endpoint">,
  container: Pick<Container, "id" | "name" | "image">,
  checkpoint: SavedCheckpoint,
  options: CheckpointOptions,
): Snapshot {
  return {
    format: 1,
    id: randomUUID(),
    name: options.name,
    note: options.note ?? "",
    time: new Date().toISOString(),
    engine: { kind: engine.kind, version: engine.version, endpoint: engine.endpoint },
    container: { id: container.id, name: container.name, image: container.image },
    checkpoint,
    leftRunning: options.leaveRunning === true || options.preCheckpoint === true,
    needs: needsOf(options),
    ...(options.preCheckpoint === true && { pre: true }),
    ...(options.previous && { parent: options.previous.id }),
  };
}

/** Throws `engine.wrongEngine` when another kind of engine made the snapshot. */
export function assertMadeBy({ kind, name }: Pick<Engine, "kind" | "name">, snapshot: Snapshot): void {
  if (snapshot.engine.kind !== kind) throw engineErrors.wrongEngine(snapshot.engine.kind, name);
}

/** A name that all engines take for containers and checkpoints, and that can't be a path. Throws `engine.badName`. */
export function assertName(name: string): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/.test(name)) throw engineErrors.badName(name);
}

/** Name and tag of a container image; what could be a path that leads elsewhere, or a query, is none. */
export function isReference(reference: string): boolean {
  return /^[a-z0-9][a-z0-9._/:-]{0,250}$/.test(reference);
}

/** Throws `engine.badName`. */
export function assertReference(reference: string): void {
  if (!isReference(reference)) throw engineErrors.badName(reference);
}

/** The record of a checkpoint whose files were sealed, for these recipients, and lie there now. */
export function sealedAs(
  snapshot: Snapshot,
  place: { readonly kind: "archive" | "folder"; readonly path: string },
  sealedFor: readonly string[],
): Snapshot {
  return { ...snapshot, checkpoint: place, sealed: true, sealedFor };
}
