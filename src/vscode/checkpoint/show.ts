import * as vscode from "vscode";
import type { Checkpoint } from "../../checkpoint/index.ts";
import type { OverviewTarget } from "../../protocol/index.ts";
import { IMAGE_EDITOR } from "../image-editor/index.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import { imagePlace } from "./places.ts";
import type { Row } from "./rows.ts";

/** Selects in the *Checkpoint* view, or opens in an editor, what another view has a mark for. */
export async function showTarget(
  tree: vscode.TreeView<Row>,
  entry: OpenCheckpoint,
  target: OverviewTarget,
): Promise<void> {
  const checkpoint = await entry.load();
  if (target.kind === "file") {
    const uri = imagePlace(entry.id, checkpoint, target.path);
    if (uri) await vscode.commands.executeCommand("vscode.openWith", uri, IMAGE_EDITOR);
    return;
  }
  const row = await rowOf(entry, checkpoint, target);
  // The row may lie in a folded range of a long list, which the tree can't unfold by itself: then its process is shown.
  const process = row && (await rowOf(entry, checkpoint, { kind: "process", pid: target.pid }));
  for (const each of [row, process]) {
    if (each === undefined) return;
    try {
      await tree.reveal(each, { select: true, focus: true, expand: true });
      return;
    } catch {
      continue;
    }
  }
}

async function rowOf(
  entry: OpenCheckpoint,
  checkpoint: Checkpoint,
  target: Exclude<OverviewTarget, { readonly kind: "file" }>,
): Promise<Row | undefined> {
  const process = checkpoint.process(target.pid);
  if (process === undefined) return undefined;
  switch (target.kind) {
    case "process":
      return { kind: "process", entry, process };
    case "openFile": {
      const { value } = await checkpoint.openFiles(target.pid);
      const file = value.find(({ fd }) => fd === target.fd);
      return file && { kind: "openFile", entry, process, file };
    }
    case "mapping": {
      const { value } = await checkpoint.memoryMap(target.pid);
      const mapping = value.find(({ start }) => start.toString(16) === target.start);
      return mapping && { kind: "mapping", entry, process, mapping };
    }
  }
}
