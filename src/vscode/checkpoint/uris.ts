import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Layer } from "../../checkpoint/index.ts";
import * as vscode from "vscode";

/** Scheme of files inside an open checkpoint: `cryoscope:/ID/path/in/it`. */
export const SCHEME = "cryoscope";

/** First part of the path of a parent layer that lies outside of what was opened. No real folder is called so. */
const LAYER = /^@layer-(\d{1,3})$/;

/** The same for the same place, so that editors find their file again after a reload. Begins with the place's name. */
export function checkpointId(source: vscode.Uri): string {
  const hash = createHash("sha256").update(source.toString()).digest("hex").slice(0, 8);
  const name = basename(source.path)
    .replace(/[^\w.-]+/g, "_")
    .slice(0, 60);
  return `${name}~${hash}`;
}

export function fileUri(id: string, path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SCHEME, path: path === "" ? `/${id}` : `/${id}/${path}` });
}

/** URI of a file of a layer. `tree` is that of the checkpoint: a layer in another tree gets a folder of its own. */
export function layerFileUri(id: string, layer: Layer, tree: Layer["tree"], name: string): vscode.Uri {
  if (layer.tree !== tree) return fileUri(id, `@layer-${layer.index}/${name}`);
  return fileUri(id, layer.folder === "" ? name : `${layer.folder}/${name}`);
}

export interface InCheckpoint {
  readonly id: string;
  /** Path in the tree, or in the layer's folder when `layer` is given. */
  readonly path: string;
  readonly layer: number | undefined;
}

export function parseFileUri(uri: vscode.Uri): InCheckpoint {
  const [, id = "", ...parts] = uri.path.split("/");
  const layer = LAYER.exec(parts[0] ?? "")?.[1];
  return layer === undefined
    ? { id, path: parts.join("/"), layer: undefined }
    : { id, path: parts.slice(1).join("/"), layer: Number(layer) };
}
