// The bytes behind entries, out of the `extra` key (`lib/pycriu/images/images.py`: `dump` of the *_handler classes).
import { encodeErrors } from "./errors.ts";
import type { JsonObject, JsonValue } from "./json-reader.ts";
import { encodeMessage, listOf, objectOf } from "./message.ts";
import { base64Bytes, kindOf, scalarOf, textOf } from "./values.ts";
import { WireWriter } from "./wire-writer.ts";

/** Gives the bytes behind one entry. `path` is the entry's. */
type ExtraRule = (entry: JsonObject, path: string) => readonly Uint8Array[];

/** Rules by the name in `ImageType.payload`; ghost files are of their own kind, see `image.ts`. */
export const EXTRA_RULES: Readonly<Record<string, ExtraRule>> = {
  "pipe-data": (entry, path) => [sized(entry, "bytes", extraBytes(entry, path), path)],
  "sk-packet": (entry, path) => [sized(entry, "length", extraBytes(entry, path), path)],
  // Some dumps have the whole table here, whatever the lengths say; see `payloads.ts`.
  "bpfmap-data": (entry, path) => [extraBytes(entry, path)],
  "tcp-queues": (entry, path) => {
    const extra = objectOf(entry.get("extra") ?? new Map<string, JsonValue>(), `${path}.extra`);
    return (["inq", "outq"] as const).map((name) => {
      const bytes = base64At(extra.get(name) ?? "", `${path}.extra.${name}`);
      return sized(entry, `${name}_len`, bytes, `${path}.extra.${name}`);
    });
  },
  "ipc-shm": (entry, path) => {
    if (entry.get("in_pagemaps") === true) return [];
    return padded(sized(entry, "size", extraBytes(entry, path), path), 4);
  },
  "ipc-semaphores": (entry, path) => {
    const place = `${path}.extra`;
    const values = listOf(entry.get("extra") ?? [], place);
    const bytes = Buffer.alloc(values.length * 2);
    for (const [index, value] of values.entries()) {
      if (typeof value !== "bigint" || value < 0n || value > 0xffffn)
        throw encodeErrors.wrongKind(`${place}[${index}]`, "an integer below 65536", kindOf(value));
      bytes.writeUInt16LE(Number(value), index * 2);
    }
    const said = entry.get("nsems");
    if (said !== BigInt(values.length))
      throw encodeErrors.payloadLength(place, `${String(said)} of 2`, bytes.length);
    return padded(bytes, 8);
  },
  "ipc-messages": (entry, path) => {
    const extra = listOf(entry.get("extra") ?? [], `${path}.extra`);
    const said = entry.get("qnum");
    if (said !== BigInt(extra.length / 2 === Math.floor(extra.length / 2) ? extra.length / 2 : -1))
      throw encodeErrors.payloadLength(`${path}.extra`, `${String(said)} messages`, extra.length);
    return extra.flatMap((value, index) => {
      const place = `${path}.extra[${index}]`;
      if (index % 2 === 1) {
        const header = objectOf(extra[index - 1], place);
        return padded(sized(header, "msize", base64At(value, place), place), 8);
      }
      return withSize(encodeMessage("ipc_msg", objectOf(value, place), place));
    });
  },
};

/** A message behind its size word. */
export function withSize(message: Uint8Array, width: 4 | 8 = 4): readonly Uint8Array[] {
  const word = new WireWriter();
  word.fixed(BigInt(message.length), width);
  return [word.finish(), message];
}

/** The bytes of the entry's `extra`; none when it has no such key. */
export function extraBytes(entry: JsonObject, path: string): Uint8Array {
  return base64At(entry.get("extra") ?? "", `${path}.extra`);
}

function base64At(value: JsonValue, path: string): Uint8Array {
  const text = textOf(value, path);
  const bytes = base64Bytes(text);
  if (!bytes) throw encodeErrors.badValue(path, text, "base64");
  return bytes;
}

/** Gives the bytes back when they are as many as the entry's field says: CRIU would take the next entry for the rest. */
export function sized(entry: JsonObject, field: string, bytes: Uint8Array, path: string): Uint8Array {
  const said = entry.get(field) ?? 0n;
  const length = typeof said === "string" ? scalarOf(LENGTH, said, `${path}.${field}`) : said;
  if (length !== BigInt(bytes.length))
    throw encodeErrors.payloadLength(`${path}.extra`, `${field} is ${String(said)}`, bytes.length);
  return bytes;
}

/** For a length that is written as text, `0x10`. */
const LENGTH = {
  name: "length",
  number: 1,
  rule: "required",
  type: "uint64",
  kind: "scalar",
  packed: false,
  doc: "",
} as const;

function padded(bytes: Uint8Array, to: number): readonly Uint8Array[] {
  return [bytes, new Uint8Array((to - (bytes.length % to)) % to)];
}
