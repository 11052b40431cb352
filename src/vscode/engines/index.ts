// engines: the *Containers* view and freezing what runs there.
import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import { command } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";
import { ContainersView } from "./containers-view.ts";
import type { ContainerRow } from "./containers-view.ts";
import { Engines } from "./engines.ts";
import { engineGone } from "./errors.ts";
import { askHowToFreeze, freeze, goesOnDespite } from "./freeze.ts";
import type { FreezeChoice } from "./freeze.ts";

export { Engines };

export function registerEngines(
  context: vscode.ExtensionContext,
  { engines, catalog }: { engines: Engines; catalog: Catalog },
): void {
  const view = new ContainersView(engines);
  context.subscriptions.push(
    engines,
    vscode.window.createTreeView("cryoscope.containers", { treeDataProvider: view }),
    command("cryoscope.refreshContainers", () => {
      engines.refresh();
    }),
    command("cryoscope.checkpointContainer", async (asked?: ContainerRow | FreezeRequest) => {
      if (asked !== undefined && !("kind" in asked)) return freezeAsAsked(asked, engines, catalog);
      const target = asked?.kind === "container" ? asked : await pickRunning(engines);
      if (!target) return undefined;
      if (!(await goesOnDespite(await target.engine.inspect(target.container.id)))) return undefined;
      const choice = await askHowToFreeze(target.container);
      if (!choice) return undefined;
      const { snapshot } = await freeze(target.engine, target.container, choice, catalog);
      engines.refresh();
      const said = `${target.container.name} is frozen as “${snapshot.name}”.`;
      // Not awaited: the message may stay for long, the work is done.
      void vscode.window.showInformationMessage(said, "Open").then((answer) => {
        if (answer === "Open") void vscode.commands.executeCommand("cryoscope.openSnapshot", snapshot);
      });
      return snapshot;
    }),
  );
}

/** The argument of `cryoscope.checkpointContainer` in a key binding or a script: nothing is asked then. */
interface FreezeRequest extends FreezeChoice {
  readonly endpoint: string;
  /** Name or id. */
  readonly container: string;
}

async function freezeAsAsked(
  { endpoint, container, ...choice }: FreezeRequest,
  engines: Engines,
  catalog: Catalog,
): Promise<Snapshot> {
  const engine = (await engines.usable()).find((one) => one.endpoint === endpoint);
  if (!engine) throw engineGone("container", endpoint);
  const { snapshot } = await freeze(engine, await engine.inspect(container), choice, catalog);
  engines.refresh();
  return snapshot;
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
