import type { Uri } from "vscode";
import type { ByteRange, ImageRpc, ImageSelection } from "../../protocol/index.ts";
import type { ViewPort } from "../rpc.ts";
import type { ImageDocument } from "./document.ts";
import type { ImageTree } from "./tree.ts";

/** An open image editor, for commands, and for tests in a real extension host. */
export interface ImageEditorHandle {
  readonly uri: Uri;
  /** Selects the row of a path, or bytes, as a click on them would. */
  select(target: string | ByteRange): void;
  /** What is selected in the view; undefined until it has said so. */
  selection(): ImageSelection | undefined;
  /** The image and its field tree. Throws what opening the image throws. */
  tree(): Promise<ImageTree>;
  readonly document: ImageDocument;
}

export interface OpenEditor extends ImageEditorHandle {
  readonly tell: ViewPort<ImageRpc>["tell"];
  /** Takes everything from the page; what it asks for then says that it is locked. */
  lock(): void;
}
