import * as vscode from "vscode";
import { listLayerFiles } from "../../checkpoint/index.ts";
import type { Checkpoint, Foreign, Layer, Part, Process } from "../../checkpoint/index.ts";
import type { Problem } from "../../criu/index.ts";
import type { OpenCheckpoint, OpenCheckpoints } from "./open-checkpoints.ts";
import { CHECKPOINT_FACTS } from "./facts/checkpoint-facts.ts";
import type { CheckpointFacts } from "./facts/checkpoint-facts.ts";
import { fact } from "./facts/fact.ts";
import type { Fact } from "./facts/fact.ts";
import { factsOf } from "./facts/facts-of.ts";
import { FACT_PARTS } from "./facts/process-facts.ts";
import { fileRows, folderRow } from "./file-rows.ts";
import { itemOf } from "./row-items.ts";
import { inRanges } from "./rows.ts";
import type { PartName, Row, SectionName } from "./rows.ts";
import { checkpointUri } from "./uris.ts";

/** The *Checkpoint* view: what is open, its processes as a tree, its images. Everything is read when unfolded. */
export class ExplorerView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #subscription: vscode.Disposable;

  constructor(private readonly checkpoints: OpenCheckpoints) {
    this.#subscription = checkpoints.onDidChange(() => {
      this.#changed.fire(undefined);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  refresh(): void {
    this.#changed.fire(undefined);
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return itemOf(row);
  }

  async getChildren(row?: Row): Promise<Row[]> {
    return [...(await this.#children(row))];
  }

  /** For `reveal`, which is used on checkpoints, processes, open files, mappings and files only. */
  getParent(row: Row): Row | undefined {
    const { entry } = row;
    const { checkpoint } = entry;
    if (row.kind === "section") return { kind: "checkpoint", entry };
    if (row.kind === "part") return { kind: "process", entry, process: row.process };
    if (row.kind === "file") return folderRow(row);
    const part = PART_OF[row.kind];
    if (part && "process" in row) return { kind: "part", entry, name: part, process: row.process };
    if (row.kind !== "process" || checkpoint === undefined) return undefined;
    const parent = checkpoint.processes.find((process) => process.children.includes(row.process.pid));
    return parent
      ? { kind: "process", entry, process: parent }
      : { kind: "section", entry, name: "processes", count: checkpoint.processes.length };
  }

  async #children(row: Row | undefined): Promise<readonly Row[]> {
    if (row === undefined) return this.checkpoints.all.map((entry) => ({ kind: "checkpoint", entry }));
    if (row.kind === "range") return row.rows;
    if (row.kind === "checkpoint") return loadedRows(row.entry);
    const { checkpoint } = row.entry;
    if (checkpoint === undefined) return [];
    switch (row.kind) {
      case "section":
        return inRanges(row.entry, await sectionRows(row.entry, checkpoint, row.name));
      case "details":
        return row.rows;
      case "process":
        return inRanges(row.entry, processRows(row.entry, checkpoint, row.process));
      case "part":
        return inRanges(row.entry, await partRows(row.entry, checkpoint, row.process, row.name));
      case "file":
        return inRanges(row.entry, await fileRows(row.entry, row.uri));
      case "layer":
        return inRanges(row.entry, imageRows(row.entry, row.layer));
      case "facts":
        return inRanges(row.entry, await factRows(row.entry, row.load(), row.none));
      case "fact":
        return inRanges(
          row.entry,
          row.fact.children.map((fact): Row => ({ kind: "fact", entry: row.entry, fact })),
        );
      case "thread":
        return factsOf(row.thread).map((fact): Row => ({ kind: "fact", entry: row.entry, fact }));
      case "openFile":
        return factsOf(row.file.detail ?? {}).map((fact): Row => ({ kind: "fact", entry: row.entry, fact }));
      default:
        return [];
    }
  }
}

