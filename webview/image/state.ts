import type { ImageSelection } from "../../src/protocol/index.ts";
import type { ToolsState } from "./hex-tools.ts";

/** What is kept while the editor is hidden and over a reload of the window. */
export interface ViewState {
  /** Size of the image it was kept for: another file under the same name starts afresh. */
  readonly size: number;
  /** The tree's part of the width. */
  readonly share: number;
  /** Paths of open rows, outer ones first. */
  readonly open: readonly string[];
  /** Pixels the tree is scrolled by, and the first byte in the hex window. */
  readonly treeTop: number;
  readonly hexTop: number;
  readonly selection: ImageSelection | undefined;
  readonly tools?: ToolsState;
}

export const OPEN_LIMIT = 200;
export const FIRST_SHARE = 0.42;

/** The kept state, if there is one and it has the shape we write. */
export function readState(kept: unknown): ViewState | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  const { size, share, open, treeTop, hexTop } = kept as Partial<ViewState>;
  const numbers = [size, share, treeTop, hexTop].every((value) => typeof value === "number");
  // Only this page writes it; a version of it that wrote less is the one thing that can differ.
  return numbers && Array.isArray(open) ? (kept as ViewState) : undefined;
}
