// The index that `ctr container checkpoint` and `ctr task checkpoint` make: blobs of media types of its own, shown here as
// the files that other engines write (containerd: core/images/mediatypes.go, client/task.go, client/container_checkpoint_opts.go).
import { readExactly, sliceSource, type ByteSource } from "../../bytes/index.ts";
import { treeIndex } from "../indexed.ts";
import { mountedTree, type Mount } from "../mounted.ts";
import type { FileTree } from "../tree.ts";
import type { BlobStore } from "./blobs.ts";
import type { Descriptor } from "./descriptor.ts";

const TYPES = "application/vnd.containerd.container.";

/** Tars of CRIU images, shown as folders. */
const FOLDERS: Readonly<Record<string, string>> = {
  "criu.checkpoint.criu.tar": "checkpoint",
  "criu.checkpoint.predump.tar": "pre-checkpoint",
};

/** Other blobs, shown as files. */
const FILES: Readonly<Record<string, string>> = {
  "checkpoint.config.v1+proto": "config.pb",
  "checkpoint.options.v1+proto": "options.pb",
  "checkpoint.runtime.name": "runtime.name",
  "checkpoint.runtime.options+proto": "runtime-options.pb",
};

/** A container's own changes; the CRI plugin's archives call it by this name too. */
const LAYER = "application/vnd.oci.image.layer.v1.tar";

/** Opens the blobs of such an index as one tree. `openTar` opens a tar of images. */
export async function openContainerdCheckpoint(
  name: string,
  blobs: BlobStore,
  descriptors: readonly Descriptor[],
  openTar: (source: ByteSource, name: string) => Promise<FileTree>,
  problem: (text: string) => void,
): Promise<FileTree> {
  const index = treeIndex();
  const mounts: Mount[] = [];
  for (const { mediaType, digest } of descriptors) {
    const source = await blobs.open(digest).catch(() => undefined);
    if (source === undefined) {
      problem(`The blob ${digest} (${mediaType}) is missing.`);
      continue;
    }
    const type = mediaType.startsWith(TYPES) ? mediaType.slice(TYPES.length) : "";
    const folder = FOLDERS[type];
    const file = FILES[type] ?? (mediaType.startsWith(LAYER) ? "rootfs-diff.tar" : undefined);
    if (folder !== undefined) {
      const tree = await openTar(source, folder).catch((error: unknown) => {
        problem(`The blob ${digest} (${mediaType}) can't be opened: ${(error as Error).message}`);
      });
      if (tree) mounts.push({ folder, open: () => Promise.resolve(tree) });
    } else if (file !== undefined) index.add({ name: file, kind: "file", size: source.size, body: source });
    if (file === "config.pb") {
      const spec = await specOf(source);
      if (spec !== undefined) index.add({ name: "spec.dump", kind: "file", size: spec.size, body: spec });
    }
  }
  const tree = mountedTree(index.tree(name), mounts);
  // So that they are closed with the tree, and their problems are heard.
  for (const { folder } of mounts) await tree.list(folder);
  return tree;
}

const MAX_SPEC = 16 * 1024 * 1024;

/** The OCI spec in a `google.protobuf.Any` (field 1 its type, field 2 its bytes), where it is JSON as containerd writes it. */
async function specOf(source: ByteSource): Promise<ByteSource | undefined> {
  const bytes = await readExactly(source, 0, Math.min(source.size, MAX_SPEC));
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0;
    let length = 0;
    let shift = 0;
    let more = true;
    for (at++; more && shift < 35; at++, shift += 7) {
      const byte = bytes[at] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
      more = byte >= 0x80;
    }
    // Both fields have a length; anything else is no Any.
    if ((tag & 7) !== 2 || at + length > bytes.length) return undefined;
    if (tag >> 3 === 2) return bytes[at] === 0x7b ? sliceSource(source, at, length) : undefined;
    at += length;
  }
  return undefined;
}
