import { decodeText } from "../bytes/index.ts";
import type { Checkpoint } from "../checkpoint/index.ts";
import { procfsErrors } from "./errors.ts";
import { imagesOf } from "./images.ts";
import type { ProcEntry, ProcFs, ProcStat } from "./model.ts";
import { folder } from "./nodes.ts";
import type { FolderNode, Node } from "./nodes.ts";
import { processFolder } from "./process-folder.ts";
import { systemFolder } from "./system-folder.ts";
import { bytesOf } from "./text.ts";

/** Texts that are kept for the `read` behind a `stat`, and how many bytes of them. */
const KEPT_TEXTS = 16;
const KEPT_BYTES = 16 * 1024 * 1024;
/** Deepest path: `1/task/1/fdinfo/3` has five parts. */
const MAX_DEPTH = 16;

/** Makes the frozen /proc of a checkpoint. Nothing is read before it is asked for. */
export function openProcFs(checkpoint: Checkpoint): ProcFs {
  const root = rootFolder(checkpoint);
  const texts = new Map<string, Promise<Uint8Array | undefined>>();
  const sizes = new Map<string, number>();

  async function find(path: string): Promise<Node | undefined> {
    const parts = path.split("/").filter((part) => part !== "");
    if (parts.length > MAX_DEPTH) return undefined;
    let node: Node | undefined = root;
    for (const part of parts) node = node?.kind === "folder" ? await node.child(part) : undefined;
    return node;
  }

  /** What `node` reads as; undefined where the checkpoint doesn't know. Made once for `stat` and `read`. */
  function contentOf(path: string, node: Exclude<Node, FolderNode>): Promise<Uint8Array | undefined> {
    const made = texts.get(path) ?? make(path, node);
    texts.delete(path);
    texts.set(path, made);
    made.then(
      (bytes) => {
        sizes.set(path, bytes?.length ?? 0);
        prune();
      },
      () => texts.delete(path),
    );
    return made;
  }

  function prune(): void {
    let total = [...texts.keys()].reduce((sum, path) => sum + (sizes.get(path) ?? 0), 0);
    for (const path of texts.keys()) {
      if (texts.size <= KEPT_TEXTS && total <= KEPT_BYTES) break;
      total -= sizes.get(path) ?? 0;
      texts.delete(path);
      sizes.delete(path);
    }
  }

  return {
    list: async (path) => {
      const node = await find(path);
      if (node === undefined) throw procfsErrors.notFound(path);
      if (node.kind !== "folder") throw procfsErrors.notAFolder(path);
      const entries: ProcEntry[] = [];
      for (const name of await node.list()) {
        const child = await node.child(name);
        if (child !== undefined && (child.kind === "folder" || (await isThere(child))))
          entries.push({ name, kind: child.kind });
      }
      return entries;
    },
    stat: async (path): Promise<ProcStat | undefined> => {
      const node = await find(path);
      if (node === undefined) return undefined;
      const name = path.slice(path.lastIndexOf("/") + 1);
      if (node.kind === "folder") return { name, kind: "folder", size: 0 };
      const bytes = await contentOf(path, node);
      if (bytes === undefined) return undefined;
      return {
        name,
        kind: node.kind,
        size: bytes.length,
        ...(node.kind === "link" && { target: decodeText(bytes) }),
      };
    },
    read: async (path) => {
      const node = await find(path);
      if (node?.kind === "folder") throw procfsErrors.notAFile(path);
      const bytes = node && (await contentOf(path, node));
      if (bytes === undefined) throw procfsErrors.notFound(path);
      return bytes;
    },
  };
}

async function make(path: string, node: Exclude<Node, FolderNode>): Promise<Uint8Array | undefined> {
  const content = node.kind === "link" ? await node.target() : await node.write();
  return content === undefined ? undefined : bytesOf(content, path);
}

/** Whether a checkpoint knows the content. Long contents are lines that nobody asked for yet, so this costs little. */
async function isThere(node: Exclude<Node, FolderNode>): Promise<boolean> {
  try {
    return (await (node.kind === "link" ? node.target() : node.write())) !== undefined;
  } catch {
    // It should be there; reading it tells why it can't be.
    return true;
  }
}

function rootFolder(checkpoint: Checkpoint): FolderNode {
  const images = imagesOf(checkpoint);
  const system = systemFolder(checkpoint, images);
  return folder(
    async () => [...checkpoint.processes.map(({ pid }) => String(pid)), ...(await system.list())],
    (name) => {
      const process = /^[1-9]\d{0,9}$/.test(name) ? checkpoint.process(Number(name)) : undefined;
      return process === undefined
        ? system.child(name)
        : Promise.resolve(processFolder(checkpoint, images, process));
    },
  );
}
