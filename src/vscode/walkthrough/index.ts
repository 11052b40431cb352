import * as vscode from "vscode";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import type { Explainer } from "../explain/index.ts";
import type { ImageEditor } from "../image-editor/index.ts";
import { command } from "../messages.ts";
import { Lessons } from "./lessons.ts";

export interface WalkthroughDependencies {
  readonly checkpoint: CheckpointExplorer;
  readonly images: ImageEditor;
  readonly explain: Explainer;
}

/** Registers the commands of the walkthrough *Read a frozen container*, and notices which of its steps were done. */
export function registerWalkthrough(
  context: vscode.ExtensionContext,
  { checkpoint, images, explain }: WalkthroughDependencies,
): void {
  const sample = vscode.Uri.joinPath(context.extensionUri, "media", "sample", "checkpoint.tar.gz");
  context.subscriptions.push(
    new Lessons(images, explain),
    command("cryoscope.openSample", async () => {
      await checkpoint.open(sample);
      await vscode.commands.executeCommand("setContext", "cryoscope.learned.sample", true);
      await vscode.commands.executeCommand("cryoscope.checkpoint.focus");
    }),
    command("cryoscope.sample.show", async (image?: unknown, path?: unknown, explained?: unknown) => {
      if (typeof image !== "string") return;
      const uri = await checkpoint.imageUri(sample, image);
      if (!uri) return;
      await images.openAt(uri, typeof path === "string" ? path : "");
      if (explained === true) await vscode.commands.executeCommand("cryoscope.explain.focus");
    }),
  );
}
