import type { MemoryMatch } from "../memory/index.ts";
import { hex } from "./memory-target.ts";
import { printable } from "./output.ts";

/** One line for a match: process, address, mapping, and the bytes with what lies around as text. */
export function matchText({ pid, address, space, sightings, before, bytes, after }: MemoryMatch): string {
  const area = space.areaAt(address);
  const where = area === undefined ? "" : ` ${area.permissions} ${printable(area.name ?? area.kind)}`;
  const also = sightings.slice(1).map((other) => `${other.pid} ${hex(other.address)}`);
  const shared = also.length === 0 ? "" : ` (also ${also.join(", ")})`;
  const context =
    before.length + bytes.length + after.length === 0
      ? ""
      : `  ${text(before)}[${text(bytes)}]${text(after)}`;
  return `${pid} ${hex(address)}${where}${shared}${context}`;
}

/** A match as JSON documents have it; bytes are Base64. */
export function matchJson(checkpoint: string, match: MemoryMatch): object {
  const { pid, address, length, space, sightings, before, bytes, after } = match;
  const area = space.areaAt(address);
  const base64 = (part: Uint8Array): string => Buffer.from(part).toString("base64");
  return {
    checkpoint,
    pid,
    address: hex(address),
    length,
    ...(area && {
      mapping: {
        start: hex(area.start),
        end: hex(area.end),
        permissions: area.permissions,
        kind: area.kind,
        ...(area.name !== undefined && { name: area.name }),
      },
    }),
    also: sightings.slice(1).map((other) => ({ pid: other.pid, address: hex(other.address) })),
    before: base64(before),
    bytes: base64(bytes),
    after: base64(after),
  };
}

/** Bytes as text: what ASCII doesn't print is a dot. */
export const text = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
