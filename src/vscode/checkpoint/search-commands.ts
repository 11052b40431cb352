import * as vscode from "vscode";
import { command, signalOf } from "../messages.ts";
import type { CheckpointFolders } from "./files/checkpoint-folders.ts";
import type { Place } from "./files/place.ts";
import { filesIn, linesWith } from "./files/search.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import type { Row } from "./rows.ts";
import { checkpointUri } from "./uris.ts";

/** As many as a list shows that a person still reads. */
const MAX_FOUND = 2000;
const MAX_FILES = 50_000;

interface Item extends vscode.QuickPickItem {
  readonly path: string;
  readonly at?: vscode.Position;
}

/**
 * Finding files and text in a checkpoint. VS Code's own search looks into a file system like ours only with a provider
 * that its stable API doesn't have.
 */
export function registerSearchCommands(
  folders: CheckpointFolders,
  choose: (title: string) => Promise<OpenCheckpoint | undefined>,
): vscode.Disposable {
  /** Finds items with progress, and opens the one that is chosen. */
  async function pick(
    title: string,
    row: Row | undefined,
    find: (place: Place, signal: AbortSignal) => AsyncGenerator<Item>,
    limit: number,
  ): Promise<void> {
    const entry = row?.entry ?? (await choose(title));
    if (entry === undefined) return;
    const items = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (_progress, token) => {
        const { place } = await folders.get(entry.id);
        const found: Item[] = [];
        for await (const item of find(place, signalOf(token))) if (found.push(item) === limit) break;
        return found;
      },
    );
    const more = items.length === limit ? `The first ${limit}` : `${items.length} found`;
    const chosen = await vscode.window.showQuickPick(items, {
      title: `${title}: ${more}`,
      matchOnDescription: true,
    });
    if (chosen === undefined) return;
    const uri = vscode.Uri.joinPath(checkpointUri(entry.id), chosen.path);
    const selection = chosen.at && new vscode.Range(chosen.at, chosen.at);
    await vscode.commands.executeCommand("vscode.open", uri, { ...(selection && { selection }) });
  }

  return vscode.Disposable.from(
    command("cryoscope.checkpoint.findFile", (row?: Row) =>
      pick(
        "Go to File in Checkpoint",
        row,
        async function* (place, signal) {
          for await (const path of filesIn(place, signal)) {
            const slash = path.lastIndexOf("/");
            yield { path, label: path.slice(slash + 1), description: path.slice(0, Math.max(0, slash)) };
          }
        },
        MAX_FILES,
      ),
    ),
    command("cryoscope.checkpoint.findText", async (row?: Row) => {
      const wanted = await vscode.window.showInputBox({
        title: "Find Text in Checkpoint",
        ignoreFocusOut: true,
        prompt: "In the frozen /proc, logs, configuration, changed files and volumes",
      });
      if (wanted === undefined || wanted === "") return;
      await pick(
        `Find "${wanted}" in Checkpoint`,
        row,
        async function* (place, signal) {
          for await (const { path, line, column, text } of linesWith(place, wanted, signal))
            yield {
              path,
              label: text,
              description: `${path}:${line + 1}`,
              at: new vscode.Position(line, column),
            };
        },
        MAX_FOUND,
      );
    }),
  );
}
