// Containers that belong together: a compose project, the dev container of this workspace, what a label selects.
import * as vscode from "vscode";
import type { Container, Engine } from "../../engine/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { signalOf } from "../messages.ts";
import type { Engines } from "./engines.ts";
import { proposedName } from "./freeze.ts";

/** Labels that Docker Compose, podman-compose and Dev Containers put on what they start. */
const LABELS = { compose: "com.docker.compose.project", devContainer: "devcontainer.local_folder" } as const;

/** Asks for a compose project (the folder's name is proposed, as compose does) and freezes its containers. */
export async function freezeCompose(engines: Engines, catalog: Catalog): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.name ?? "";
  const project = await vscode.window.showInputBox({
    title: "Freeze Compose Project",
    prompt: "Name of the project",
    // The rule of compose for names of projects.
    value: folder.toLowerCase().replace(/[^a-z0-9_-]/g, ""),
  });
  if (project !== undefined && project !== "")
    await freezeLabelled(engines, catalog, `${LABELS.compose}=${project}`, `the compose project ${project}`);
}

export async function freezeDevContainer(engines: Engines, catalog: Catalog): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (folder !== undefined)
    await freezeLabelled(
      engines,
      catalog,
      `${LABELS.devContainer}=${folder}`,
      "this workspace's dev container",
    );
}

export async function freezeSelected(engines: Engines, catalog: Catalog): Promise<void> {
  const selector = await vscode.window.showInputBox({
    title: "Freeze Containers by Label",
    prompt: "A label with its value; for Kubernetes a selector",
    ignoreFocusOut: true,
    placeHolder: "app=web",
  });
  if (selector !== undefined && selector !== "") await freezeLabelled(engines, catalog, selector);
}

/** `what` is what people call those that the selector picks. */
async function freezeLabelled(
  engines: Engines,
  catalog: Catalog,
  selector: string,
  what = selector,
): Promise<void> {
  const found: { readonly engine: Engine; readonly containers: readonly Container[] }[] = [];
  let refused: unknown;
  for (const engine of await engines.usable()) {
    if (!engine.capabilities.checkpoint.can) continue;
    const picked = engine.select?.(selector).catch((error: unknown) => {
      if (isBadSelector(error)) refused = error;
      return [];
    });
    const containers = (await picked)?.filter(isRunning) ?? [];
    if (containers.length > 0) found.push({ engine, containers });
  }
  if (found.length === 0) {
    // Labels of compose and Dev Containers may be none for a cluster: only what a person wrote can be written otherwise.
    if (refused !== undefined && what === selector) throw refused;
    void vscode.window.showInformationMessage(`No running container has ${selector}.`);
    return;
  }
  const rows = found.flatMap(({ engine, containers }) =>
    containers.map((container) => ({
      label: container.name,
      description: `${container.image} · ${engine.name}`,
      picked: true,
      engine,
      container,
    })),
  );
  const picked = await vscode.window.showQuickPick(rows, {
    title: `Freeze ${what}`,
    placeHolder: "Which of them? They go on running.",
    canPickMany: true,
  });
  if (!picked || picked.length === 0) return;
  const chosen = found.map(({ engine }) => ({
    engine,
    containers: picked.filter((row) => row.engine === engine).map(({ container }) => container),
  }));
  const frozen = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Freezing ${what}`, cancellable: true },
    async (progress, token) => {
      let whole = 0;
      for (const { engine, containers } of chosen)
        whole += await freezeThese(engine, containers, catalog, signalOf(token), (name) => {
          progress.report({ message: name, increment: 100 / picked.length });
        });
      return whole;
    },
  );
  // Not awaited: the message may stay for long, the work is done.
  if (frozen > 0)
    void vscode.window.showInformationMessage(
      frozen === 1 ? "One container is frozen." : `${frozen} containers are frozen.`,
    );
}

function isBadSelector(error: unknown): boolean {
  return error instanceof CryoscopeError && error.code === "engine.badSelector";
}

/** Gives how many are frozen. `begun` is told the name of each. */
async function freezeThese(
  engine: Engine,
  containers: readonly Container[],
  catalog: Catalog,
  signal: AbortSignal,
  begun: (name: string) => void,
): Promise<number> {
  const { freezeAll } = await import("../../engine/index.ts");
  const now = new Date();
  const { archives, folders } = engine.capabilities;
  const outcomes = await freezeAll(
    engine,
    containers,
    async ({ name: container }) => {
      begun(container);
      const name = proposedName(container, now);
      const place = archives
        ? { archive: await catalog.archivePath(name) }
        : folders
          ? { folder: await catalog.folderPath(name) }
          : {};
      return { name, leaveRunning: true, ...place };
    },
    { signal },
  );
  for (const { result } of outcomes) if (result) await catalog.add(result.snapshot);
  const failed = outcomes.filter(({ problem }) => problem !== undefined);
  if (failed.length > 0)
    void vscode.window.showErrorMessage(
      failed.map(({ container, problem }) => `${container.name}: ${problem?.message ?? ""}`).join(" "),
    );
  return outcomes.length - failed.length;
}

const isRunning = ({ state }: Container): boolean => state === "running";
