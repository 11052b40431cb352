import * as vscode from "vscode";
import type { Engine, RestoreOptions, RestoreResult, Snapshot } from "../../engine/index.ts";
import type { Engines } from "../engines/index.ts";
import { isSure, progressWords, signalOf } from "../messages.ts";
import { localTime } from "./facts.ts";
import { snapshotErrors } from "./errors.ts";

/**
 * Restores a snapshot, in place of the container it was made of unless `options` say otherwise, with progress. The code
 * of the container runs again, so this is called only for what the user asked for. Throws what the engine throws.
 */
export async function wake(
  engine: Engine,
  snapshot: Snapshot,
  options: RestoreOptions = { replace: true },
): Promise<RestoreResult> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `Waking ${snapshot.name}`, cancellable: true },
    async (progress, token) =>
      engine.restore(snapshot, options, {
        signal: signalOf(token),
        onProgress: (now) => {
          progress.report({ message: progressWords(now) });
        },
      }),
  );
}

/** Asks before a container that runs is replaced by its frozen self. Throws CancellationError when the user says no. */
export async function askToReplace(engine: Engine, snapshot: Snapshot): Promise<void> {
  const standing = (await engine.list()).find((container) => container.id === snapshot.container.id);
  if (standing?.state !== "running") return;
  const question = `${standing.name} is running. Replace it with its state of ${localTime(snapshot)}?`;
  const words = { detail: "What it has done since then is lost.", keep: "Let It Run", act: "Replace" };
  if (!(await isSure(question, words))) throw new vscode.CancellationError();
}

/**
 * The engine for a snapshot, and the snapshot as that engine takes it: the one that made it, or for an imported one any
 * that can restore such files. Throws `vscode.engineGone` and `vscode.noEngineFor`.
 */
export async function engineFor(
  engines: Engines,
  snapshot: Snapshot,
): Promise<{ readonly engine: Engine; readonly snapshot: Snapshot }> {
  if (snapshot.imported !== true) return { engine: await engines.of(snapshot), snapshot };
  const isArchive = snapshot.checkpoint.kind === "archive";
  const able = (await engines.usable()).filter(
    ({ capabilities }) =>
      capabilities.restore.can &&
      (isArchive ? capabilities.archives : capabilities.folders && capabilities.lists === "processes"),
  );
  const picked =
    able.length < 2
      ? able[0]
      : (
          await vscode.window.showQuickPick(
            able.map((engine) => ({ label: engine.name, description: engine.endpoint, engine })),
            { title: `Restore ${snapshot.name}`, placeHolder: "On which engine?" },
          )
        )?.engine;
  if (picked === undefined && able.length > 0) throw new vscode.CancellationError();
  if (picked === undefined) throw snapshotErrors.noEngineFor(snapshot.name);
  const { kind, version, endpoint } = picked;
  return { engine: picked, snapshot: { ...snapshot, engine: { kind, version, endpoint } } };
}

/** Asks for what the engine can do differently from the plain way; undefined when the user turns away. */
export async function askHowToWake(engine: Engine, snapshot: Snapshot): Promise<RestoreOptions | undefined> {
  const { restoreOptions } = engine.capabilities;
  const offered = WAYS.filter(({ option }) => restoreOptions.includes(option)).map((way) => ({
    ...way,
    picked: snapshot.needs.some((need) => need === way.option),
  }));
  const chosen = await vscode.window.showQuickPick(offered, {
    title: `Restore ${snapshot.name}`,
    placeHolder: "How? Nothing chosen: in place of the container it was made of.",
    canPickMany: true,
  });
  if (!chosen) return undefined;
  let options: RestoreOptions = { replace: true };
  for (const { option, ask } of chosen) {
    const value = ask === undefined ? true : await vscode.window.showInputBox(ask);
    if (value === undefined) return undefined;
    const list = option === "publishPorts" && typeof value === "string" ? value.split(/\s+/) : value;
    options = { ...options, [option]: list };
  }
  return options;
}

interface Way extends vscode.QuickPickItem {
  readonly option: keyof RestoreOptions;
  readonly ask?: vscode.InputBoxOptions;
}

const WAYS: readonly Way[] = [
  {
    label: "As a new container",
    description: "beside the old one",
    option: "name",
    ask: { prompt: "Name of the new container" },
  },
  {
    label: "Publish ports",
    option: "publishPorts",
    ask: { prompt: "Ports, separated by blanks", placeHolder: "8080:80 9229:9229" },
  },
  { label: "Into a pod", option: "pod", ask: { prompt: "Name of the pod" } },
  { label: "Stopped, for a debugger", option: "leaveStopped" },
  { label: "TCP connections kept", option: "tcpEstablished" },
  { label: "TCP connections closed", option: "tcpClose" },
  { label: "File locks kept", option: "fileLocks" },
  { label: "Without its changed files", option: "ignoreRootFs" },
  { label: "Volumes left as they are", option: "ignoreVolumes" },
  { label: "With another address", option: "ignoreStaticIp" },
];
