// Checkpoints in steps: memory is written while the container runs, then only what has changed since. The earlier step's
// files become part of the later checkpoint, so that one alone opens and restores, and either may be deleted.
import { copyFile, link, lstat, mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { extract, pack } from "tar-stream";
import type { Header } from "tar-stream";
import type { CheckpointOptions } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import type { SavedCheckpoint, Snapshot } from "./snapshot.ts";

/** Where in a checkpoint's folder the one before it lies; its images are in `checkpoint` there. */
export const PREVIOUS = "previous";

/** Where the pre-checkpoint lies that `options` build on. Throws `engine.notPreCheckpoint` when it is none of this container. */
export function previousOf(
  { previous }: CheckpointOptions,
  containerId: string,
  kind: SavedCheckpoint["kind"] & ("archive" | "folder"),
): string | undefined {
  if (previous === undefined) return undefined;
  const { checkpoint } = previous;
  const fits = previous.pre === true && previous.container.id === containerId && checkpoint.kind === kind;
  // Both kinds that `kind` may be have a path.
  if (!fits || !("path" in checkpoint)) throw engineErrors.notPreCheckpoint(previous.name);
  return checkpoint.path;
}

/** Throws `engine.preCheckpoint` for a snapshot that holds nothing but memory, `engine.sealedSnapshot` for one nobody here can read. */
export function assertWhole({ pre, sealedFor, name }: Snapshot): void {
  if (sealedFor !== undefined) throw engineErrors.sealedSnapshot(name);
  if (pre === true) throw engineErrors.preCheckpoint(name);
}

const DEPTH = 64;

/** Makes a folder of the files of another: linked, so that no byte is written twice, or copied where that can't be. */
export async function linkFolder(from: string, to: string, depth = 0): Promise<void> {
  if (depth > DEPTH) throw engineErrors.archiveUnreadable(from, "its folders are too deep");
  await mkdir(to, { mode: 0o700 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkFolder(source, target, depth + 1);
    else if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isFile()) await link(source, target).catch(() => copyFile(source, target));
  }
}

/** Podman's own name of a pre-checkpoint in archives; `checkpoint/parent` leads there (libpod/container_internal.go). */
const PRE = "pre-checkpoint";

/** Before the bytes of a checkpoint's archive, as they come, the pre-checkpoint of another one. */
export async function withPrevious(archive: string, body: Readable): Promise<Readable> {
  const found = await lstat(archive).catch(() => undefined);
  if (found?.isFile() !== true) {
    body.destroy();
    throw engineErrors.archiveUnreadable(archive, "it is no file");
  }
  const merged = Readable.from(mergedBytes(archive, body), { objectMode: false });
  // Whoever gives up the whole gives up its parts.
  merged.once("close", () => body.destroy());
  return merged;
}

async function* mergedBytes(archive: string, body: Readable): AsyncGenerator<Uint8Array> {
  const entries = extract();
  const file = createReadStream(archive);
  file.once("error", (error) => {
    entries.destroy(engineErrors.archiveUnreadable(archive, error));
  });
  file.pipe(entries);
  try {
    for await (const entry of entries)
      if (entry.header.name === PRE || entry.header.name.startsWith(`${PRE}/`))
        yield* entryBytes(entry.header, Readable.from(entry, { objectMode: false }));
      else entry.resume();
  } catch (error) {
    throw engineErrors.archiveUnreadable(archive, error);
  } finally {
    file.destroy();
  }
  yield* body as AsyncIterable<Uint8Array>;
}

/** An archive ends with as many zeros (tar(5)). */
const END = 1024;

/** One entry of a tar, without an archive's end. */
async function* entryBytes(header: Header, content: Readable): AsyncGenerator<Uint8Array> {
  const tar = pack();
  if (header.type === "file") {
    content.once("error", (error) => {
      tar.destroy(error);
    });
    content.pipe(
      tar.entry(header, (error) => {
        if (error) tar.destroy(error);
        else tar.finalize();
      }),
    );
  } else {
    content.resume();
    tar.entry(header);
    tar.finalize();
  }
  let held = Buffer.alloc(0);
  for await (const bytes of tar) {
    // A pack gives Buffers.
    const all = Buffer.concat([held, bytes as Buffer]);
    held = all.subarray(Math.max(0, all.length - END));
    yield all.subarray(0, all.length - held.length);
  }
}
