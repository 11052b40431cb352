import { foreignOrigin } from "../archive/index.ts";
import type { FileTree } from "../archive/index.ts";
import type { MessageMap } from "../criu/index.ts";
import { readAbout } from "./about.ts";
import { readCgroups } from "./cgroups.ts";
import { readCriuInfo } from "./criu-info.ts";
import { checkpointErrors } from "./errors.ts";
import { openContent } from "./content.ts";
import { foreignOf, foreignProblem, noCriu } from "./foreign.ts";
import type { Foreign } from "./foreign.ts";
import { readFileLocks } from "./file-locks.ts";
import { fileImages } from "./files/context.ts";
import { checkImages, prepareLayerFiles } from "./images.ts";
import { closeLayers, openLayers } from "./layers.ts";
import type { Layer } from "./layers.ts";
import { locateImages } from "./locate.ts";
import { readLogs } from "./log.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { SealFor } from "./layers.ts";
import type { Mount } from "./mounts.ts";
import { once } from "./once.ts";
import { readMounts } from "./mounts.ts";
import { readIpc } from "./namespaces/ipc.ts";
import { readNamespaces } from "./namespaces/namespaces.ts";
import { readNetworks } from "./namespaces/network.ts";
import { collect } from "./problems.ts";
import type { Part, Report } from "./problems.ts";
import { NO_PROCESSES, readProcesses } from "./processes.ts";
import type { ProcessTree } from "./processes.ts";
import { processParts } from "./process-parts.ts";
import { readRecords } from "./records.ts";

export interface OpenOptions {
  /** Folder of the newest images in the tree, where the caller knows it. Found by content otherwise. */
  readonly folder?: string;
  /** Gives the keys of sealed layers. Without it a sealed checkpoint is refused with `seal.keyNeeded`. */
  readonly sealFor?: SealFor;
  readonly signal?: AbortSignal;
}

/**
 * Opens a checkpoint: finds its images, its engine, its processes and their command lines. What is broken is told in
 * `problems`; it throws only when there is nothing to show (`checkpoint.noImages`) or nothing may be shown
 * (`seal.keyNeeded`, `seal.wrongKey`, `seal.keysLost` and whatever else the key provider throws). The tree then belongs to the checkpoint.
 */
export async function openCheckpoint(tree: FileTree, options: OpenOptions = {}): Promise<Checkpoint> {
  const { signal, sealFor } = options;
  const opened = await collect(async (report) => {
    for (const message of tree.problems)
      report({ code: "archive.entry", message, severity: "warning", file: tree.name });
    const foreign = foreignOf(tree);
    const folder = options.folder ?? foreignOrigin(tree)?.folder ?? (await locate(tree, report, signal));
    const [newest, ...parents] = await openLayers(tree, folder, sealFor, report, signal);
    if (newest === undefined) throw checkpointErrors.noImages(tree.name);
    const layers = [newest, ...parents] as const;
    for (const layer of layers) await prepareLayerFiles(layer);
    if (foreign !== undefined) return openForeign(newest, foreign, report);
    const [inventory] = await readRecords(newest, "inventory.img", "inventory_entry", report, 1);
    if (!newest.files.has("inventory.img")) report(noInventory(folder));

    const processes = await readProcesses(layers, report, signal);
    const mounts = await collect((tell) => readMounts(newest, tell));
    const about = await readAbout(newest, mounts.value, report);
    const criu = await readCriuInfo(newest, inventory, processes.architecture, about.versions.criu, report);
    // What is absent is false in CRIU's own eyes; without an inventory the dump is of our days.
    const fdinfoPerId = inventory === undefined || inventory.fdinfo_per_id === true;
    const rootIds = inventory?.root_ids;
    return { layers, mounts, criu, foreign: undefined, fdinfoPerId, rootIds, ...about, ...processes };
  });
  return assemble(tree, opened);
}

type Facts = "engine" | "foreign" | "container" | "criu" | "versions" | "sizes" | "configuration";

interface Opened extends ProcessTree, Pick<Checkpoint, Facts> {
  readonly layers: readonly [Layer, ...Layer[]];
  readonly mounts: Part<readonly Mount[]>;
  readonly fdinfoPerId: boolean;
  readonly rootIds: MessageMap["task_kobj_ids_entry"] | undefined;
}

/** What there is of a snapshot that CRIU didn't make: its files, and what the engine wrote beside them. */
async function openForeign(layer: Layer, foreign: Foreign, report: Report): Promise<Opened> {
  report(foreignProblem(foreign));
  return {
    layers: [layer],
    mounts: { value: [], problems: [] },
    criu: noCriu(),
    foreign,
    fdinfoPerId: false,
    rootIds: undefined,
    ...(await readAbout(layer, [], report)),
    ...NO_PROCESSES,
  };
}

function assemble(tree: FileTree, { value, problems }: Part<Opened>): Checkpoint {
  const { layers, processes, roots, architecture, pageSize, mounts, engine, container, criu } = value;
  const { versions, sizes, configuration, foreign } = value;
  const [newest] = layers;
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const files = fileImages(newest);
  const seccompFilters = once(() =>
    collect(async (report) => {
      const [entry] = await readRecords(newest, "seccomp.img", "seccomp_entry", report, 1);
      return entry?.seccomp_filters ?? [];
    }),
  );
  const shownMounts = mounts.value.length > 0 ? mounts : { ...mounts, value: container.mounts };
  return {
    name: tree.name,
    tree,
    layers,
    engine,
    foreign,
    container,
    criu: { ...criu },
    versions,
    sizes,
    configuration,
    processes,
    roots,
    problems,
    process: (pid) => byPid.get(pid),
    ...processParts(layers, byPid, { files, seccompFilters, fdinfoPerId: value.fdinfoPerId }, architecture),
    mounts: () => Promise.resolve(shownMounts),
    namespaces: once(() => collect((report) => readNamespaces(newest, processes, value.rootIds, report))),
    networks: once(() => collect((report) => readNetworks(newest, report))),
    ipc: once(() => collect((report) => readIpc(newest, report))),
    cgroups: once(() => collect((report) => readCgroups(newest, report))),
    fileLocks: once(() => collect((report) => readFileLocks(newest, report))),
    logs: (signal) => collect((report) => readLogs(newest, report, signal)),
    // A page that can't be read is a gap that the reader sees as zeros; the memory views say so.
    openContent: (content) => openContent(layers, content, pageSize, () => undefined),
    // Files of others are no images, whatever they are called.
    checkImages: (signal) => (foreign ? Promise.resolve([]) : checkImages(layers, signal)),
    close: async () => {
      await closeLayers(tree, layers);
      await tree.close();
    },
  };
}

async function locate(tree: FileTree, report: Report, signal: AbortSignal | undefined): Promise<string> {
  const { folder, others } = await locateImages(tree, signal);
  if (others.length > 0)
    report({
      code: "checkpoint.several",
      message: `There are images of more than one checkpoint here; those in "${folder}" are shown, not those in ${others
        .slice(0, 5)
        .map((other) => `"${other}"`)
        .join(", ")}${others.length > 5 ? " …" : ""}.`,
      severity: "warning",
      file: tree.name,
    });
  return folder;
}

const noInventory = (folder: string) =>
  ({
    code: "checkpoint.noInventory",
    message: "inventory.img is missing; the dump was not finished, or files were lost.",
    severity: "warning",
    file: folder === "" ? "inventory.img" : `${folder}/inventory.img`,
  }) as const;