/** The part of a process in which a row stands. */
const PART_OF: Partial<Record<Row["kind"], PartName>> = {
  thread: "threads",
  openFile: "openFiles",
  mapping: "memoryMap",
};

/** Sections that say something by being empty: unfolding *Problems* looks into every image. */
const ALWAYS: ReadonlySet<SectionName> = new Set(["processes", "files", "problems"]);

/** Rows of a checkpoint; it is opened now if it isn't, and says so if it can't be, or is locked. */
async function loadedRows(entry: OpenCheckpoint): Promise<readonly Row[]> {
  let checkpoint: Checkpoint;
  try {
    checkpoint = await entry.load();
  } catch (error) {
    return [{ kind: "failed", entry, error }];
  }
  if (checkpoint.foreign !== undefined) return foreignRows(entry, checkpoint, checkpoint.foreign);
  const mounts = (await checkpoint.mounts()).value.length;
  const images = checkpoint.layers.reduce((sum, layer) => sum + listLayerFiles(layer).length, 0);
  const problems = checkpoint.problems.length;
  const sections: readonly (readonly [SectionName, number])[] = [
    ["processes", checkpoint.processes.length],
    ["mounts", mounts],
    ["images", images],
    ["files", 0],
    ["problems", problems],
  ];
  const [first, ...others] = sections
    .filter(([name, count]) => count > 0 || ALWAYS.has(name))
    .map(([name, count]): Row => ({ kind: "section", entry, name, count }));
  const facts = CHECKPOINT_FACTS.map((list) => factsRow(entry, checkpoint, list));
  const seal: Row = {
    kind: "facts",
    entry,
    id: `${entry.id}/seal`,
    label: "Seal",
    icon: "lock",
    load: async () => ({ value: await entry.sealCheck.verdict(), problems: [] }),
  };
  return [...(first ? [first] : []), ...(checkpoint.criu.sealed ? [seal] : []), ...facts, ...others];
}

const factsRow = (
  entry: OpenCheckpoint,
  checkpoint: Checkpoint,
  { id, label, icon, none, of }: CheckpointFacts,
): Row => ({
  kind: "facts",
  entry,
  id: `${entry.id}/${id}`,
  label,
  icon,
  ...(none !== undefined && { none }),
  load: () => of(checkpoint),
});

/** Of what CRIU didn't freeze: what it says of itself, what an engine wrote beside it, its files. */
function foreignRows(entry: OpenCheckpoint, checkpoint: Checkpoint, foreign: Foreign): readonly Row[] {
  const facts = foreign.facts.map(({ label, value }) => fact(label, value));
  const container = CHECKPOINT_FACTS.find(({ id }) => id === "container");
  const files = checkpoint.layers.reduce((sum, layer) => sum + listLayerFiles(layer).length, 0);
  return [
    {
      kind: "note",
      entry,
      text: `${checkpoint.engine.label} froze this: no processes can be shown`,
      more: foreign.limits,
    },
    {
      kind: "facts",
      entry,
      id: `${entry.id}/foreign`,
      label: "Snapshot",
      icon: "info",
      load: () => Promise.resolve({ value: facts, problems: [] }),
    },
    ...(container ? [factsRow(entry, checkpoint, container)] : []),
    { kind: "section", entry, name: "snapshot", count: files },
    { kind: "section", entry, name: "files", count: 0 },
  ];
}

/** The lines of a list of facts, and below them what could not be read. */
async function factRows(
  entry: OpenCheckpoint,
  part: Promise<Part<readonly Fact[]>>,
  none = "None",
): Promise<readonly Row[]> {
  const { value, problems } = await part;
  const rows = [
    ...value.map((fact): Row => ({ kind: "fact", entry, fact })),
    ...problemRows(entry, problems),
  ];
  return rows.length > 0 ? rows : [{ kind: "note", entry, text: none }];
}

