// snapshots: the catalog of what was frozen, its view, and what can be done with an entry.
import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { command } from "../messages.ts";
import { Catalog } from "./catalog.ts";
import { filesOf } from "./files.ts";
import { SnapshotsView } from "./snapshots-view.ts";
import { askToReplace, wake } from "./wake.ts";

export { askToReplace, Catalog, filesOf };

export function registerSnapshots(
  context: vscode.ExtensionContext,
  {
    engines,
    catalog,
    open,
  }: { engines: Engines; catalog: Catalog; open: (path: vscode.Uri) => Promise<unknown> },
): void {
  const pick = (snapshot?: Snapshot): Promise<Snapshot | undefined> =>
    snapshot ? Promise.resolve(snapshot) : pickSnapshot(catalog);
  const view = vscode.window.createTreeView("cryoscope.snapshots", {
    treeDataProvider: new SnapshotsView(catalog, () => {
      tellProblems();
    }),
  });
  function tellProblems(): void {
    view.message = catalog.problems.join(" ");
  }
  context.subscriptions.push(
    view,
    catalog.onDidChange(tellProblems),
    command("cryoscope.openSnapshot", async (chosen?: Snapshot) => {
      const snapshot = await pick(chosen);
      if (!snapshot) return;
      await open(await filesOf(await engines.of(snapshot), snapshot, catalog));
    }),
    command("cryoscope.restoreSnapshot", async (chosen?: Snapshot) => {
      const snapshot = await pick(chosen);
      if (!snapshot) return;
      const engine = await engines.of(snapshot);
      await askToReplace(engine, snapshot);
      const { container } = await wake(engine, snapshot);
      engines.refresh();
      void vscode.window.showInformationMessage(`${container.name} runs again from “${snapshot.name}”.`);
    }),
    command("cryoscope.restoreAndDebug", async (chosen?: Snapshot) => {
      const snapshot = await pick(chosen);
      if (!snapshot) return;
      await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], {
        type: "cryoscope",
        request: "launch",
        name: `Debug ${snapshot.name}`,
        snapshot: snapshot.id,
      });
    }),
    command("cryoscope.deleteSnapshot", async (chosen?: Snapshot) => {
      const snapshot = await pick(chosen);
      if (!snapshot) return;
      const answer = await vscode.window.showWarningMessage(
        `Delete the snapshot “${snapshot.name}”?`,
        { modal: true, detail: "The frozen state is gone for good." },
        "Delete",
      );
      if (answer === "Delete") await forget(engines, catalog, snapshot);
    }),
  );
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
