// Where the streams of an .xz file begin. The decoder stops after one and doesn't say where; the file's end does.
// Format: "The .xz File Format" 1.2.1, sections 2 (stream), 4 (index).
import { cachedSource, readExactly, type ByteSource } from "../bytes/index.ts";
import type { Packet } from "./codecs/codec.ts";

const HEADER = 12;
const FOOTER_MAGIC = 0x5a59;
const MAX_INDEX = 16 * 1024 * 1024;
const MAX_STREAMS = 100_000;
/** Zeros after a stream; more are none that anybody writes. */
const MAX_PADDING = 64 * 1024;
const CHUNK = 64 * 1024;

/** The file's bytes, with a mark where each stream starts. A file without a sound end is taken for one stream. */
export async function* xzPackets(source: ByteSource): AsyncGenerator<Packet & { readonly end: number }> {
  for (const { start, end } of await xzStreams(source))
    for (let at = start; at < end; at += CHUNK) {
      const bytes = await source.read(at, Math.min(CHUNK, end - at));
      yield { bytes, starts: at === start, end: at + bytes.length };
    }
}

interface Stream {
  readonly start: number;
  readonly end: number;
}

async function xzStreams(file: ByteSource): Promise<readonly Stream[]> {
  const source = cachedSource(file, 4);
  const streams: Stream[] = [];
  let end = source.size;
  while (end > 0 && streams.length < MAX_STREAMS) {
    // Between streams there may be zeros, four at a time.
    const tail = await source.read(Math.max(0, end - MAX_PADDING), Math.min(end, MAX_PADDING));
    let zeros = 0;
    while (zeros < tail.length && tail[tail.length - 1 - zeros] === 0) zeros++;
    end -= zeros - (zeros % 4);
    if (end <= 0) break;
    const size = await streamSize(source, end);
    if (size === undefined) return [{ start: 0, end: source.size }];
    streams.push({ start: end - size, end });
    end -= size;
  }
  return streams.length < MAX_STREAMS ? streams.reverse() : [{ start: 0, end: source.size }];
}

/** Bytes of the stream that ends at `end`, by its footer and index; undefined when they make no sense. */
async function streamSize(source: ByteSource, end: number): Promise<number | undefined> {
  if (end < 2 * HEADER) return undefined;
  const footer = Buffer.from(await source.read(end - HEADER, HEADER));
  const indexSize = (footer.readUInt32LE(4) + 1) * 4;
  if (footer.readUInt16LE(10) !== FOOTER_MAGIC || indexSize > MAX_INDEX || indexSize + 2 * HEADER > end)
    return undefined;
  const index = await readExactly(source, end - HEADER - indexSize, indexSize);
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; at < index.length; scale *= 128) {
      const byte = index[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  const records = number();
  let blocks = 0;
  for (let record = 0; record < records && at < index.length; record++) {
    blocks += Math.ceil(number() / 4) * 4;
    number();
  }
  const size = HEADER + blocks + indexSize + HEADER;
  return index[0] === 0 && size <= end ? size : undefined;
}
