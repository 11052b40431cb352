import { basename, dirname } from "node:path";
import type * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import type { SealFor } from "../../checkpoint/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { ResolveImage, ResolvedImage } from "../resolved.ts";
import { explorerErrors } from "./errors.ts";
import { locate } from "./file-system.ts";
import type { OpenCheckpoints } from "./open-checkpoints.ts";
import { SCHEME } from "./uris.ts";

/** Never sealed, so never a reason to ask for a key (CRIU leaves them clear even in sealed dumps). */
const NEVER_SEALED = new Set(["cipher.img", "stats-dump", "stats-restore"]);

/** How the image editor gets at bytes and keys: on disk, or inside an open checkpoint. */
export function createImageResolver(checkpoints: OpenCheckpoints, sealFor: SealFor): ResolveImage {
  return (uri) => {
    if (uri.scheme === SCHEME) return inCheckpoint(checkpoints, sealFor, uri);
    if (uri.scheme === "file") return onDisk(sealFor, uri);
    throw explorerErrors.notOnDisk(uri.toString());
  };
}

async function inCheckpoint(
  checkpoints: OpenCheckpoints,
  sealFor: SealFor,
  uri: vscode.Uri,
): Promise<ResolvedImage> {
  const { tree, path } = await locate(checkpoints, uri);
  return resolved(tree, path, sealFor);
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
    return { name, source, seal: isSealed ? await sealFor({ folder, tree, cipherPath }) : undefined };
  } catch (error) {
    await source.close?.();
    throw error;
  }
}
