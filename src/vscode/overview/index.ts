import * as vscode from "vscode";
import type { Overview } from "../../protocol/index.ts";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import { command } from "../messages.ts";
import { overviewOf } from "./overview.ts";
import { OverviewPanels } from "./overview-panels.ts";

/** What tests in a real extension host see of the pages. */
export interface Overviews {
  /** What the page of a checkpoint shows. */
  of(entry: OpenCheckpoint): Promise<Overview>;
}

/** Registers the *Overview* page: a whole checkpoint at a glance. */
export function registerOverview(
  context: vscode.ExtensionContext,
  { checkpoint: explorer }: { readonly checkpoint: CheckpointExplorer },
): Overviews {
  const root = vscode.Uri.joinPath(context.extensionUri, "dist", "webview");
  const panels = new OverviewPanels(root, explorer.show);
  context.subscriptions.push(
    panels,
    explorer.onDidChange(() => {
      panels.closeAllBut(new Set(explorer.openCheckpoints.map(({ id }) => id)));
    }),
    explorer.onDidChangeLock(({ id }) => {
      panels.reload(id);
    }),
    command("cryoscope.openOverview", async (row?: { readonly entry?: OpenCheckpoint }) => {
      const entry = row?.entry ?? (await explorer.choose("Open Overview"));
      if (entry) panels.open(entry);
    }),
  );
  return { of: async (entry) => overviewOf(await entry.load(), new AbortController().signal) };
}
