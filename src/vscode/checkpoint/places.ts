import type * as vscode from "vscode";
import { listLayerFiles } from "../../checkpoint/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { layerFileUri } from "./uris.ts";

/**
 * Where the image at a path of the checkpoint can be opened; undefined when it isn't there, or is no image. Every file of a
 * snapshot that CRIU didn't make opens, as bytes.
 */
export function imagePlace(
  id: string,
  checkpoint: Checkpoint,
  file: string | undefined,
): vscode.Uri | undefined {
  for (const layer of checkpoint.layers)
    for (const { name, path, isImage } of listLayerFiles(layer))
      if (path === file && (isImage || checkpoint.foreign !== undefined))
        return layerFileUri(id, layer, name);
  return undefined;
}
