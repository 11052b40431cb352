import { openInLayer, pathInLayer, readPages } from "../checkpoint/index.ts";
import type { Checkpoint, Layer } from "../checkpoint/index.ts";
import { openImage, pageSizeOf, readEntries } from "../criu/index.ts";
import type { MessageMap, MessageName } from "../criu/index.ts";
import { procfsErrors } from "./errors.ts";

/** Decoded images that are kept: enough for one process and what is common to all. */
const KEPT = 32;
/** Entries taken of one image: more than Linux lets a process have of anything. */
const MAX_ENTRIES = 1_048_576;
/** Longest stretch of memory that is read into a file (`environ`). The kernel's own limit is 6 MiB for both. */
const MAX_MEMORY = 8 * 1024 * 1024;

export type FileEntry = MessageMap["file_entry"];

/** The images that files of /proc are made of, decoded when asked for; the last few are kept. */
export interface Images {
  /** All entries of an image of the newest layer; none where the image is absent. Throws `procfs.unreadable`. */
  all<Name extends MessageName>(
    file: string,
    message: Name,
    options?: EntryOptions,
  ): Promise<readonly MessageMap[Name][]>;
  /** The first entry; undefined where the image is absent. Throws `procfs.unreadable`. */
  one<Name extends MessageName>(file: string, message: Name): Promise<MessageMap[Name] | undefined>;
  /** files.img by id. */
  files(): Promise<ReadonlyMap<number, FileEntry>>;
  /** Gives what was made for `key` before, or makes it. A key belongs to one type. The longest unused is forgotten. */
  keep<T>(key: string, make: () => Promise<T>): Promise<T>;
  has(file: string): boolean;
  /** Names of the images that match. */
  names(pattern: RegExp): readonly string[];
  /** `[start, end)` of a process's memory, undefined where it isn't in the checkpoint. At most 8 MiB. */
  memory(pid: number, start: bigint, end: bigint): Promise<Uint8Array | undefined>;
  /** Bytes a page, as the process was told. */
  pageSize(pid: number): Promise<number>;
}

export interface EntryOptions {
  readonly limit?: number;
}

/** Makes the images of a checkpoint ready to be read. */
export function imagesOf(checkpoint: Checkpoint): Images {
  const { layers } = checkpoint;
  const [layer] = layers;
  const kept = new Map<string, Promise<unknown>>();

  function keep<T>(key: string, make: () => Promise<T>): Promise<T> {
    // What is under a key was made by the `make` of that key, which is always of the same type.
    const made = (kept.get(key) as Promise<T> | undefined) ?? make();
    kept.delete(key);
    kept.set(key, made);
    made.catch(() => kept.delete(key));
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return made;
  }

  const all: Images["all"] = (file, message, { limit = MAX_ENTRIES } = {}) =>
    keep(`${file} ${message} ${limit}`, async () =>
      layer?.files.get(file)?.kind === "file" ? readAll(layer, file, message, limit) : [],
    );
  const one: Images["one"] = async (file, message) => (await all(file, message, { limit: 1 }))[0];
  const pageSize = async (pid: number): Promise<number> => {
    const mm = await one(`mm-${pid}.img`, "mm_entry");
    return mm === undefined ? 4096 : pageSizeOf(mm, mm.vmas);
  };
  return {
    keep,
    all,
    one,
    files: () =>
      keep("files by id", async () => {
        const entries = await all("files.img", "file_entry");
        return new Map(entries.map((entry) => [entry.id, entry]));
      }),
    has: (file) => layer?.files.get(file)?.kind === "file",
    names: (pattern) => [...(layer?.files.keys() ?? [])].filter((name) => pattern.test(name)),
    pageSize,
    memory: async (pid, start, end) => {
      if (end <= start) return new Uint8Array();
      const length = Number(end - start > BigInt(MAX_MEMORY) ? BigInt(MAX_MEMORY) : end - start);
      const pieces = await readPages(
        layers,
        String(pid),
        start,
        length,
        await pageSize(pid),
        () => undefined,
      );
      const bytes = pieces.flatMap((piece) => (piece.bytes === undefined ? [] : [piece.bytes]));
      return bytes.length === pieces.length ? new Uint8Array(Buffer.concat(bytes)) : undefined;
    },
  };
}

async function readAll<Name extends MessageName>(
  layer: Layer,
  file: string,
  message: Name,
  limit: number,
): Promise<readonly MessageMap[Name][]> {
  const source = await openInLayer(layer, file);
  if (source === undefined) return [];
  try {
    const image = await openImage(file, source, { seal: layer.seal });
    const entries: MessageMap[Name][] = [];
    let trouble = image.problems[0]?.message;
    for await (const entry of readEntries(image, message, (problem) => (trouble ??= problem.message))) {
      entries.push(entry);
      if (entries.length === limit) break;
    }
    // A broken end is told elsewhere; without a beginning there is nothing to show.
    if (entries.length === 0 && trouble !== undefined)
      throw procfsErrors.unreadable(pathInLayer(layer, file), trouble);
    return entries;
  } finally {
    await source.close?.();
  }
}