async function sectionRows(
  entry: OpenCheckpoint,
  checkpoint: Checkpoint,
  name: SectionName,
): Promise<readonly Row[]> {
  switch (name) {
    case "processes":
      return processesByPid(entry, checkpoint, checkpoint.roots);
    case "mounts":
      return (await checkpoint.mounts()).value.map((mount) => ({ kind: "mount", entry, mount }));
    case "snapshot":
    case "images":
      return imagesOrLayers(entry, checkpoint.layers);
    case "files":
      return fileRows(entry, checkpointUri(entry.id));
    case "problems":
      return allProblemRows(entry, checkpoint);
  }
}

/** What was found at opening, and what only a look into every image finds. */
async function allProblemRows(entry: OpenCheckpoint, checkpoint: Checkpoint): Promise<readonly Row[]> {
  const all = [...checkpoint.problems, ...(await checkpoint.checkImages())];
  const each = new Map(all.map((problem) => [`${problem.code} ${problem.file} ${problem.offset}`, problem]));
  if (each.size === 0) return [{ kind: "note", entry, text: "Every image can be read" }];
  return problemRows(entry, [...each.values()]);
}

function processesByPid(
  entry: OpenCheckpoint,
  checkpoint: Checkpoint,
  pids: readonly number[],
): readonly Row[] {
  return pids.flatMap((pid) => {
    const process = checkpoint.process(pid);
    return process ? [{ kind: "process", entry, process }] : [];
  });
}

const PARTS: readonly PartName[] = ["threads", "openFiles", "memoryMap"];

/** A zombie has no parts, only perhaps children. */
function processRows(entry: OpenCheckpoint, checkpoint: Checkpoint, process: Process): readonly Row[] {
  if (process.state === "zombie") return processesByPid(entry, checkpoint, process.children);
  const facts = FACT_PARTS.map(({ id, label, icon, of }): Row => ({
    kind: "facts",
    entry,
    id: `${entry.id}/process/${process.pid}/${id}`,
    label,
    icon,
    load: () => of(checkpoint, process.pid),
  }));
  const [environment, ...details] = facts;
  return [
    ...PARTS.map((name): Row => ({ kind: "part", entry, name, process })),
    ...(environment ? [environment] : []),
    { kind: "details", entry, process, rows: details },
    ...processesByPid(entry, checkpoint, process.children),
  ];
}

async function partRows(
  entry: OpenCheckpoint,
  checkpoint: Checkpoint,
  process: Process,
  name: PartName,
): Promise<readonly Row[]> {
  const { pid } = process;
  const rows = async <T>(
    part: Promise<Part<readonly T[]>>,
    row: (item: T) => Row,
  ): Promise<readonly Row[]> => {
    const { value, problems } = await part;
    const shown = [...value.map(row), ...problemRows(entry, problems)];
    return shown.length > 0 ? shown : [{ kind: "note", entry, text: "None" }];
  };
  switch (name) {
    case "threads":
      return rows(checkpoint.threads(pid), (thread) => ({ kind: "thread", entry, process, thread }));
    case "openFiles":
      return rows(checkpoint.openFiles(pid), (file) => ({ kind: "openFile", entry, process, file }));
    case "memoryMap":
      return rows(checkpoint.memoryMap(pid), (mapping) => ({ kind: "mapping", entry, process, mapping }));
  }
}

const problemRows = (entry: OpenCheckpoint, problems: readonly Problem[]): readonly Row[] =>
  problems.map((problem) => ({ kind: "problem", entry, problem }));

function imagesOrLayers(entry: OpenCheckpoint, layers: readonly Layer[]): readonly Row[] {
  const [only, ...others] = layers;
  if (only !== undefined && others.length === 0) return imageRows(entry, only);
  return layers.map((layer) => ({ kind: "layer", entry, layer }));
}

const imageRows = (entry: OpenCheckpoint, layer: Layer): readonly Row[] =>
  listLayerFiles(layer).map((file) => ({ kind: "image", entry, layer, file }));
