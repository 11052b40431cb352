// engines: the *Containers* view and freezing what runs there.
import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import { command, showError } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";
import { ContainersView } from "./containers-view.ts";
import type { ContainerRow } from "./containers-view.ts";
import { criuLogLanguage, hasLog, openCriuLog } from "./criu-log.ts";
import { attachedDebuggers, trackSessions } from "./debuggers.ts";
import { Engines } from "./engines.ts";
import { engineGone } from "./errors.ts";
import {
  askForSwitches,
  askHowToFreeze,
  decide,
  freeze,
  freezeQuietly,
  obstaclesOf,
  proposedName,
} from "./freeze.ts";
import type { FreezeChoice } from "./freeze.ts";
import { freezeCompose, freezeDevContainer, freezeSelected } from "./groups.ts";
import { askForTrigger, FreezeLoops } from "./loop.ts";
import { offerToSeal } from "./seal.ts";
import { runInTerminal } from "./sudo.ts";
import { taskProvider } from "./tasks.ts";

export { Engines, freezeQuietly, proposedName, runInTerminal };

type ContainerTarget = Extract<ContainerRow, { kind: "container" }>;

export function registerEngines(
  context: vscode.ExtensionContext,
  { engines, catalog }: { engines: Engines; catalog: Catalog },
): void {
  const view = new ContainersView(engines);
  const loops = new FreezeLoops(catalog);
  const { sessions, tracking } = trackSessions();

  /** Looks for obstacles, asks, freezes. With `choosing` the engine's switches are asked for too. */
  const freezeAsking = async (target: ContainerTarget, choosing: boolean): Promise<Snapshot | undefined> => {
    const { engine } = target;
    const details = await engine.inspect(target.container.id);
    const debuggers = attachedDebuggers(sessions);
    const decision = await decide(
      details,
      await obstaclesOf(engine, details, catalog),
      debuggers !== undefined,
    );
    if (!decision.goOn) return decision.again ? freezeAsking(target, choosing) : undefined;
    const plain = await askHowToFreeze(engine, details, decision.switches);
    const choice = plain && choosing ? await askForSwitches(engine, plain) : plain;
    if (!choice) return undefined;
    const detached = decision.detach ? debuggers : undefined;
    await detached?.detach();
    try {
      const { snapshot } = await freeze(engine, details, choice, catalog);
      engines.refresh();
      tellFrozen(details.name, snapshot);
      return snapshot;
    } catch (error) {
      if (offerToSeal(error)) return undefined;
      if (!hasLog(error)) throw error;
      const { file } = error;
      // Not awaited: the message may stay for long, the command is over.
      void showError(error, "Open CRIU's Log").then((answer) => {
        if (answer !== undefined) void openCriuLog(vscode.Uri.file(file)).catch(showError);
      });
      return undefined;
    } finally {
      // What was stopped has nothing left to attach to.
      if (choice.leaveRunning === true) await detached?.attach();
    }
  };
  const targetOf = async (asked?: ContainerRow): Promise<ContainerTarget | undefined> =>
    asked?.kind === "container" ? asked : pickRunning(engines);

  context.subscriptions.push(
    engines,
    loops,
    tracking,
    criuLogLanguage(),
    vscode.tasks.registerTaskProvider("cryoscope", taskProvider(engines, catalog)),
    vscode.window.createTreeView("cryoscope.containers", { treeDataProvider: view }),
    command("cryoscope.refreshContainers", () => {
      engines.refresh();
    }),
    command("cryoscope.checkpointContainer", async (asked?: ContainerRow | FreezeRequest) => {
      if (asked !== undefined && !("kind" in asked)) return freezeAsAsked(asked, engines, catalog);
      const target = await targetOf(asked);
      return target && freezeAsking(target, false);
    }),
    command("cryoscope.checkpointContainerWith", async (asked?: ContainerRow) => {
      const target = await targetOf(asked);
      return target && freezeAsking(target, true);
    }),
    command("cryoscope.freezeLoop", async (asked?: ContainerRow) => {
      const target = await targetOf(asked);
      const trigger = target && (await askForTrigger(target.engine, target.container));
      if (target && trigger) loops.start(target.engine, target.container, trigger);
    }),
    command("cryoscope.stopFreezeLoops", () => {
      loops.stopAll();
    }),
    command("cryoscope.freezeCompose", () => freezeCompose(engines, catalog)),
    command("cryoscope.freezeDevContainer", () => freezeDevContainer(engines, catalog)),
    command("cryoscope.freezeSelected", () => freezeSelected(engines, catalog)),
    command("cryoscope.openCriuLog", async (asked?: unknown) => {
      const file = asked instanceof vscode.Uri ? asked : vscode.window.activeTextEditor?.document.uri;
      if (file) await openCriuLog(file);
    }),
  );
}

function tellFrozen(container: string, snapshot: Snapshot): void {
  const said = `${container} is frozen as “${snapshot.name}”.`;
  // Not awaited: the message may stay for long, the work is done.
  void vscode.window.showInformationMessage(said, "Open").then((answer) => {
    if (answer === "Open") void vscode.commands.executeCommand("cryoscope.openSnapshot", snapshot);
  });
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

async function pickRunning(engines: Engines): Promise<ContainerTarget | undefined> {
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
  return (await vscode.window.showQuickPick(rows, { title: "Freeze Container", matchOnDescription: true }))
    ?.row;
}
