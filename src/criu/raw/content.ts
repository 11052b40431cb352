import { joinedSource, sliceSource } from "../../bytes/index.ts";
import type { ByteSource } from "../../bytes/index.ts";
import type { Image } from "../model.ts";

/**
 * The content of a raw image in one piece: of a sealed one what its records hold, in plain. undefined when the image has none
 * (its body is decoded, or nothing is known of it). A `tmpfs-*.tar.gz.img` can be opened as an archive this way.
 */
export function rawContent({ rest, plain }: Image): ByteSource | undefined {
  const pieces = rest.filter(({ name }) => name !== "unknown");
  if (pieces.length === 0) return undefined;
  return joinedSource(pieces.map(({ span }) => sliceSource(plain, span.start, span.end - span.start)));
}
