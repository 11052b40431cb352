// Shards as criu-image-streamer writes them, by protobufjs: the corpus has none.
import protobuf from "protobufjs";

const { root } = protobuf.parse(`syntax = "proto2";
message marker {
  required uint64 seq = 1;
  oneof body { string filename = 2; uint32 file_data = 3; bool file_eof = 4; bool image_eof = 5; }
}`);
const marker = root.lookupType("marker");

export interface StreamPart {
  readonly marker: Readonly<Record<string, unknown>>;
  readonly data?: Uint8Array;
}

/** One piece of a shard: size word, marker, data. */
export function encodePart({ marker: fields, data }: StreamPart): Buffer {
  const encoded = marker.encode(marker.create(fields)).finish();
  const size = Buffer.alloc(4);
  size.writeUInt32LE(encoded.length);
  return Buffer.concat([size, encoded, data ?? Buffer.alloc(0)]);
}

/** The pieces of a stream of these files, each in data of at most `chunk` bytes. */
export function partsOf(
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  chunk = 700,
): readonly StreamPart[] {
  let seq = 0;
  const parts: StreamPart[] = [];
  for (const { name, bytes } of files) {
    parts.push({ marker: { seq: seq++, filename: name } });
    for (let at = 0; at < bytes.length; at += chunk) {
      const data = bytes.subarray(at, at + chunk);
      parts.push({ marker: { seq: seq++, fileData: data.length }, data });
    }
    parts.push({ marker: { seq: seq++, fileEof: true } });
  }
  parts.push({ marker: { seq, imageEof: true } });
  return parts;
}

export function streamOf(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Buffer {
  return Buffer.concat(partsOf(files).map(encodePart));
}
