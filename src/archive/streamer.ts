// What `criu dump --stream` leaves: criu-image-streamer's shards. The stream is a row of { u32 size, marker, data }, dealt out
// over one or several files; the markers' numbers put it together again (criu-image-streamer: proto/image.proto, src/util.rs).
import { cachedSource, joinedSource, sliceSource, type ByteSource } from "../bytes/index.ts";
import { printable } from "./errors.ts";
import { treeIndex } from "./indexed.ts";
import { readMarker, type Marker } from "./streamer-marker.ts";
import type { FileTree } from "./tree.ts";

/** Markers of all shards together, so that memory stays bounded. CRIU hands over at most 1 MiB at a time. */
const MAX_MARKERS = 1 << 18;
const MAX_FILES = 1 << 16;

export interface Shard {
  readonly name: string;
  readonly source: ByteSource;
}

/** Whether a source begins with the marker of a stream: a small size and a message with a number and one thing more. */
export async function isStreamerShard(source: ByteSource): Promise<boolean> {
  return (await readMarker(source, 0)) !== undefined;
}

/** Files of a folder that are looked at for shards. */
const MAX_SHARDS = 256;

/**
 * The shards directly in a folder; none when images lie in it. What CRIU keeps beside a stream (logs, statistics) is left out.
 */
export async function shardsIn(folder: FileTree): Promise<readonly Shard[]> {
  const files = (await folder.list("").catch(() => [])).filter(
    ({ kind, size }) => kind === "file" && size > 0,
  );
  if (files.length > MAX_SHARDS || files.some(({ name }) => name.endsWith(".img"))) return [];
  const shards: Shard[] = [];
  for (const { path, name } of files) {
    // A file that can't be opened is nobody's shard.
    const source = await folder.open(path).catch(() => undefined);
    if (!source) continue;
    if (await isStreamerShard(source)) shards.push({ name, source });
    else await source.close?.();
  }
  return shards;
}

/**
 * The files in the shards of one stream, in any order. What is missing (a shard, an end) or makes no sense becomes a problem of
 * the tree, and the rest stays usable. Throws only what the sources throw.
 */
export async function openStreamer(
  shards: readonly Shard[],
  name: string,
  close?: () => Promise<void>,
  problem?: string,
): Promise<FileTree> {
  const index = treeIndex();
  if (problem !== undefined) index.problem(problem);
  const stream: Chunk[] = [];
  for (const shard of shards)
    await readShard(shard, stream, (text) => {
      index.problem(text);
    });
  stream.sort((a, b) => a.marker.seq - b.marker.seq);

  const files = new Map<string, StreamedFile>();
  let current: StreamedFile | undefined;
  let next = 0;
  let isWhole = false;
  for (const { marker, data, shard } of stream) {
    if (marker.seq < next) {
      index.problem(
        `Marker ${marker.seq} of ${printable(shard)} appears more than once; the first one counts.`,
      );
      continue;
    }
    if (marker.seq > next) {
      index.problem(`Markers ${next} to ${marker.seq - 1} are missing: is a shard?`);
      // What follows need not belong to the file that was open.
      current = undefined;
    }
    next = marker.seq + 1;
    if (marker.filename !== undefined) {
      current = files.get(marker.filename);
      if (!current && files.size >= MAX_FILES) {
        index.problem(`The stream holds more than ${MAX_FILES} files; the first ones are shown.`);
        break;
      }
      // CRIU writes several files at a time and names each again when it goes on with it.
      current ??= { parts: [], size: 0, isWhole: false };
      files.set(marker.filename, current);
    } else if (data) {
      if (current) {
        current.parts.push(data);
        current.size += data.size;
      } else index.problem(`Data of marker ${marker.seq} belongs to no file.`);
    } else if (marker.fileEof && current) current.isWhole = true;
    isWhole ||= marker.imageEof;
  }
  if (!isWhole) index.problem("The stream has no end: it was cut off, or a shard is missing.");
  for (const [file, { parts, size, isWhole }] of files) {
    if (!isWhole) index.problem(`${printable(file)} has no end; what is there of it is shown.`);
    index.add({ name: file, kind: "file", size, body: joinedSource(parts) });
  }
  return index.tree(name, close);
}

interface Chunk {
  readonly shard: string;
  readonly marker: Marker;
  readonly data: ByteSource | undefined;
}

interface StreamedFile {
  readonly parts: ByteSource[];
  size: number;
  isWhole: boolean;
}

async function readShard(
  { name, source }: Shard,
  stream: Chunk[],
  problem: (text: string) => void,
): Promise<void> {
  const markers = cachedSource(source, 2);
  for (let at = 0; at < source.size;) {
    if (stream.length >= MAX_MARKERS) {
      problem(`The stream has more than ${MAX_MARKERS} markers; the first ones are used.`);
      return;
    }
    const found = await readMarker(markers, at);
    if (!found) {
      problem(`${printable(name)} breaks off at byte ${at}: there is no marker.`);
      return;
    }
    const { marker, end } = found;
    const size = Math.min(marker.fileData ?? 0, source.size - end);
    if (size < (marker.fileData ?? 0))
      problem(
        `${printable(name)} is cut short: ${marker.fileData ?? 0} bytes were expected, ${size} are there.`,
      );
    const data = size > 0 ? sliceSource(source, end, size) : undefined;
    stream.push({ shard: name, marker, data });
    at = end + size;
  }
}
