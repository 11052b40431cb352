import { readChunks, readExactly } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import { openImage } from "../../criu/index.ts";
import type { EntryNode, Image, Problem } from "../../criu/index.ts";
import { sealErrors } from "../errors.ts";
import { sealGhost } from "./seal-ghost.ts";
import { RECORD_PIECE } from "./record-writer.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Kinds that CRIU writes in clear also in a sealed layer (PR 2297: `criu/protobuf.c`). */
const CLEAR_TYPES = new Set(["STATS", "CIPHER"]);
/** How raw images are sealed, by the kind of their body. All others, pages aside, are in clear. */
const RAW_BODIES = {
  netlink: sealNetlink,
  "text-output": sealOutput,
  "targz-output": sealOutput,
} as const;
const NETLINK_HEADER = 16;
/** A message that needs more is none. */
const MAX_NETLINK = 1 << 20;

/**
 * A plain image as CRIU would have sealed it; undefined for one that CRIU leaves in clear. Pages are not sealed here.
 * `onClear` is told, while it is read, that content of a ghost file stays in clear (`sealGhost`).
 * Throws `seal.damaged` for an image that can't be framed to its end: what isn't understood can't be sealed.
 */
export async function sealImage(
  name: string,
  source: ByteSource,
  writer: RecordWriter,
  onClear: () => void = () => undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const image = await openImage(name, source);
  const { type } = image;
  if (type === undefined || CLEAR_TYPES.has(type.name)) return undefined;
  if (type.magic === 0) {
    const seal = RAW_BODIES[type.payload as keyof typeof RAW_BODIES] as
      (typeof RAW_BODIES)[keyof typeof RAW_BODIES] | undefined;
    return seal?.(image, writer);
  }
  // Images of plugins have a form of their own, and CRIU's plugins don't seal.
  if (type.payload === "long-entry" || type.payload === "long-data") return undefined;
  return sealEntries(image, writer, onClear);
}

async function* sealEntries(
  image: Image,
  writer: RecordWriter,
  onClear: () => void,
): AsyncGenerator<Uint8Array> {
  const { source, name, problems } = image;
  const problem = problems.find(isError);
  if (problem) throw sealErrors.notUnderstood({ file: name, ...offsetOf(problem) }, problem.message);
  const start = image.header.at(-1)?.end ?? 0;
  yield await readExactly(source, 0, start, { file: name });
  for await (const entry of image.entries()) yield* sealEntry(image, entry, writer, onClear);
}

/** What is only odd, such as text that is no UTF-8, is sealed as it is. */
const isError = ({ severity }: Problem): boolean => severity === "error";

const offsetOf = ({ offset }: { readonly offset?: number }): { offset?: number } =>
  offset === undefined ? {} : { offset };

async function* sealEntry(
  { source, name, type }: Image,
  entry: EntryNode,
  writer: RecordWriter,
  onClear: () => void,
): AsyncGenerator<Uint8Array> {
  const { span, message, payloads, problems } = entry;
  const problem = problems.find(isError);
  if (problem) throw sealErrors.notUnderstood({ file: name, ...offsetOf(problem) }, problem.message);
  const read = (start: number, end: number) => readExactly(source, start, end - start, { file: name });
  if (type?.payload === "ghost") {
    yield* sealGhost(entry, read, writer, onClear);
    return;
  }
  yield writer.entry(await read(entry.sizeSpan.end, message.span.end));
  for (const [index, payload] of payloads.entries()) {
    if (payload.message) {
      yield writer.entry(await read(payload.message.span.start, payload.message.span.end));
      continue;
    }
    // What pads a payload is sealed with it.
    const end = payloads[index + 1]?.span.start ?? span.end;
    yield writer.payload(await read(payload.span.start, end));
  }
}

async function* sealOutput({ source }: Image, writer: RecordWriter): AsyncGenerator<Uint8Array> {
  for await (const bytes of readChunks(source, { chunk: RECORD_PIECE.output })) yield writer.output(bytes);
}

/** Each message as two records, because its header says how long it is (`criu/net.c` of PR 2297). */
async function* sealNetlink({ source, name }: Image, writer: RecordWriter): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size;) {
    const place = { file: name, offset: at };
    const header = await readExactly(source, at, NETLINK_HEADER, place);
    const length = new DataView(header.buffer, header.byteOffset).getUint32(0, true);
    if (length < NETLINK_HEADER || length > MAX_NETLINK || at + length > source.size)
      throw sealErrors.notUnderstood(place, "a netlink message says a length that it can't have");
    yield writer.payload(header);
    yield writer.payload(await readExactly(source, at + NETLINK_HEADER, length - NETLINK_HEADER, place));
    at += length;
  }
}
