// seal: sealed and plain copies of checkpoints, to be passed on or looked at with other tools.
import { basename } from "node:path";
import * as vscode from "vscode";
import type { SealTarget } from "../../seal/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import type { Keys } from "../keys/index.ts";
import { command } from "../messages.ts";
import { chooseFileToWrite, chooseFolderToFill, chooseTarget, confirmPlain } from "./choices.ts";
import { writePlain, writeSealed } from "./copies.ts";
import type { Copy } from "./copies.ts";

/** A row of the *Checkpoint* view, as far as it matters here. */
interface CheckpointRow {
  readonly entry: { readonly source: vscode.Uri };
}

/**
 * Registers *Seal a Copy…* and *Unseal a Copy…*. Both take a file's URI or a row of the Checkpoint view, and ask for
 * what they aren't given; both give the URI of the copy.
 */
export function registerSeal(
  context: vscode.ExtensionContext,
  { keys, checkpoint }: { readonly keys: Keys; readonly checkpoint: CheckpointExplorer },
): void {
  const sourceOf = async (given: unknown, title: string): Promise<vscode.Uri | undefined> => {
    const source =
      given instanceof vscode.Uri
        ? given
        : isRow(given)
          ? given.entry.source
          : await chooseSource(checkpoint, title);
    // Which of several checkpoints is open doesn't matter: the whole archive is copied.
    return source?.with({ fragment: "" });
  };
  context.subscriptions.push(
    command("cryoscope.sealCopy", async (given?: unknown) => {
      const source = await sourceOf(given, "Seal a Copy");
      const target = source && (await chooseTarget(basename(source.fsPath)));
      if (source === undefined || target === undefined) return undefined;
      try {
        const out = await placeOf(source, target);
        return out && tell(await writeSealed(source, target, out, keys.unlock), "sealed");
      } finally {
        if (target.kind === "passphrase") target.passphrase.bytes.fill(0);
      }
    }),
    command("cryoscope.unsealCopy", async (given?: unknown) => {
      const source = await sourceOf(given, "Unseal a Copy");
      const out = source && (await chooseFolderToFill(source, "plain", "Unseal a Copy"));
      if (source === undefined || out === undefined) return undefined;
      if (!(await confirmPlain(basename(source.fsPath), out))) return undefined;
      return tell(await writePlain(source, out, keys.unlock), "in clear");
    }),
  );
}

function placeOf(source: vscode.Uri, target: SealTarget): Promise<vscode.Uri | undefined> {
  return target.kind === "criu"
    ? chooseFolderToFill(source, "sealed", "Seal a Copy")
    : chooseFileToWrite(source);
}

function isRow(given: unknown): given is CheckpointRow {
  return typeof given === "object" && given !== null && "entry" in given;
}

/** One of the checkpoints that are open, or what the person chooses on disk. */
async function chooseSource(checkpoint: CheckpointExplorer, title: string): Promise<vscode.Uri | undefined> {
  const files: vscode.QuickPickItem = { label: "$(file) Choose an archive…" };
  const folders: vscode.QuickPickItem = { label: "$(folder) Choose a folder…" };
  const open = checkpoint.openCheckpoints.map((entry) => ({
    label: entry.checkpoint?.container.name ?? basename(entry.source.fsPath),
    description: entry.source.fsPath,
    source: entry.source,
  }));
  const picked = await vscode.window.showQuickPick([...open, files, folders], {
    title,
    placeHolder: "Of which checkpoint?",
  });
  if (picked === undefined) return undefined;
  if ("source" in picked) return picked.source as vscode.Uri;
  const canSelectFolders = picked === folders;
  const chosen = await vscode.window.showOpenDialog({
    title,
    canSelectFiles: !canSelectFolders,
    canSelectFolders,
    openLabel: "Copy This",
  });
  return chosen?.[0];
}

/** Notes that are said at once. */
const SAID = 3;

/** Says where the copy is, and what is to be known of it. */
function tell({ out, notes }: Copy, how: string): vscode.Uri {
  const more = notes.length > SAID ? ` And ${notes.length - SAID} more of this kind.` : "";
  const sentence =
    `${basename(out.fsPath)} is written, ${how}. ${notes.slice(0, SAID).join(" ")}${more}`.trim();
  const show = "Show in Folder";
  const say = notes.length > 0 ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  // Not awaited: the message may stay for hours.
  void say(sentence, show).then((answer) => {
    if (answer === show) void vscode.commands.executeCommand("revealFileInOS", out);
  });
  return out;
}
