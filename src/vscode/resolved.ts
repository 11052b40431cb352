import type { ByteSource } from "../bytes/index.ts";
import type { ImageSeal, ShapeHint } from "../criu/index.ts";
import type { Uri } from "vscode";

/** An image file found for a URI: `file:` ones on disk, `cryoscope:` ones inside an open checkpoint. */
export interface ResolvedImage {
  /** File name without folder: `core-1.img`. */
  readonly name: string;
  readonly source: ByteSource;
  /** Present when the image's layer is sealed and its key is at hand. */
  readonly seal: ImageSeal | undefined;
  /** What the inventory beside it says of it, where it needs that. */
  readonly hint?: ShapeHint | undefined;
}

/**
 * Finds the bytes behind a URI and, where the layer is sealed, the key (asking the user when none fits).
 * Throws a CryoscopeError whose sentence and `next` can be shown as they are.
 */
export type ResolveImage = (uri: Uri, options?: ResolveOptions) => Promise<ResolvedImage>;

export interface ResolveOptions {
  /** Called when the key of what was found is forgotten; its seal opens nothing more by then. */
  readonly locked?: () => void;
  /** The person wants it though its key was forgotten, and may be asked for one. */
  readonly unlock?: boolean;
}
