import * as vscode from "vscode";
import { isCancelled } from "../../bytes/index.ts";
import { IMAGE_EDITOR } from "../image-editor/index.ts";
import { command, showError, signalOf } from "../messages.ts";
import type { OpenCheckpoint, OpenCheckpoints } from "./open-checkpoints.ts";
import type { Row } from "./rows.ts";
import { layerFileUri } from "./uris.ts";

/** Shows a checkpoint that was just opened. */
export type Reveal = (entry: OpenCheckpoint) => Promise<void>;

/** Opens with progress and a button to cancel. Gives undefined when the person cancelled; throws what opening throws. */
export async function openWithProgress(
  checkpoints: OpenCheckpoints,
  source: vscode.Uri,
  reveal: Reveal,
): Promise<OpenCheckpoint | undefined> {
  const name = source.path.slice(source.path.lastIndexOf("/") + 1);
  try {
    const entry = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Opening checkpoint ${name}`,
        cancellable: true,
      },
      (_progress, token) => checkpoints.open(source, signalOf(token)),
    );
    await reveal(entry);
    // Not awaited: the message may stay for hours.
    void offerOthers(checkpoints, entry, reveal);
    if (entry.checkpoint?.criu.sealed === true) void entry.sealCheck.tell(name).catch(showError);
    return entry;
  } catch (error) {
    if (isCancelled(error)) return undefined;
    throw error;
  }
}

/** Says that there are more checkpoints in the same place, and opens those that the person chooses. */
async function offerOthers(
  checkpoints: OpenCheckpoints,
  entry: OpenCheckpoint,
  reveal: Reveal,
): Promise<void> {
  if (entry.others.length === 0 || entry.source.fragment !== "") return;
  const choose = "Choose…";
  const answer = await vscode.window.showInformationMessage(
    `There are ${entry.others.length + 1} checkpoints in it. The first is open.`,
    choose,
  );
  if (answer !== choose) return;
  const items = entry.others.map(({ name, source }) => ({ label: name, source }));
  const picked = await vscode.window.showQuickPick(items, { title: "Open Checkpoints", canPickMany: true });
  for (const { source } of picked ?? []) await openWithProgress(checkpoints, source, reveal);
}

export function registerCommands(checkpoints: OpenCheckpoints, reveal: Reveal): vscode.Disposable {
  return vscode.Disposable.from(
    command("cryoscope.openCheckpoint", async (given?: unknown) => {
      const source = given instanceof vscode.Uri ? given : await askForCheckpoint();
      return source && openWithProgress(checkpoints, source, reveal);
    }),
    command("cryoscope.closeCheckpoint", async (row?: Row) => {
      const entry = row?.entry ?? (await chooseCheckpoint(checkpoints, "Close Checkpoint"));
      if (entry) await checkpoints.close(entry.id);
    }),
    command("cryoscope.openCoreImage", async (row?: Row) => {
      const checkpoint = row?.entry.checkpoint;
      const [layer] = checkpoint?.layers ?? [];
      if (row === undefined || checkpoint === undefined || layer === undefined) return;
      const id =
        row.kind === "thread" ? row.thread.tid : row.kind === "process" ? row.process.pid : undefined;
      if (id === undefined) return;
      const uri = layerFileUri(row.entry.id, layer, `core-${id}.img`);
      await vscode.commands.executeCommand("vscode.openWith", uri, IMAGE_EDITOR);
    }),
  );
}

const ARCHIVES = ["tar", "gz", "tgz", "zst"];

/** Desktop dialogs of Linux and Windows choose files or folders, never both; the workbench's own and macOS's do. */
async function askForCheckpoint(): Promise<vscode.Uri | undefined> {
  const isNativeDialog = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (!isNativeDialog || process.platform === "darwin") return choose({ files: true, folders: true });
  const picked = await vscode.window.showQuickPick(
    [
      {
        label: "$(archive) Archive…",
        detail: "A .tar, .tar.gz or .tar.zst that an engine exported",
        files: true,
      },
      { label: "$(folder) Folder…", detail: "A folder of CRIU images, or one around it", files: false },
    ],
    { title: "Open Checkpoint", placeHolder: "What is the checkpoint packed in?" },
  );
  return picked && choose({ files: picked.files, folders: !picked.files });
}

async function choose({
  files,
  folders,
}: {
  readonly files: boolean;
  readonly folders: boolean;
}): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: files,
    canSelectFolders: folders,
    title: "Open Checkpoint",
    openLabel: "Open Checkpoint",
    ...(files && {
      filters: {
        "Checkpoint archives": ARCHIVES,
        "Cores and minidumps": ["core", "dmp"],
        "All files": ["*"],
      },
    }),
  });
  return chosen?.[0];
}

/** Asks for one of the open checkpoints when there are several. Undefined when there is none, or none was chosen. */
export async function chooseCheckpoint(
  checkpoints: OpenCheckpoints,
  title: string,
): Promise<OpenCheckpoint | undefined> {
  const { all } = checkpoints;
  if (all.length <= 1) return all[0];
  const items = all.map((entry) => ({
    label:
      entry.checkpoint?.container.name ?? entry.source.path.slice(entry.source.path.lastIndexOf("/") + 1),
    description: entry.source.fsPath,
    entry,
  }));
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDescription: true });
  return picked?.entry;
}
