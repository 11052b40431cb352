import { checkpointErrors } from "../checkpoint/index.ts";
import type {
  Checkpoint,
  CheckpointSizes,
  Versions,
  Container,
  CriuInfo,
  Foreign,
  Mapping,
  Mount,
  OpenFile,
  Process,
} from "../checkpoint/index.ts";
import type { Problem } from "../criu/index.ts";
import { json } from "./inspect-json.ts";
import type { Json } from "./inspect-json.ts";
import { CHECKPOINT_SECTIONS, PROCESS_SECTIONS } from "./inspect-sections.ts";
import type { Section, SectionFields, Take } from "./inspect-sections.ts";

/** What `cryoscope inspect --json` prints; docs/inspect.schema.json says the same in JSON Schema, and more of it. */
export interface InspectDocument {
  readonly name: string;
  /** `Podman`, `Docker`, `CRI-O`, `containerd`, `runc or crun`, `CRIU`, `gVisor`, `Firecracker`. */
  readonly engine: string;
  /** What is known of a snapshot that CRIU didn't make: of gVisor, of Firecracker. */
  readonly foreign?: Json<Foreign> & {
    readonly files: readonly { readonly path: string; readonly size: number }[];
  };
  readonly container: Json<Container>;
  readonly criu: Json<CriuInfo>;
  readonly versions: Json<Versions>;
  readonly sizes: Json<CheckpointSizes>;
  readonly layers: readonly { readonly folder: string; readonly files: number; readonly sealed: boolean }[];
  readonly processes: readonly InspectProcess[];
  readonly mounts: readonly Json<Mount>[];
  readonly problems: readonly Problem[];
}

export interface InspectProcess extends Omit<Json<Process>, "threadIds"> {
  readonly exe?: string | undefined;
  readonly cwd?: string | undefined;
  readonly root?: string | undefined;
  readonly umask?: number | undefined;
  readonly threads: readonly { readonly tid: number; readonly comm: string; readonly state: string }[];
  readonly openFiles: readonly Json<OpenFile>[];
  readonly memoryMap: readonly Json<Mapping>[];
}

/** A document of which only some sections were asked for. */
export type InspectExcerpt = Partial<Omit<InspectDocument, "processes">> &
  Pick<InspectDocument, "name" | "engine" | "problems"> & {
    readonly processes?: readonly (Partial<InspectProcess> & Omit<Json<Process>, "threadIds">)[];
  };

export interface InspectChoice {
  /** Names of sections; all without. */
  readonly sections?: readonly string[] | undefined;
  /** Pids of the processes that are shown; all without. */
  readonly pids?: readonly number[] | undefined;
  /** What of a section's fields the document has, by its name; others are read for their problems alone. All without. */
  readonly shown?: Readonly<Record<string, (fields: SectionFields) => object>>;
  readonly signal?: AbortSignal;
}

/** Reads the sections that were chosen. Every image is checked when all are. Problems of the parts come after those of the opening, each once. */
export async function inspectExcerpt(
  checkpoint: Checkpoint,
  { sections, pids, shown, signal }: InspectChoice,
): Promise<InspectExcerpt> {
  const problems = new Map<string, Problem>();
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.set(JSON.stringify(problem), problem);
  };
  const take: Take = async (reading) => {
    const part = await reading;
    note(part.problems);
    return part.value;
  };
  const read = async <T>(all: readonly Section<T>[], of: T): Promise<Record<string, unknown>> => {
    const fields: Record<string, unknown> = {};
    for (const section of all) {
      signal?.throwIfAborted();
      if (!isChosen(section.name)) continue;
      const read = await section.read(of, take, signal);
      Object.assign(fields, json(shown === undefined ? read : shown[section.name]?.(read)));
    }
    return fields;
  };
  const isChosen = (name: string): boolean => sections === undefined || sections.includes(name);

  note(checkpoint.problems);
  const hasProcesses = isChosen("processes") || PROCESS_SECTIONS.some(({ name }) => isChosen(name));
  const processes: Record<string, unknown>[] = [];
  for (const process of hasProcesses ? chosen(checkpoint, pids) : []) {
    const { threadIds: _, ...facts } = process;
    processes.push({ ...json(facts), ...(await read(PROCESS_SECTIONS, { checkpoint, process })) });
  }
  const fields = await read(CHECKPOINT_SECTIONS, checkpoint);
  if (sections === undefined && pids === undefined) note(await checkpoint.checkImages(signal));
  const excerpt: object = {
    name: checkpoint.name,
    engine: checkpoint.engine.label,
    ...fields,
    ...(hasProcesses && { processes }),
    problems: [...problems.values()],
  };
  // The sections' fields are those that the schema says, and the tests hold them to it.
  return excerpt as InspectExcerpt;
}

/** The processes in the order of pstree.img. Throws `checkpoint.noProcess`. */
function chosen(checkpoint: Checkpoint, pids: readonly number[] | undefined): readonly Process[] {
  if (pids === undefined) return checkpoint.processes;
  const missing = pids.find((pid) => checkpoint.process(pid) === undefined);
  if (missing !== undefined) throw checkpointErrors.noProcess(missing);
  return checkpoint.processes.filter(({ pid }) => pids.includes(pid));
}
