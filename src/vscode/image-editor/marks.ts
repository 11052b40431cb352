import { ROW_LENGTH, showField, showSize } from "../../criu/index.ts";
import type { Change } from "../../criu/index.ts";
import type { ByteRange, RowChange } from "../../protocol/index.ts";

/** Changes that are told one by one. */
const TOLD = 100;

/** The changes of an image by row and by byte. */
export class EditMarks {
  readonly count: number;
  /** At most 100, in the order of the file. */
  readonly words: readonly string[];
  readonly #rows = new Map<string, RowChange>();
  readonly #ranges: readonly ByteRange[];

  constructor(changes: readonly Change[]) {
    this.count = changes.length;
    this.words = changes.slice(0, TOLD).map(wordsOf);
    for (const change of changes) this.#mark(change);
    this.#ranges = changes
      .flatMap((change) => (change.kind === "removed" ? [] : [change.span]))
      .sort((a, b) => a.start - b.start);
  }

  of(path: string): RowChange | undefined {
    return this.#rows.get(path);
  }

  /** The changed bytes of a range, cut to it. */
  within(range: ByteRange): readonly ByteRange[] {
    return this.#ranges
      .filter(({ start, end }) => start < range.end && end > range.start)
      .map(({ start, end }) => ({ start: Math.max(start, range.start), end: Math.min(end, range.end) }));
  }

  #mark(change: Change): void {
    const words = wordsOf(change);
    const isInside = change.kind === "removed";
    if (change.path === "") return;
    if (isInside) this.#inside(change.path, words);
    else this.#rows.set(change.path, { kind: change.kind, words });
    for (const above of pathsAbove(change.path)) this.#inside(above, isInside ? words : "");
  }

  /** A row that something under it differs in; what is gone is told by the row it is gone from. */
  #inside(path: string, words: string): void {
    const known = this.#rows.get(path);
    if (known && known.kind !== "inside") return;
    this.#rows.set(path, { kind: "inside", words: [known?.words, words].filter(Boolean).join("; ") });
  }
}

export const NO_MARKS = new EditMarks([]);

function wordsOf(change: Change): string {
  if (change.kind === "added") return `${change.path} is new`;
  const { kind, path, old } = change;
  if (old.kind === "entry") return `Entry ${String(old.index)} is gone`;
  if (old.kind === "payload") return `${path} was ${showSize(old.span.end - old.span.start)}`;
  const was = showField(old.field, ROW_LENGTH, old.parent);
  return kind === "removed" ? `${path}.${old.field.name} is gone, was ${was}` : `${path} was ${was}`;
}

/** `entries[0].tc.rlimits[3].cur` → `entries[0].tc.rlimits[3]`, `entries[0].tc.rlimits`, `entries[0].tc` … */
function pathsAbove(path: string): readonly string[] {
  const paths: string[] = [];
  for (let at = path.length - 1; at > 0; at--)
    if (path[at] === "." || path[at] === "[") paths.push(path.slice(0, at));
  return paths;
}
