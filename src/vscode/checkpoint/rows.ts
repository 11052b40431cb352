import type { Uri } from "vscode";
import type { LayerFile, Layer, Mapping, Mount, OpenFile, Process, Thread } from "../../checkpoint/index.ts";
import type { Part } from "../../checkpoint/index.ts";
import type { Problem } from "../../criu/index.ts";
import type { Fact } from "./facts/fact.ts";
import type { OpenCheckpoint } from "./open-checkpoints.ts";

/** The lists of a process that are read when they are unfolded. */
export type PartName = "threads" | "openFiles" | "memoryMap";
/** The lists of a checkpoint. */
export type SectionName = "processes" | "mounts" | "images" | "snapshot" | "files" | "problems";

interface In {
  readonly entry: OpenCheckpoint;
}

/** A row of the *Checkpoint* view. */
export type Row =
  | ({ readonly kind: "checkpoint" } & In)
  | ({ readonly kind: "failed"; readonly error: unknown } & In)
  | ({ readonly kind: "section"; readonly name: SectionName; readonly count: number } & In)
  | ({ readonly kind: "process"; readonly process: Process } & In)
  | ({ readonly kind: "part"; readonly name: PartName; readonly process: Process } & In)
  /** The lists of facts of a process, folded so that its children stay in sight. */
  | ({ readonly kind: "details"; readonly process: Process; readonly rows: readonly Row[] } & In)
  /** A list of facts, read when it is unfolded. `id` is that of its row. */
  | ({
      readonly kind: "facts";
      readonly id: string;
      readonly label: string;
      readonly icon: string;
      /** What it means that there is none. */
      readonly none?: string;
      readonly load: () => Promise<Part<readonly Fact[]>>;
    } & In)
  | ({ readonly kind: "fact"; readonly fact: Fact } & In)
  | ({ readonly kind: "thread"; readonly thread: Thread; readonly process: Process } & In)
  | ({ readonly kind: "openFile"; readonly file: OpenFile; readonly process: Process } & In)
  | ({ readonly kind: "mapping"; readonly mapping: Mapping; readonly process: Process } & In)
  | ({ readonly kind: "mount"; readonly mount: Mount } & In)
  | ({ readonly kind: "layer"; readonly layer: Layer } & In)
  | ({ readonly kind: "image"; readonly file: LayerFile; readonly layer: Layer } & In)
  | ({ readonly kind: "problem"; readonly problem: Problem } & In)
  | ({ readonly kind: "note"; readonly text: string; readonly more?: string } & In)
  /** A file or folder of the checkpoint's files, the frozen /proc among them. */
  | ({ readonly kind: "file"; readonly uri: Uri; readonly name: string; readonly isFolder: boolean } & In)
  /** Part of a list too long for one screen: `rows` has what it unfolds to. */
  | ({ readonly kind: "range"; readonly first: number; readonly rows: readonly Row[] } & In);

/** More rows than this under one parent and the view is slow and nobody finds anything. */
const LONG = 500;

/** Folds a long list into ranges of `LONG`. */
export function inRanges(entry: OpenCheckpoint, rows: readonly Row[]): readonly Row[] {
  if (rows.length <= LONG) return rows;
  return Array.from({ length: Math.ceil(rows.length / LONG) }, (_, index) => ({
    kind: "range",
    entry,
    first: index * LONG,
    rows: rows.slice(index * LONG, (index + 1) * LONG),
  }));
}
