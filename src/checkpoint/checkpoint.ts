import type { FileTree } from "../archive/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import type { Problem } from "../criu/index.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Configuration, Container } from "./container.ts";
import type { Content } from "./content.ts";
import type { CriuInfo } from "./criu-info.ts";
import type { Engine } from "./engine-detect.ts";
import type { FileLock } from "./file-locks.ts";
import type { Connection } from "./files/connections.ts";
import type { OpenFile } from "./files/open-files.ts";
import type { Foreign } from "./foreign.ts";
import type { Layer } from "./layers.ts";
import type { LogSummary } from "./log.ts";
import type { Mapping } from "./memory-map.ts";
import type { MappingUse } from "./memory-use.ts";
import type { Mount } from "./mounts.ts";
import type { IpcNamespace } from "./namespaces/ipc.ts";
import type { Namespace } from "./namespaces/namespaces.ts";
import type { Network } from "./namespaces/network.ts";
import type { Part } from "./problems.ts";
import type { ProcessDetails } from "./process/details.ts";
import type { Environment } from "./process/environment.ts";
import type { Thread } from "./process/thread.ts";
import type { Process, ProcessPaths } from "./processes.ts";
import type { CheckpointSizes } from "./sizes.ts";
import type { Versions } from "./versions.ts";

/**
 * One frozen container or process tree. Immutable; what is big or rarely asked for is read when asked and remembered.
 * What could not be read at opening is in `problems`, the rest comes with the part it belongs to.
 */
export interface Checkpoint {
  readonly name: string;
  readonly tree: FileTree;
  /** The folder of the newest images first, then its parents. At least one. */
  readonly layers: readonly Layer[];
  readonly engine: Engine;
  /** What is known of a snapshot that CRIU didn't make; undefined for a checkpoint of CRIU's. */
  readonly foreign: Foreign | undefined;
  readonly container: Container;
  readonly criu: CriuInfo;
  /** Who made it with which versions. */
  readonly versions: Versions;
  readonly sizes: CheckpointSizes;
  /** What the engine wrote beside the images, as it is: nothing in it has been checked. */
  readonly configuration: Configuration;
  /** In the order of pstree.img. */
  readonly processes: readonly Process[];
  /** Pids of processes whose parent is not in the checkpoint. */
  readonly roots: readonly number[];
  readonly problems: readonly Problem[];
  process(pid: number): Process | undefined;
  /** Credentials, signals, limits, timers … of a process: what is no list of its own. */
  details(pid: number): Promise<Part<ProcessDetails>>;
  /** The environment the process was started with, as its memory has it now. */
  environment(pid: number): Promise<Part<Environment>>;
  threads(pid: number): Promise<Part<readonly Thread[]>>;
  openFiles(pid: number): Promise<Part<readonly OpenFile[]>>;
  memoryMap(pid: number): Promise<Part<readonly Mapping[]>>;
  /** How many pages of each mapping were dumped, in the order of the map. */
  memoryUse(pid: number): Promise<Part<readonly MappingUse[]>>;
  paths(pid: number): Promise<Part<ProcessPaths>>;
  mounts(): Promise<Part<readonly Mount[]>>;
  /** All namespaces that processes are in, by kind and id, with what is known of each. */
  namespaces(): Promise<Part<readonly Namespace[]>>;
  /** The network namespaces that were dumped: devices, addresses, routes, rules, filters, connections. */
  networks(): Promise<Part<readonly Network[]>>;
  /** SysV shared memory, semaphores and message queues of the ipc namespaces that were dumped. */
  ipc(): Promise<Part<readonly IpcNamespace[]>>;
  cgroups(): Promise<Part<Cgroups>>;
  fileLocks(): Promise<Part<readonly FileLock[]>>;
  /** Pipes, FIFOs and sockets with the processes that hold their ends. */
  connections(): Promise<Part<readonly Connection[]>>;
  /** Opens bytes that a detail names: queued data, deleted files, memfds. The caller closes the source. */
  openContent(content: Content): Promise<ByteSource>;
  /** CRIU's logs with their warnings and errors; read anew at each call. */
  logs(signal?: AbortSignal): Promise<Part<readonly LogSummary[]>>;
  /** Opens every image and says what is wrong with it, those included that nothing else has read. */
  checkImages(signal?: AbortSignal): Promise<readonly Problem[]>;
  close(): Promise<void>;
}
