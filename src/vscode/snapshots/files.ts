import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { signalOf } from "../messages.ts";
import type { Catalog } from "./catalog.ts";
import { snapshotErrors } from "./errors.ts";
import { filesPath } from "./facts.ts";

/**
 * Where the files of a snapshot can be opened. Files of the catalog need no engine; those that only the engine may read
 * are copied out through it into the catalog's folder, with progress. Throws `vscode.snapshotUnreadable` when neither
 * can be done.
 */
export async function filesOf(engines: Engines, snapshot: Snapshot, catalog: Catalog): Promise<vscode.Uri> {
  const own = filesPath(snapshot);
  if (own !== undefined) {
    const uri = vscode.Uri.file(own);
    const there = await vscode.workspace.fs.stat(uri).then(
      () => true,
      () => false,
    );
    if (there) return uri;
    throw snapshotErrors.unreadable(`The files of “${snapshot.name}” are gone.`, "Delete the snapshot.");
  }
  const engine = await engines.of(snapshot);
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
