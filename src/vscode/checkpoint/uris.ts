import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Layer } from "../../checkpoint/index.ts";
import * as vscode from "vscode";
import { ARCHIVE, layerFolder } from "./files/checkpoint-places.ts";

/** Scheme of files inside an open checkpoint: `cryoscope:/ID/images/core-1.img`, `cryoscope:/ID/proc/1/maps`. */
export const SCHEME = "cryoscope";

/** The same for the same place, so that editors find their file again after a reload. Begins with the place's name. */
export function checkpointId(source: vscode.Uri): string {
  const hash = createHash("sha256").update(source.toString()).digest("hex").slice(0, 8);
  const name = basename(source.path)
    .replace(/[^\w.-]+/g, "_")
    .slice(0, 60);
  return `${name}~${hash}`;
}

/** URI of a checkpoint's own folder. */
export const checkpointUri = (id: string): vscode.Uri => vscode.Uri.from({ scheme: SCHEME, path: `/${id}` });

/** URI of a file of the checkpoint as it is packed. */
export const fileUri = (id: string, path: string): vscode.Uri => uriIn(id, ARCHIVE, path);

/** URI of a file of a layer, inside or outside of what was opened. */
export const layerFileUri = (id: string, layer: Layer, name: string): vscode.Uri =>
  uriIn(id, layerFolder(layer.index), name);

function uriIn(id: string, folder: string, path: string): vscode.Uri {
  return vscode.Uri.from({
    scheme: SCHEME,
    path: path === "" ? `/${id}/${folder}` : `/${id}/${folder}/${path}`,
  });
}

export interface InCheckpoint {
  readonly id: string;
  /** Below the checkpoint's own folder; "" is that folder. */
  readonly path: string;
}

export function parseFileUri(uri: vscode.Uri): InCheckpoint {
  const [, id = "", ...parts] = uri.path.split("/");
  return { id, path: parts.filter((part) => part !== "").join("/") };
}
