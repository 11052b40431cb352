import * as vscode from "vscode";
import type { Engine, RestoreResult, Snapshot } from "../../engine/index.ts";
import { signalOf } from "../messages.ts";

/**
 * Restores a snapshot in place of the container it was made of, with progress. The code of the container runs again,
 * so this is called only for what the user asked for. Throws what the engine throws.
 */
export async function wake(engine: Engine, snapshot: Snapshot): Promise<RestoreResult> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Waking ${snapshot.name}`, cancellable: true },
    async (progress, token) =>
      engine.restore(
        snapshot,
        { replace: true },
        {
          signal: signalOf(token),
          onProgress: ({ phase }) => {
            progress.report({ message: phase });
          },
        },
      ),
  );
}

/** Asks before a container that runs is replaced by its frozen self. Throws CancellationError when the user says no. */
export async function askToReplace(engine: Engine, snapshot: Snapshot): Promise<void> {
  const standing = (await engine.list()).find((container) => container.id === snapshot.container.id);
  if (standing?.state !== "running") return;
  const answer = await vscode.window.showWarningMessage(
    `${standing.name} is running. Replace it with its state of ${new Date(snapshot.time).toLocaleString()}?`,
    { modal: true, detail: "What it has done since then is lost." },
    "Replace",
  );
  if (answer !== "Replace") throw new vscode.CancellationError();
}
