import * as vscode from "vscode";
import type { Engine, Snapshot } from "../../engine/index.ts";
import { signalOf } from "../messages.ts";
import type { Catalog } from "./catalog.ts";
import { snapshotErrors } from "./errors.ts";

/**
 * Where the files of a snapshot can be opened. Files that only the engine may read are copied out through it into the
 * catalog's folder, with progress. Throws `vscode.snapshotUnreadable` when neither can be done.
 */
export async function filesOf(engine: Engine, snapshot: Snapshot, catalog: Catalog): Promise<vscode.Uri> {
  const place = await engine.locate(snapshot);
  if (place.path !== undefined) return vscode.Uri.file(place.path);
  const { fetch } = engine;
  if (!fetch) throw snapshotErrors.unreadable(place.why.sentence, place.why.next);
  const copy = await catalog.archivePath(snapshot.name);
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Fetching the files of ${snapshot.name}`,
      cancellable: true,
    },
    async (_progress, token) =>
      vscode.Uri.file((await fetch.call(engine, snapshot, copy, { signal: signalOf(token) })).path),
  );
}
