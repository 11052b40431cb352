import * as vscode from "vscode";
import type { CheckpointResult, Container, ContainerDetails, Engine } from "../../engine/index.ts";
import { signalOf } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";

export interface FreezeChoice {
  readonly name: string;
  readonly leaveRunning: boolean;
}

/**
 * Checkpoints a container and puts the snapshot into the catalog; shows progress and can be cancelled while it waits.
 * Throws what the engine throws; then nothing is in the catalog.
 */
export async function freeze(
  engine: Engine,
  container: Container,
  choice: FreezeChoice,
  catalog: Catalog,
): Promise<CheckpointResult> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Freezing ${container.name}`,
      cancellable: true,
    },
    async (progress, token) => {
      const result = await engine.checkpoint(
        container.id,
        {
          name: choice.name,
          leaveRunning: choice.leaveRunning,
          ...(engine.capabilities.archives && { archive: await catalog.archivePath(choice.name) }),
        },
        {
          signal: signalOf(token),
          onProgress: ({ phase, bytes }) => {
            progress.report({ message: bytes === undefined ? phase : `${phase}, ${megabytes(bytes)}` });
          },
        },
      );
      await catalog.add(result.snapshot);
      return result;
    },
  );
}

/** Tells what is known to go wrong with this container here; whether the user wants to freeze it all the same. */
export async function goesOnDespite({ name, warnings }: ContainerDetails): Promise<boolean> {
  if (warnings.length === 0) return true;
  const answer = await vscode.window.showWarningMessage(
    `Freeze ${name}?`,
    { modal: true, detail: warnings.map(({ sentence, next }) => `${sentence} ${next}`).join("\n\n") },
    "Freeze Anyway",
  );
  return answer === "Freeze Anyway";
}

/** Asks for a name and what becomes of the container; undefined when the user turns away. */
export async function askHowToFreeze(container: Container): Promise<FreezeChoice | undefined> {
  const name = await vscode.window.showInputBox({
    title: `Freeze ${container.name}`,
    prompt: "Name of the snapshot",
    value: proposedName(container.name, new Date()),
    validateInput: (text) =>
      /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)
        ? undefined
        : "Letters, digits, _ . - ; at least two, the first no sign.",
  });
  if (name === undefined) return undefined;
  const pick = await vscode.window.showQuickPick(
    [
      { label: "$(debug-continue) Leave it running", description: "freeze, copy, go on", leaveRunning: true },
      {
        label: "$(debug-stop) Stop it",
        description: "the container exits when it is frozen",
        leaveRunning: false,
      },
    ],
    { title: `Freeze ${container.name}`, placeHolder: "What becomes of the container?" },
  );
  return pick && { name, leaveRunning: pick.leaveRunning };
}

/** `web-0412-1530`: short, sorts by time within a day, valid as a checkpoint id everywhere. */
function proposedName(container: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const stamp = `${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  return `${container.replace(/[^a-zA-Z0-9_.-]/g, "-")}-${stamp}`;
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
