import * as vscode from "vscode";
import { command } from "../messages.ts";
import { CheckpointFileSystem } from "./file-system.ts";
import { CheckpointFolders } from "./files/checkpoint-folders.ts";
import { KnownSources } from "./files/known-sources.ts";
import type { OpenCheckpoint, OpenCheckpoints } from "./open-checkpoints.ts";
import type { Row } from "./rows.ts";
import { closeTexts } from "../close-texts.ts";
import { registerSearchCommands } from "./search-commands.ts";
import { checkpointId, checkpointUri, SCHEME } from "./uris.ts";

/** Title in the workspace of a checkpoint's folder. */
const folderName = (entry: OpenCheckpoint): string =>
  `Frozen: ${vscode.workspace.asRelativePath(entry.source, false)}`;

/**
 * Registers the `cryoscope:` file system and the command that puts a checkpoint's folder into the workspace. `choose`
 * asks which one, when the command comes from the palette.
 */
export function registerFrozenFiles(
  context: vscode.ExtensionContext,
  checkpoints: OpenCheckpoints,
  choose: (title: string) => Promise<OpenCheckpoint | undefined>,
): CheckpointFolders {
  const sources = new KnownSources(context.globalState);

  /** Opens what a folder of the workspace shows, when the window was opened anew. */
  async function reopen(id: string): Promise<boolean> {
    const source = sources.get(id);
    const inWorkspace = vscode.workspace.workspaceFolders?.some(
      ({ uri }) => uri.scheme === SCHEME && uri.path.split("/")[1] === id,
    );
    if (source === undefined || inWorkspace !== true) return false;
    const uri = vscode.Uri.parse(source);
    if (checkpointId(uri) !== id) return false;
    await checkpoints.open(uri);
    return true;
  }

  let known = new Set(checkpoints.all.map(({ id }) => id));
  const forgetClosed = checkpoints.onDidChange(() => {
    const open = new Set(checkpoints.all.map(({ id }) => id));
    // Otherwise the workspace's next look at its folder would open it again.
    for (const id of known) if (!open.has(id)) void sources.remove(id);
    known = open;
  });

  const folders = new CheckpointFolders(checkpoints, reopen);
  context.subscriptions.push(
    forgetClosed,
    folders,
    checkpoints.onDidChangeLock(({ id, isLocked }) => {
      if (isLocked) void closeTexts(SCHEME, id);
    }),
    registerSearchCommands(folders, choose),
    vscode.workspace.registerFileSystemProvider(SCHEME, new CheckpointFileSystem(folders), {
      isReadonly: true,
      isCaseSensitive: true,
    }),
    command("cryoscope.checkpoint.addToWorkspace", async (row?: Row) => {
      const entry = row?.entry ?? (await choose("Add Frozen /proc to Workspace"));
      if (entry === undefined) return;
      await sources.add(entry.id, entry.source.toString());
      const uri = checkpointUri(entry.id);
      if (vscode.workspace.getWorkspaceFolder(uri) === undefined)
        vscode.workspace.updateWorkspaceFolders(vscode.workspace.workspaceFolders?.length ?? 0, 0, {
          uri,
          name: folderName(entry),
        });
    }),
  );
  return folders;
}
