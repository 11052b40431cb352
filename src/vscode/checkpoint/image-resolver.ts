import { basename, dirname } from "node:path";
import type * as vscode from "vscode";
import { joinPath, openTree } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import { hintBeside, INVENTORY_IMAGE } from "../../criu/index.ts";
import type { SealFor } from "../../checkpoint/index.ts";
import { bufferSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { ResolveImage, ResolvedImage } from "../resolved.ts";
import type { Keys } from "../keys/index.ts";
import { explorerErrors } from "./errors.ts";
import type { OpenCheckpoints } from "./open-checkpoints.ts";
import type { CheckpointFolders } from "./files/checkpoint-folders.ts";
import { parseFileUri, SCHEME } from "./uris.ts";

/** Never sealed, so never a reason to ask for a key (CRIU leaves them clear even in sealed dumps). */
const NEVER_SEALED = new Set(["cipher.img", "stats-dump", "stats-restore"]);

/** Longest file of the frozen /proc. */
const MAX_MADE = 64 * 1024 * 1024;

/** How the image editor gets at bytes and keys: on disk, or inside an open checkpoint. */
export function createImageResolver(
  checkpoints: OpenCheckpoints,
  folders: CheckpointFolders,
  sealFor: Keys["sealFor"],
): ResolveImage {
  return async (uri, { locked, unlock = false } = {}) => {
    const find: SealFor = (layer) => sealFor(layer, locked);
    if (uri.scheme === "file") return onDisk(find, uri);
    if (uri.scheme !== SCHEME) throw explorerErrors.notOnDisk(uri.toString());
    if (unlock) await checkpoints.get(parseFileUri(uri).id)?.unlock();
    return inCheckpoint(folders, find, uri);
  };
}

async function inCheckpoint(
  folders: CheckpointFolders,
  sealFor: SealFor,
  uri: vscode.Uri,
): Promise<ResolvedImage> {
  const { id, path } = parseFileUri(uri);
  const { place } = await folders.get(id);
  const found = await place.locate(path);
  if (found !== undefined) return resolved(found.tree, found.path, sealFor);
  // It lies in no tree: it is a text that was made.
  const source = bufferSource(await place.read(path, MAX_MADE));
  return { name: path.slice(path.lastIndexOf("/") + 1), source, seal: undefined };
}

async function onDisk(sealFor: SealFor, uri: vscode.Uri): Promise<ResolvedImage> {
  const tree = await openTree(dirname(uri.fsPath));
  const image = await resolved(tree, basename(uri.fsPath), sealFor).catch(async (error: unknown) => {
    await tree.close();
    throw error;
  });
  // The tree was opened for this one file and closes with it.
  const close = async (): Promise<void> => {
    await image.source.close?.();
    await tree.close();
  };
  const { source } = image;
  return { ...image, source: { size: source.size, read: (at, length) => source.read(at, length), close } };
}

async function resolved(tree: FileTree, path: string, sealFor: SealFor): Promise<ResolvedImage> {
  const slash = path.lastIndexOf("/");
  const folder = path.slice(0, Math.max(0, slash));
  const name = path.slice(slash + 1);
  const cipherPath = folder === "" ? "cipher.img" : `${folder}/cipher.img`;
  const isSealed = !NEVER_SEALED.has(name) && (await tree.stat(cipherPath))?.kind === "file";
  const source: ByteSource = await tree.open(path);
  try {
    const [seal, hint] = await Promise.all([
      isSealed ? sealFor({ folder, tree, cipherPath }) : undefined,
      hintBeside(name, () => tree.open(joinPath(folder, INVENTORY_IMAGE))),
    ]);
    return { name, source, seal, hint };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}
