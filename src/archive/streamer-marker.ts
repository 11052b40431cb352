import type { ByteSource } from "../bytes/index.ts";

/** A marker is smaller, or it is none (criu-image-streamer: src/util.rs). */
const MAX_MARKER = 10 * 1024;

/** `marker` of criu-image-streamer's proto/image.proto: a number and one thing more. */
export interface Marker {
  /** Counts over all shards, from 0. */
  readonly seq: number;
  readonly filename?: string;
  /** Bytes of the file that follow the marker. */
  readonly fileData?: number;
  readonly fileEof: boolean;
  readonly imageEof: boolean;
}

const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** The marker at `at` and where it ends; undefined when there is none. */
export async function readMarker(
  source: ByteSource,
  at: number,
): Promise<{ readonly marker: Marker; readonly end: number } | undefined> {
  const head = await source.read(at, 4);
  if (head.length < 4) return undefined;
  const size = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  if (size < 2 || size >= MAX_MARKER || size > source.size - at - 4) return undefined;
  const marker = parseMarker(await source.read(at + 4, size));
  return marker && { marker, end: at + 4 + size };
}

/**
 * Reads the five fields by hand: this floor knows no schema. Nothing but exactly a marker is taken for one, so that
 * another file isn't taken for a shard.
 */
function parseMarker(bytes: Uint8Array): Marker | undefined {
  const reader = { bytes, at: 0 };
  let marker: Marker = { seq: -1, fileEof: false, imageEof: false };
  let bodies = 0;
  while (reader.at < bytes.length) {
    const tag = readVarint(reader);
    const value = tag === undefined ? undefined : readVarint(reader);
    if (value === undefined) return undefined;
    if (tag === SEQ) marker = { ...marker, seq: value };
    else if (tag === FILENAME) {
      const end = reader.at + value;
      if (value === 0 || end > bytes.length) return undefined;
      marker = { ...marker, filename: text.decode(bytes.subarray(reader.at, end)) };
      reader.at = end;
    } else if (tag === FILE_DATA && value <= 0xffffffff) marker = { ...marker, fileData: value };
    else if (tag === FILE_EOF && value === 1) marker = { ...marker, fileEof: true };
    else if (tag === IMAGE_EOF && value === 1) marker = { ...marker, imageEof: true };
    else return undefined;
    if (tag !== SEQ) bodies++;
  }
  return marker.seq >= 0 && bodies === 1 ? marker : undefined;
}

/** Field number × 8 + wire type. */
const [SEQ, FILENAME, FILE_DATA, FILE_EOF, IMAGE_EOF] = [0x08, 0x12, 0x18, 0x20, 0x28] as const;

/** A varint up to 2^53; undefined when there is none. */
function readVarint(reader: { readonly bytes: Uint8Array; at: number }): number | undefined {
  let value = 0;
  for (let shift = 0; shift < 8; shift++) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 2 ** (7 * shift);
    if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined;
  }
  return undefined;
}
