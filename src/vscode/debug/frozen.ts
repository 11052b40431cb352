import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import type { OpenForSession } from "../../debug/index.ts";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import { command } from "../messages.ts";
import { below } from "./written-path.ts";

/** The row of a process, or of one of its threads, in the *Checkpoint* view. */
interface ProcessRow {
  readonly entry: OpenCheckpoint;
  readonly process?: { readonly pid: number; readonly comm: string };
}

/** Whether a configuration is for a post-mortem session. */
export const isPostmortem = ({ mode }: vscode.DebugConfiguration): boolean => mode === "postmortem";

/** Sources are those of the workspace unless the configuration says where they are. */
export const resolveFrozen = (
  configuration: vscode.DebugConfiguration,
  folder: vscode.WorkspaceFolder | undefined,
): vscode.DebugConfiguration => ({ ...(folder && { localRoot: folder.uri.fsPath }), ...configuration });

/** The configuration of a post-mortem session on a process, or on all of a checkpoint. */
function frozenConfiguration({ entry, process }: ProcessRow): vscode.DebugConfiguration {
  return {
    type: "cryoscope",
    request: "launch",
    name: process ? `Frozen ${process.comm.replace(/[^\w.-]/g, "?")} (${process.pid})` : "Frozen processes",
    mode: "postmortem",
    checkpoint: entry.source.fsPath,
    ...(process && { pid: process.pid }),
  };
}

/** The checkpoint that a post-mortem session is about, and the sysroot that its configuration names. */
export function placesOf({
  configuration: { checkpoint, sysroot },
  workspaceFolder,
}: Pick<vscode.DebugSession, "configuration" | "workspaceFolder">): {
  readonly source: vscode.Uri;
  readonly sysroot: vscode.Uri | undefined;
} {
  return {
    source: below(workspaceFolder, String(checkpoint)),
    sysroot: typeof sysroot === "string" ? below(workspaceFolder, sysroot) : undefined,
  };
}

/**
 * Opens what the configuration of a session names: the checkpoint through the *Checkpoint* view, which has its keys and
 * keeps it open; when it is closed or locked there, the session ends. Relative paths are below the folder of the workspace.
 */
export const openFrozen =
  (explorer: CheckpointExplorer, session: vscode.DebugSession): OpenForSession =>
  async () => {
    const { source, sysroot: root } = placesOf(session);
    const checkpoint = await explorer.openBehind(source);
    if (checkpoint === undefined) throw new vscode.CancellationError();
    const sysroot = root && (await openTree(root.fsPath));
    const watching = explorer.onDidChange(() => {
      const isOpen = ({ source: { fsPath }, isLocked }: OpenCheckpoint): boolean =>
        fsPath === source.fsPath && !isLocked;
      if (explorer.openCheckpoints.some(isOpen)) return;
      watching.dispose();
      void vscode.debug.stopDebugging(session);
    });
    return {
      ...{ checkpoint, sysroot },
      close: async () => {
        watching.dispose();
        await sysroot?.close();
      },
    };
  };

/** *Debug Frozen Process*: a session on the images, in which nothing runs. */
export function registerDebugFrozen(explorer: CheckpointExplorer): vscode.Disposable {
  return command("cryoscope.debugFrozen", async (row?: ProcessRow) => {
    const chosen = row ?? (await chooseCheckpoint(explorer));
    if (chosen === undefined) return false;
    return vscode.debug.startDebugging(
      vscode.workspace.getWorkspaceFolder(chosen.entry.source),
      frozenConfiguration(chosen),
    );
  });
}

async function chooseCheckpoint(explorer: CheckpointExplorer): Promise<ProcessRow | undefined> {
  const entry = await explorer.choose("Debug Frozen Process");
  return entry && { entry };
}
