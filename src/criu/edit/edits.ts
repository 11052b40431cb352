import type { ScalarValue } from "../encode/index.ts";

/**
 * One change of an image. Paths are those of spans: `entries[0].tc.comm`, `entries[2].actions[1].sigaction`,
 * `entries[0].payload`. Edits are made one after the other, and each path counts in the image that the edits before
 * have left.
 */
export type Edit =
  /** Gives a field a value; one that is not there is added. For a payload the value is its bytes. */
  | { readonly kind: "set"; readonly path: string; readonly value: ScalarValue }
  /** Takes away a field, an element of a list, or a whole entry. */
  | { readonly kind: "remove"; readonly path: string }
  /**
   * Adds an element at the end of a list, or a field that is not there. Without a value it is an empty message. At
   * `entries` it adds an empty entry behind the last.
   */
  | { readonly kind: "add"; readonly path: string; readonly value?: ScalarValue }
  /** Puts a copy of an element of a list, or of a whole entry with its payloads, right behind it. */
  | { readonly kind: "duplicate"; readonly path: string };

/** Edits made, and edits undone that can be made again. Never changed: each function gives a new one. */
export interface EditLog {
  /** In the order they were made. */
  readonly edits: readonly Edit[];
  /** The one undone last comes last. */
  readonly undone: readonly Edit[];
}

export const NO_EDITS: EditLog = { edits: [], undone: [] };

/** The log with one more edit; what was undone can't be redone any more. */
export function withEdit({ edits }: EditLog, edit: Edit): EditLog {
  return { edits: [...edits, edit], undone: [] };
}

/** The log without its last edit; the same log when there is none. */
export function undoEdit(log: EditLog): EditLog {
  const last = log.edits.at(-1);
  return last ? { edits: log.edits.slice(0, -1), undone: [...log.undone, last] } : log;
}

/** The log with the edit that was undone last; the same log when there is none. */
export function redoEdit(log: EditLog): EditLog {
  const last = log.undone.at(-1);
  return last ? { edits: [...log.edits, last], undone: log.undone.slice(0, -1) } : log;
}
