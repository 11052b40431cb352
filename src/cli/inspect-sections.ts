import { listLayerFiles } from "../checkpoint/index.ts";
import type { Checkpoint, LayerFile, Part, Process } from "../checkpoint/index.ts";

/** Takes the value of a part and notes its problems. */
export type Take = <T>(part: Promise<Part<T>>) => Promise<T>;

export type SectionFields = Readonly<Record<string, unknown>>;

/** Something that can be asked of a checkpoint, or of each of its processes, by name. */
export interface Section<Of> {
  readonly name: string;
  /** One line for --help and for headings. */
  readonly title: string;
  /** Fields of the document, as the model has them. Reads whatever of the images can be wrong, as problems are told of all of them. */
  readonly read: (of: Of, take: Take, signal?: AbortSignal) => Promise<SectionFields>;
}

export interface OneProcess {
  readonly checkpoint: Checkpoint;
  readonly process: Process;
}

/** What is asked of the checkpoint as a whole. A new section is a row here and its fields in docs/inspect.schema.json. */
export const CHECKPOINT_SECTIONS: readonly Section<Checkpoint>[] = [
  {
    name: "container",
    title: "What the engine wrote of the container",
    read: ({ container }) => Promise.resolve({ container }),
  },
  {
    name: "foreign",
    title: "What a snapshot of gVisor or Firecracker says of itself",
    read: ({ foreign, layers }) =>
      Promise.resolve(
        foreign === undefined
          ? {}
          : { foreign: { ...foreign, files: layers.flatMap(listLayerFiles).map(fileFacts) } },
      ),
  },
  {
    name: "criu",
    title: "The dump: format, statistics, versions, sizes",
    read: ({ criu, versions, sizes, layers }) =>
      Promise.resolve({
        criu,
        versions,
        sizes,
        layers: layers.map(({ tree, folder, files, sealed }) => ({
          folder: folder === "" ? tree.name : folder,
          files: files.size,
          sealed,
        })),
      }),
  },
  {
    name: "mounts",
    title: "Mounts",
    read: async (checkpoint, take) => ({ mounts: await take(checkpoint.mounts()) }),
  },
  {
    name: "namespaces",
    title: "Namespaces and who is in them",
    read: async (checkpoint, take) => ({ namespaces: await take(checkpoint.namespaces()) }),
  },
  {
    name: "network",
    title: "Network namespaces: devices, addresses, routes, filters",
    read: async (checkpoint, take) => ({ networks: await take(checkpoint.networks()) }),
  },
  {
    name: "ipc",
    title: "SysV shared memory, semaphores, message queues",
    read: async (checkpoint, take) => ({ ipc: await take(checkpoint.ipc()) }),
  },
  {
    name: "cgroups",
    title: "Cgroups and their settings",
    read: async (checkpoint, take) => ({ cgroups: await take(checkpoint.cgroups()) }),
  },
  {
    name: "locks",
    title: "File locks",
    read: async (checkpoint, take) => ({ fileLocks: await take(checkpoint.fileLocks()) }),
  },
  {
    name: "connections",
    title: "Pipes and sockets with the processes at their ends",
    read: async (checkpoint, take) => ({ connections: await take(checkpoint.connections()) }),
  },
  {
    name: "log",
    title: "CRIU's logs: warnings and errors",
    read: async (checkpoint, take, signal) => ({ logs: await take(checkpoint.logs(signal)) }),
  },
  {
    name: "configuration",
    title: "The engine's own files as they are",
    read: ({ configuration }) => Promise.resolve({ configuration }),
  },
];

const fileFacts = ({ path, size }: LayerFile): object => ({ path, size });

/** What is asked of each process. */
export const PROCESS_SECTIONS: readonly Section<OneProcess>[] = [
  {
    name: "paths",
    title: "Executable, working directory, root, umask",
    read: async ({ checkpoint, process }, take) => ({ ...(await take(checkpoint.paths(process.pid))) }),
  },
  {
    name: "threads",
    title: "Threads: registers, signals, scheduling",
    read: async ({ checkpoint, process }, take) => ({
      threads: await take(checkpoint.threads(process.pid)),
    }),
  },
  {
    name: "files",
    title: "Open files with their details",
    read: async ({ checkpoint, process }, take) => ({
      openFiles: await take(checkpoint.openFiles(process.pid)),
    }),
  },
  {
    name: "memory",
    title: "Memory map with the pages that were dumped",
    read: async ({ checkpoint, process: { pid } }, take) => {
      const uses = await take(checkpoint.memoryUse(pid));
      const map = await take(checkpoint.memoryMap(pid));
      return {
        memoryMap: map.map((mapping, index) => {
          const { pages = 0, present = 0, inParent = 0, lazy = 0 } = uses[index] ?? {};
          return { ...mapping, pages, present, inParent, lazy };
        }),
      };
    },
  },
  {
    name: "environment",
    title: "Environment",
    read: async ({ checkpoint, process }, take) => ({
      environment: (await take(checkpoint.environment(process.pid))).variables,
    }),
  },
  {
    name: "details",
    title: "Credentials, capabilities, seccomp, signals, timers, limits, namespaces and more",
    read: async ({ checkpoint, process }, take) => {
      const { leader, ...details } = await take(checkpoint.details(process.pid));
      const { credentials, scheduling, seccomp } = leader;
      return { details: { credentials, scheduling, seccomp, ...details } };
    },
  },
];

/** Every name that --section takes. */
export const SECTION_NAMES: readonly string[] = [
  "processes",
  ...PROCESS_SECTIONS.map(({ name }) => name),
  ...CHECKPOINT_SECTIONS.map(({ name }) => name),
];
