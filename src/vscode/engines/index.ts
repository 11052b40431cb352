// engines: the *Containers* view and freezing what runs there.
import * as vscode from "vscode";
import { command } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";
import { ContainersView } from "./containers-view.ts";
import type { ContainerRow } from "./containers-view.ts";
import { Engines } from "./engines.ts";
import { askHowToFreeze, freeze } from "./freeze.ts";

export { Engines };

export function registerEngines(
  context: vscode.ExtensionContext,
  {
    engines,
    catalog,
    open,
  }: { engines: Engines; catalog: Catalog; open: (path: vscode.Uri) => Promise<unknown> },
): void {
  const view = new ContainersView(engines);
  context.subscriptions.push(
    engines,
    vscode.window.createTreeView("cryoscope.containers", { treeDataProvider: view }),
    command("cryoscope.refreshContainers", () => {
      engines.refresh();
    }),
    command("cryoscope.checkpointContainer", async (row?: ContainerRow) => {
      const target = row?.kind === "container" ? row : await pickRunning(engines);
      if (!target) return;
      const choice = await askHowToFreeze(target.container);
      if (!choice) return;
      const { snapshot, readable } = await freeze(target.engine, target.container, choice, catalog);
      engines.refresh();
      const actions = readable.path === undefined ? [] : ["Open"];
      const said = `${target.container.name} is frozen as “${snapshot.name}”.`;
      const why = readable.path === undefined ? ` ${readable.why.sentence} ${readable.why.next}` : "";
      const answer = await vscode.window.showInformationMessage(said + why, ...actions);
      if (answer === "Open" && readable.path !== undefined) await open(vscode.Uri.file(readable.path));
    }),
  );
}

async function pickRunning(
  engines: Engines,
): Promise<Extract<ContainerRow, { kind: "container" }> | undefined> {
  const rows = (
    await Promise.all(
      (await engines.usable()).map(async (engine) =>
        (await engine.list())
          .filter((container) => container.state === "running")
          .map((container) => ({
            label: container.name,
            description: `${container.image} · ${engine.name}`,
            row: { kind: "container", engine, container } as const,
          })),
      ),
    )
  ).flat();
  if (rows.length === 0) {
    void vscode.window.showInformationMessage("No container is running on the engines found.");
    return undefined;
  }
  return (await vscode.window.showQuickPick(rows, { title: "Freeze Container" }))?.row;
}
