import * as vscode from "vscode";
import type { Content } from "../../checkpoint/index.ts";
import { findDefinition } from "../../criu/index.ts";
import type { Place, Reference } from "../../criu/index.ts";
import { saveBytes, siblings } from "../image-editor/index.ts";
import type { ImageEditor } from "../image-editor/index.ts";
import { command, signalOf } from "../messages.ts";
import type { ResolveImage } from "../resolved.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";
import { itemOf } from "./row-items.ts";
import type { Row } from "./rows.ts";
import { layerFileUri } from "./uris.ts";

/** The commands of the context menu of the *Checkpoint* view that need the image editor. */
export function registerRowCommands(images: ImageEditor, resolve: ResolveImage): vscode.Disposable {
  return vscode.Disposable.from(
    command("cryoscope.checkpoint.goToEntry", async (row?: Row) => {
      const reference = row && referenceOf(row);
      if (row && reference) await goToEntry(row, reference, images, resolve);
    }),
    command("cryoscope.checkpoint.copyRow", async (row?: Row) => {
      if (row) await vscode.env.clipboard.writeText(textOf(row));
    }),
    command("cryoscope.checkpoint.saveContent", async (row?: Row) => {
      const content = row?.kind === "fact" ? row.fact.content : undefined;
      if (row === undefined || content === undefined) return;
      await saveContent(row.entry, content);
    }),
    command("cryoscope.checkpoint.find", async () => {
      await vscode.commands.executeCommand("cryoscope.checkpoint.focus");
      await vscode.commands.executeCommand("list.find");
    }),
  );
}

/** Asks for a name and writes the bytes there, with progress and a button to cancel. */
async function saveContent(entry: OpenCheckpoint, content: Content): Promise<void> {
  const name = content.from === "image" ? content.file : content.name;
  const target = await vscode.window.showSaveDialog({
    title: "Save Bytes",
    defaultUri: vscode.Uri.joinPath(entry.source, "..", `${name}.bin`),
  });
  if (target === undefined) return;
  const source = await (await entry.load()).openContent(content);
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Saving bytes of ${name}`, cancellable: true },
      (_progress, token) =>
        saveBytes(
          source,
          { start: 0, end: source.size },
          target.fsPath,
          entry.source.fsPath,
          signalOf(token),
        ),
    );
  } finally {
    await source.close?.();
  }
}

/** What the image entry is known by that a row was made from. */
function referenceOf(row: Row): Reference | undefined {
  switch (row.kind) {
    case "process":
      return { space: "pid", key: BigInt(row.process.pid) };
    case "openFile":
      return { space: "file", key: BigInt(row.file.id) };
    case "mapping":
      return row.mapping.fileId === undefined
        ? { space: "vm", key: BigInt(row.process.pid) }
        : { space: "file", key: BigInt(row.mapping.fileId) };
    case "mount":
      return row.mount.id === undefined ? undefined : { space: "mount", key: BigInt(row.mount.id) };
    default:
      return undefined;
  }
}

async function goToEntry(
  row: Row,
  reference: Reference,
  images: ImageEditor,
  resolve: ResolveImage,
): Promise<void> {
  const checkpoint = await row.entry.load();
  const [layer] = checkpoint.layers;
  if (layer === undefined) return;
  const inventory = layerFileUri(row.entry.id, layer, "inventory.img");
  const place: Place | undefined = await findDefinition(reference, await siblings(inventory, resolve));
  if (place) await images.openAt(layerFileUri(row.entry.id, layer, place.file), place.path);
  else void vscode.window.showInformationMessage("The images have no entry of their own for this row.");
}

/** Label and description, as the row shows them. */
function textOf(row: Row): string {
  const { label, description } = itemOf(row);
  const text = typeof label === "object" ? label.label : (label ?? "");
  return [text, typeof description === "string" ? description : ""].filter((each) => each !== "").join(" ");
}
