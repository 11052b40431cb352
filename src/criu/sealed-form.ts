import type { Header } from "./header.ts";
import type { ImageType } from "./model.ts";

/** How a kind of image looks in a sealed checkpoint. */
export type SealedForm =
  | "clear" // never sealed
  | "records" // each message and payload is a record of its own
  | "pages"; // every page enciphered in its place

/** Kinds that are written in clear also in a sealed checkpoint (CRIU PR 2297: `criu/protobuf.c`, `criu/net.c`). */
const CLEAR_TYPES = new Set(["STATS", "CIPHER"]);
/** Raw bodies that are sealed, by their payload kind; all others are in clear. */
const SEALED_BODIES: Readonly<Record<string, SealedForm>> = {
  pages: "pages",
  netlink: "records",
  "text-output": "records",
  "targz-output": "records",
};

export function sealedForm(type: ImageType | undefined, body: Header["body"]): SealedForm {
  if (body === "none" || (type && CLEAR_TYPES.has(type.name))) return "clear";
  if (type?.magic === 0) return SEALED_BODIES[type.payload ?? ""] ?? "clear";
  return body === "raw" ? "clear" : "records";
}
