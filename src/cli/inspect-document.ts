import type {
  Checkpoint,
  Container,
  CriuInfo,
  Mapping,
  Mount,
  OpenFile,
  Part,
  Process,
} from "../checkpoint/index.ts";
import type { Problem } from "../criu/index.ts";

/** What `cryoscope inspect --json` prints; docs/inspect.schema.json says the same in JSON Schema. */
export interface InspectDocument {
  readonly name: string;
  /** `Podman`, `Docker`, `CRI-O`, `containerd`, `runc or crun`, `CRIU`. */
  readonly engine: string;
  readonly container: Json<Container>;
  readonly criu: Json<CriuInfo>;
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

/** A model's object as JSON has it: big integers as numbers, or as text where a number would round them. */
type Json<T> = T extends bigint
  ? number | string
  : T extends readonly (infer U)[]
    ? readonly Json<U>[]
    : T extends object
      ? { readonly [K in keyof T]: Json<T[K]> }
      : T;

/** Reads everything the document has. Problems of the parts come after those of the opening, each once. */
export async function inspectDocument(
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<InspectDocument> {
  const problems = new Map<string, Problem>();
  const note = (found: readonly Problem[]): void => {
    for (const problem of found) problems.set(JSON.stringify(problem), problem);
  };
  const take = <T>(part: Part<T>): T => {
    note(part.problems);
    return part.value;
  };
  note(checkpoint.problems);
  const processes: InspectProcess[] = [];
  for (const process of checkpoint.processes) {
    signal?.throwIfAborted();
    const { pid } = process;
    const { threadIds: _, ...facts } = process;
    const { exe, cwd, root, umask } = take(await checkpoint.paths(pid));
    processes.push({
      ...json(facts),
      ...json({ exe, cwd, root, umask }),
      threads: take(await checkpoint.threads(pid)).map(({ tid, comm, state }) => ({ tid, comm, state })),
      openFiles: take(await checkpoint.openFiles(pid)).map(json),
      memoryMap: take(await checkpoint.memoryMap(pid)).map(mapping),
    });
  }
  const mounts = take(await checkpoint.mounts()).map(json);
  note(await checkpoint.checkImages(signal));
  return {
    name: checkpoint.name,
    engine: checkpoint.engine.label,
    container: json(checkpoint.container),
    criu: json(checkpoint.criu),
    layers: checkpoint.layers.map(({ tree, folder, files, sealed }) => ({
      folder: folder === "" ? tree.name : folder,
      files: files.size,
      sealed,
    })),
    processes,
    mounts,
    problems: [...problems.values()],
  };
}

/** Addresses are hex, as in every other tool. */
const mapping = (area: Mapping): Json<Mapping> => ({
  ...json(area),
  start: `0x${area.start.toString(16)}`,
  end: `0x${area.end.toString(16)}`,
});

function json<T>(value: T): Json<T> {
  // Undefined fields fall away and bigints become what Json says: exactly what the replacer does.
  return JSON.parse(JSON.stringify(value, replacer)) as Json<T>;
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}
