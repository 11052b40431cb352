// snapshots: the catalog of what was frozen, its view, and what can be done with an entry.
import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { command, isSure } from "../messages.ts";
import { Catalog } from "./catalog.ts";
import { filesPath, localTime, recordFacts } from "./facts.ts";
import { filesOf } from "./files.ts";
import {
  applyRetention,
  editNote,
  editTags,
  exportAsImage,
  exportSnapshot,
  importSnapshot,
  rename,
  reveal,
} from "./keep.ts";
import { SnapshotsView } from "./snapshots-view.ts";
import type { SnapshotRow } from "./snapshots-view.ts";
import { assertMayRun } from "./trust.ts";
import { askHowToWake, askToReplace, engineFor, wake } from "./wake.ts";

export { askToReplace, assertMayRun, Catalog, engineFor, filesOf, filesPath, localTime, recordFacts };

/** What a command is given: a row of the view, a snapshot from another command, or nothing. */
type Chosen = SnapshotRow | Snapshot | undefined;

export function registerSnapshots(
  context: vscode.ExtensionContext,
  {
    engines,
    catalog,
    open,
  }: { engines: Engines; catalog: Catalog; open: (path: vscode.Uri) => Promise<unknown> },
): void {
  const tree = new SnapshotsView(catalog, () => {
    tellProblems();
  });
  const view = vscode.window.createTreeView("cryoscope.snapshots", { treeDataProvider: tree });
  function tellProblems(): void {
    view.message = catalog.problems.join(" ");
  }
  /** A command on a snapshot: on the row it was called for, else on one that is asked for. */
  const on = (name: string, run: (snapshot: Snapshot) => Promise<unknown>): vscode.Disposable =>
    command(`cryoscope.${name}`, async (chosen?: Chosen) => {
      const snapshot = snapshotIn(chosen) ?? (await pickSnapshot(catalog));
      return snapshot && run(snapshot);
    });
  const runAgain = async (chosen: Snapshot, ask: boolean): Promise<void> => {
    await assertMayRun(chosen);
    const { engine, snapshot } = await engineFor(engines, chosen);
    const options = ask ? await askHowToWake(engine, snapshot) : { replace: true };
    if (options === undefined) return;
    if (options.name === undefined) await askToReplace(engine, snapshot);
    const { container } = await wake(engine, snapshot, options);
    if (options.name === undefined) await catalog.woken(snapshot);
    engines.refresh();
    void vscode.window.showInformationMessage(`${container.name} runs again from “${snapshot.name}”.`);
  };

  context.subscriptions.push(
    view,
    catalog.onDidChange(tellProblems),
    on("openSnapshot", async (snapshot) => open(await filesOf(engines, snapshot, catalog))),
    on("restoreSnapshot", (snapshot) => runAgain(snapshot, false)),
    on("restoreSnapshotAs", (snapshot) => runAgain(snapshot, true)),
    on("restoreAndDebug", async (snapshot) => {
      await assertMayRun(snapshot);
      await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], {
        type: "cryoscope",
        request: "launch",
        name: `Debug ${snapshot.name}`,
        snapshot: snapshot.id,
      });
    }),
    on("deleteSnapshot", async (snapshot) => {
      const sure = await isSure(`Delete the snapshot “${snapshot.name}”?`, {
        detail: "The frozen state is gone for good.",
        keep: "Keep It",
        act: "Delete",
      });
      if (sure) await forget(engines, catalog, snapshot);
    }),
    on("renameSnapshot", (snapshot) => rename(catalog, snapshot)),
    on("tagSnapshot", (snapshot) => editTags(catalog, snapshot)),
    on("noteSnapshot", (snapshot) => editNote(catalog, snapshot)),
    on("pinSnapshot", (snapshot) => catalog.edit(snapshot.id, { pinned: true })),
    on("unpinSnapshot", (snapshot) => catalog.edit(snapshot.id, { pinned: false })),
    on("revealSnapshot", reveal),
    on("exportSnapshot", (snapshot) => exportSnapshot(engines, catalog, snapshot)),
    on("exportSnapshotAsImage", (snapshot) => exportAsImage(engines, catalog, snapshot)),
    on("sealSnapshot", async (snapshot) =>
      vscode.commands.executeCommand("cryoscope.sealCopy", await filesOf(engines, snapshot, catalog)),
    ),
    on("unsealSnapshot", async (snapshot) =>
      vscode.commands.executeCommand("cryoscope.unsealCopy", await filesOf(engines, snapshot, catalog)),
    ),
    command("cryoscope.importSnapshot", (chosen?: unknown) =>
      importSnapshot(catalog, chosen instanceof vscode.Uri ? chosen : undefined),
    ),
    command("cryoscope.cleanSnapshots", () =>
      applyRetention(catalog, (one) => forget(engines, catalog, one)),
    ),
    command("cryoscope.snapshotsAsChain", () => {
      tree.arrange("chain");
    }),
    command("cryoscope.snapshotsAsTimeline", () => {
      tree.arrange("timeline");
    }),
  );
}

function snapshotIn(chosen: Chosen): Snapshot | undefined {
  if (chosen === undefined) return undefined;
  if (!("kind" in chosen)) return "checkpoint" in chosen ? chosen : undefined;
  return chosen.kind === "snapshot" ? chosen.snapshot : undefined;
}

/** Deletes what the engine keeps of the snapshot, then its entry. */
async function forget(engines: Engines, catalog: Catalog, snapshot: Snapshot): Promise<void> {
  if (snapshot.checkpoint.kind === "named") {
    const engine = await engines.of(snapshot);
    await engine.deleteCheckpoint?.(snapshot.container.id, snapshot.checkpoint.id);
  }
  await catalog.remove(snapshot);
}

async function pickSnapshot(catalog: Catalog): Promise<Snapshot | undefined> {
  const snapshots = await catalog.list();
  if (snapshots.length === 0) {
    void vscode.window.showInformationMessage("There is no snapshot yet. Freeze a container first.");
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    snapshots.map((snapshot) => ({
      label: snapshot.name,
      description: `${snapshot.container.name} · ${new Date(snapshot.time).toLocaleString()}`,
      snapshot,
    })),
    { title: "Snapshot" },
  );
  return picked?.snapshot;
}
