import { editErrors } from "./errors.ts";

/** One step of a path below an entry: the field's name, and which of a list. */
export interface Step {
  readonly name: string;
  readonly index: number | undefined;
}

export interface EntryPath {
  /** undefined for all of them, `entries`. */
  readonly entry: number | undefined;
  /** None for the entry itself. */
  readonly steps: readonly Step[];
}

/** Messages nest six deep in CRIU's images. */
const MAX_STEPS = 40;

/** Takes a path apart: `entries[0].mm.vmas[3].start`, or `entries`. Throws `edit.badPath`. */
export function parsePath(path: string): EntryPath {
  if (path === "entries") return { entry: undefined, steps: [] };
  const [head = "", ...rest] = path.split(".");
  const [, entry] = /^entries\[(\d{1,15})\]$/.exec(head) ?? [];
  if (entry === undefined || rest.length > MAX_STEPS) throw editErrors.badPath(path);
  const steps = rest.map((part) => {
    const [, name, index] = /^(#?\w+)(?:\[(\d{1,15})\])?$/.exec(part) ?? [];
    if (name === undefined) throw editErrors.badPath(path);
    return { name, index: index === undefined ? undefined : Number(index) };
  });
  return { entry: Number(entry), steps };
}
