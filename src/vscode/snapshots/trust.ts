import * as vscode from "vscode";
import type { Snapshot, WhatRuns } from "../../engine/index.ts";
import { filesPath, withTree } from "./facts.ts";
import { snapshotErrors } from "./errors.ts";

/**
 * Before anything of a snapshot runs: refuses in a workspace that isn't trusted, and asks when this machine didn't make
 * it, showing what its configuration says. Looking at it instead is the answer that is nearest. Throws `vscode.notTrusted`, and CancellationError when the user says no.
 */
export async function assertMayRun(snapshot: Snapshot): Promise<void> {
  if (!vscode.workspace.isTrusted) throw snapshotErrors.notTrusted();
  if (snapshot.imported !== true) return;
  const path = filesPath(snapshot);
  const runs = path === undefined ? undefined : await configurationIn(path);
  const answer = await vscode.window.showWarningMessage(
    `Run what is in “${snapshot.name}”? This machine didn't make it.`,
    { modal: true, detail: runs === undefined ? UNKNOWN : inWords(runs) },
    // The first button has the focus: who presses Enter without reading runs nothing.
    ...[LOOK, RUN],
  );
  if (answer === RUN) return;
  if (answer === LOOK) await vscode.commands.executeCommand("cryoscope.openSnapshot", snapshot);
  throw new vscode.CancellationError();
}

const LOOK = "Only Open It";
const RUN = "Run It";

const UNKNOWN =
  "It has no configuration that says what it may do. Restoring it continues its processes with the rights of the engine.";

/** A configuration is some kilobytes; more is read of none. */
const MAX_SPEC = 8 * 1024 * 1024;

async function configurationIn(path: string): Promise<WhatRuns | undefined> {
  const { whatRuns } = await import("../../engine/index.ts");
  return withTree(path, async (tree) => {
    const source = await tree.open("spec.dump");
    if (source.size > MAX_SPEC) return undefined;
    const bytes = await source.read(0, source.size);
    return whatRuns(JSON.parse(new TextDecoder().decode(bytes)));
  });
}

function inWords({ command, user, privileges, mounts, network }: WhatRuns): string {
  return [
    `Runs: ${short(command)}`,
    `As: ${user}`,
    `May: ${privileges.length === 0 ? "what a plain container may" : privileges.join("; ")}`,
    `Sees of this machine: ${mounts.length === 0 ? "no folder" : mounts.slice(0, 12).map(short).join(", ")}${mounts.length > 12 ? ` and ${mounts.length - 12} more` : ""}`,
    `Network: ${network}`,
  ].join("\n");
}

/** An archive's word in a dialog: one line, bounded. */
function short(text: string): string {
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}
