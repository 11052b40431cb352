import * as vscode from "vscode";
import type { CheckpointExplorer, OpenCheckpoint } from "../checkpoint/index.ts";
import type { AskedProcess } from "./place.ts";

/** Where a search looks: checkpoints, or one process of one. */
export interface SearchScope {
  readonly entries: readonly OpenCheckpoint[];
  readonly pid: number | undefined;
}

/** `Search Memory of Process 12`: what is done, and to what. */
export function titleOf(act: string, { pid, entries }: SearchScope): string {
  if (pid !== undefined) return `${act} of Process ${pid}`;
  return entries.length > 1 ? `${act} of ${entries.length} Checkpoints` : `${act} of Checkpoint`;
}

/** The processes that can be chosen from: those of a checkpoint. Several checkpoints may have other pids. */
export async function processesOf({ entries, pid }: SearchScope): Promise<readonly AskedProcess[]> {
  const [entry, other] = entries;
  if (pid !== undefined || entry === undefined || other !== undefined) return [];
  const { processes } = await entry.load();
  return processes.filter(({ state }) => state !== "zombie");
}

/** Asks which checkpoints to search when several are open: one of them or all. */
export async function chooseScope(
  explorer: CheckpointExplorer,
  title = "Search Memory",
): Promise<SearchScope | undefined> {
  const { openCheckpoints: all } = explorer;
  if (all.length <= 1) {
    const entry = await explorer.choose(title);
    return entry && { entries: [entry], pid: undefined };
  }
  const items = [
    { label: "All open checkpoints", description: String(all.length), entries: all },
    ...all.map((entry) => ({
      label: entry.checkpoint?.container.name ?? entry.checkpoint?.name ?? entry.id,
      description: entry.source.fsPath,
      entries: [entry],
    })),
  ];
  const picked = await vscode.window.showQuickPick(items, { title: `${title}: of which checkpoint` });
  return picked && { entries: picked.entries, pid: undefined };
}
