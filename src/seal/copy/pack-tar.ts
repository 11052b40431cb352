import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { pack } from "tar-stream";
import type { FileTree } from "../../archive/index.ts";
import { readChunks } from "../../bytes/index.ts";
import { walkFolders } from "./walk.ts";

const CHUNK = 1 << 20;

/** A tree as a tar archive, piece by piece. Links are packed as links. */
export async function* packTar(tree: FileTree): AsyncGenerator<Uint8Array> {
  const archive = pack();
  const filled = fill(archive, tree).catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new NotPacked(String(error)));
  });
  for await (const bytes of archive) yield bytes as Uint8Array;
  await filled;
}

class NotPacked extends Error {}

async function fill(archive: ReturnType<typeof pack>, tree: FileTree): Promise<void> {
  for await (const { entries } of walkFolders(tree))
    for (const { kind, path, size, mode, mtime } of entries) {
      const header = {
        name: path,
        ...(mode !== undefined && { mode }),
        ...(mtime !== undefined && { mtime: new Date(mtime) }),
      };
      if (kind === "folder") archive.entry({ ...header, type: "directory" });
      else if (kind === "link")
        archive.entry({ ...header, type: "symlink", linkname: await tree.readLink(path) });
      else if (kind === "file") {
        const source = await tree.open(path);
        try {
          const entry = archive.entry({ ...header, size });
          Readable.from(readChunks(source, { chunk: CHUNK }), { objectMode: false }).pipe(entry);
          await finished(entry);
        } finally {
          await source.close?.();
        }
      }
    }
  archive.finalize();
}
