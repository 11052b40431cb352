import type * as vscode from "vscode";
import type { Checkpoint, Process } from "../../checkpoint/index.ts";
import { stateText, tooltip } from "./text.ts";

/** Everything the view knows of a checkpoint as a whole. */
export function checkpointTooltip(checkpoint: Checkpoint, source: vscode.Uri): vscode.MarkdownString {
  const { container, criu, engine } = checkpoint;
  const written = criu.written === undefined ? undefined : new Date(criu.written).toLocaleString();
  return tooltip(container.name ?? checkpoint.name, [
    ["Engine", `${engine.label} (${engine.evidence})`],
    ["Container", container.id],
    ["Container image", container.image],
    ["Runtime", container.runtime],
    ["Host name", container.hostname],
    ["Created", container.created],
    ["Frozen", container.checkpointed ?? written],
    ["CRIU", [criu.version, criu.architecture].filter((part) => part !== undefined).join(", ")],
    ["Sealed", criu.sealed ? "yes" : undefined],
    ["From", source.fsPath],
  ]);
}

export function processTooltip(process: Process): vscode.MarkdownString {
  return tooltip(`${process.pid} ${process.comm}`, [
    ["Command line", process.cmdline.join(" ")],
    ["State", stateText(process)],
    ["Parent", String(process.ppid)],
    ["Group, session", `${process.pgid}, ${process.sid}`],
    ["User, group", process.uid === undefined ? undefined : `${process.uid}, ${process.gid}`],
    ["Threads", process.threadIds.length === 0 ? undefined : String(process.threadIds.length)],
  ]);
}
