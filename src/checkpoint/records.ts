import type { FileTree } from "../archive/index.ts";
import { bufferSource } from "../bytes/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import { criuErrors, decodeAs, openImage, readEntries } from "../criu/index.ts";
import type { Image, ImageSeal, MessageMap, MessageName, PayloadNode, Problem } from "../criu/index.ts";
import { pathInLayer } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { pacer } from "./pace.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";

/** Opens the image at `path` for as long as `use` runs: descriptors are few, images many. */
export async function withImage<T>(
  tree: FileTree,
  path: string,
  seal: ImageSeal | undefined,
  use: (image: Image) => Promise<T>,
): Promise<T> {
  const opened = await tree.open(path);
  try {
    // Most images are small: one read is quicker than the steps in which bigger ones are looked through.
    const source = opened.size <= SMALL ? bufferSource(await opened.read(0, opened.size)) : opened;
    return await use(await openImage(path.slice(path.lastIndexOf("/") + 1), source, { seal }));
  } finally {
    await opened.close?.();
  }
}

const SMALL = 64 * 1024;

/**
 * The entries of an image as plain objects, at most `limit`. What is wrong with the image is reported, and the rest
 * of it given; an image that is absent has no entries: CRIU writes no file for a kind it had nothing of.
 */
export function readRecords<Name extends MessageName>(
  layer: Layer,
  file: string,
  message: Name,
  report: Report,
  limit: number,
): Promise<readonly MessageMap[Name][]> {
  if (layer.files.get(file)?.kind !== "file") return Promise.resolve([]);
  const path = pathInLayer(layer, file);
  const told: Problem[] = [];
  const tell: Report = (problem) => {
    told.push(problem);
    report(problem);
  };
  return readRecordsAt(layer.tree, path, layer.seal, message, tell, limit, () => {
    const known = readToEnd.get(layer) ?? new Map<string, readonly Problem[]>();
    readToEnd.set(layer, known.set(path, told.length === 0 ? NO_PROBLEMS : told));
  });
}

const NO_PROBLEMS: readonly Problem[] = [];
/** What was wrong with the images that were read to their ends, by path. Layers never change. */
const readToEnd = new WeakMap<Layer, Map<string, readonly Problem[]>>();

/** What is wrong with an image of a layer, where that is known because all of it was read; else undefined. */
export const problemsKnownOf = (layer: Layer, path: string): readonly Problem[] | undefined =>
  readToEnd.get(layer)?.get(path);

/** An entry and the payloads behind it. */
export interface RecordWithPayloads<T> {
  readonly value: T;
  readonly payloads: readonly PayloadNode[];
}

/** The entries of an image together with where their payloads lie in it, at most `limit`. */
export async function readRecordsWithPayloads<Name extends MessageName>(
  layer: Layer,
  file: string,
  message: Name,
  report: Report,
  limit: number,
): Promise<readonly RecordWithPayloads<MessageMap[Name]>[]> {
  if (layer.files.get(file)?.kind !== "file") return [];
  const path = pathInLayer(layer, file);
  const tell: Report = (problem) => {
    report({ ...problem, file: path });
  };
  const records: RecordWithPayloads<MessageMap[Name]>[] = [];
  await orReport(report, path, undefined, () =>
    withImage(layer.tree, path, layer.seal, async (image) => {
      image.problems.forEach(tell);
      const pause = pacer();
      const { type } = image;
      if (type !== undefined && message !== (type.headMessage ?? type.message))
        throw criuErrors.wrongType(message, type.message ?? type.name, { file: path });
      for await (const { message: node, payloads, problems } of image.entries(0, limit)) {
        problems.forEach(tell);
        records.push({ value: decodeAs(message, node, tell, path), payloads });
        await pause();
      }
      if (image.entryCount > limit) tell(tooMany(path, image.entryCount, limit));
      return undefined;
    }),
  );
  return records;
}

/** `readRecords` for an image anywhere in a tree. `wasWhole` is called when all of it was read. */
export function readRecordsAt<Name extends MessageName>(
  tree: FileTree,
  path: string,
  seal: ImageSeal | undefined,
  message: Name,
  report: Report,
  limit: number,
  wasWhole?: () => void,
): Promise<readonly MessageMap[Name][]> {
  // What is reported from inside an image knows its file name, not its folder.
  const tell: Report = (problem) => {
    report({ ...problem, file: path });
  };
  return orReport<readonly MessageMap[Name][]>(report, path, [], () =>
    withImage(tree, path, seal, async (image) => {
      image.problems.forEach(tell);
      const records: MessageMap[Name][] = [];
      const pause = pacer();
      for await (const record of readEntries(image, message, tell)) {
        if (records.length === limit) {
          tell(tooMany(path, image.entryCount, limit));
          return records;
        }
        records.push(record);
        await pause();
      }
      // Of some images only the head was asked for, or entries that can't be told apart are left out.
      if (records.length === image.entryCount) wasWhole?.();
      return records;
    }),
  );
}

/** The only entry of an image; an absent or empty one is reported, for images every living process has. */
export async function readOne<Name extends MessageName>(
  layer: Layer,
  file: string,
  message: Name,
  report: Report,
): Promise<MessageMap[Name] | undefined> {
  if (layer.files.get(file)?.kind !== "file") {
    // A core says nothing of namespaces and folders.
    if (layer.tree.origin?.kind !== "core") report(imageMissing(pathInLayer(layer, file)));
    return undefined;
  }
  const [record] = await readRecords(layer, file, message, report, 1);
  return record;
}

/** Runs `use` on the plaintext of an image of a layer that is raw, as pages are, or has payloads. */
export function withPlainBytes<T>(
  layer: Layer,
  file: string,
  use: (source: ByteSource, image: Image) => Promise<T>,
): Promise<T> {
  return withImage(layer.tree, pathInLayer(layer, file), layer.seal, (image) => use(image.plain, image));
}

export const imageMissing = (file: string) =>
  ({
    code: "checkpoint.imageMissing",
    message: "The image is missing; what it holds cannot be shown.",
    severity: "error",
    file,
  }) as const;

const tooMany = (file: string, count: number, limit: number) =>
  ({
    code: "checkpoint.tooManyEntries",
    message: `The image has ${count} entries; the first ${limit} are shown.`,
    severity: "warning",
    file,
  }) as const;
