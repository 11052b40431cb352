import type { FileTree, ForeignOrigin } from "../archive/index.ts";
import type { ByteSource } from "../bytes/index.ts";
import type { ImageSeal, Problem } from "../criu/index.ts";
import type { Content } from "./content.ts";
import type { FileDetail } from "./files/detail.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Configuration } from "./container.ts";
import type { ContainerNetwork } from "./container-network.ts";
import type { FileLock } from "./file-locks.ts";
import type { Foreign } from "./foreign.ts";
import type { MappingUse } from "./memory-use.ts";
import type { LogSummary } from "./log.ts";
import type { CheckpointSizes } from "./sizes.ts";
import type { Versions } from "./versions.ts";
import type { Connection } from "./files/connections.ts";
import type { Layer } from "./layers.ts";
import type { IpcNamespace } from "./namespaces/ipc.ts";
import type { Namespace } from "./namespaces/namespaces.ts";
import type { Network } from "./namespaces/network.ts";
import type { Part } from "./problems.ts";
import type { ProcessDetails } from "./process/details.ts";
import type { Environment } from "./process/environment.ts";
import type { Thread } from "./process/thread.ts";

/** Who made the checkpoint. */
export type EngineId = "podman" | "docker" | "cri-o" | "containerd" | "runc" | "criu" | ForeignOrigin["kind"];

export interface Engine {
  readonly id: EngineId;
  /** As people write it: `Podman`. */
  readonly label: string;
  /** What gave it away, in a few words: `spec.dump names libpod`. */
  readonly evidence: string;
}

/** What the engine wrote down about the container. Everything but the id may be unknown. */
export interface Container {
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Name of the container image. */
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  /** The OCI runtime: `runc`, `crun`. */
  readonly runtime: string | undefined;
  /** RFC 3339. */
  readonly created: string | undefined;
  /** RFC 3339; undefined where the engine didn't say (then see `criu.written`). */
  readonly checkpointed: string | undefined;
  readonly pod: string | undefined;
  readonly namespace: string | undefined;
  readonly hostname: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** The mounts the engine asked for (OCI spec). */
  readonly mounts: readonly Mount[];
  /** The engine's networks it was in. */
  readonly networks: readonly ContainerNetwork[];
  /** What the engine started in it. */
  readonly command: readonly string[];
  /** The containers of its pod by their short names, where a whole pod was dumped. */
  readonly podContainers: Readonly<Record<string, string>>;
}

/** Microseconds and pages, from `stats-dump` (`images/stats.proto`). */
export interface DumpStatistics {
  readonly freezingTime: number;
  readonly frozenTime: number;
  readonly memdumpTime: number;
  readonly memwriteTime: number;
  readonly pagesScanned: bigint;
  readonly pagesWritten: bigint;
  readonly pagesSkippedParent: bigint;
  readonly pagesLazy: bigint;
  /** Finding files by their inode, microseconds. */
  readonly irmapResolveTime?: number;
  readonly pagePipes?: bigint;
  readonly pagePipeBuffers?: bigint;
  readonly sharedPagesScanned?: bigint;
  readonly sharedPagesSkippedParent?: bigint;
  readonly sharedPagesWritten?: bigint;
}

/** Microseconds and pages, from `stats-restore`. */
export interface RestoreStatistics {
  readonly forkingTime: number;
  readonly restoreTime: number;
  readonly pagesCompared: bigint;
  readonly pagesSkippedCopyOnWrite: bigint;
  readonly pagesRestored?: bigint;
}

export interface CriuInfo {
  /** 1, 2 or 3; undefined without a readable inventory.img. */
  readonly imageVersion: number | undefined;
  /** From dump.log or the annotations of the container image, where there are any: `4.2`. */
  readonly version: string | undefined;
  readonly runId: string | undefined;
  readonly plugins: readonly string[];
  /** `NO_LSM`, `SELINUX`, `APPARMOR`. */
  readonly lsm: string | undefined;
  /** `X86_64`, `AARCH64` … of the first process. */
  readonly architecture: string | undefined;
  /** When inventory.img was written by the archive's or folder's clock, milliseconds since 1970. */
  readonly written: number | undefined;
  readonly statistics: DumpStatistics | undefined;
  /** Of a restore from these images, where CRIU left its statistics among them. */
  readonly restore: RestoreStatistics | undefined;
  /** How long the machine was up when it was dumped, microseconds. */
  readonly uptime: bigint | undefined;
  readonly sealed: boolean;
}

export type ProcessState = "running" | "stopped" | "zombie" | "unknown";

/** Why a zombie ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code?: number;
  readonly signal?: number;
}

/** One process. Its pids are those of its own pid namespace, as in the container. */
export interface Process {
  readonly pid: number;
  /** 0 for a root of the dumped tree. */
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** Pids of the children that are in this checkpoint, in the order of pstree.img. */
  readonly children: readonly number[];
  readonly comm: string;
  /** Arguments as the process has them in its memory now. Empty for zombies and where the memory is not readable. */
  readonly cmdline: readonly string[];
  readonly state: ProcessState;
  readonly exit: ProcessExit | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Thread ids, the leader first. Empty for zombies. */
  readonly threadIds: readonly number[];
}

export interface OpenFile {
  readonly fd: number;
  /** CRIU's word for the kind: `REG`, `PIPE`, `INETSK`. */
  readonly type: string;
  /** A path in the process's root where the file has one. */
  readonly path: string | undefined;
  /** One line for people: `/etc/passwd`, `TCP 127.0.0.1:80 LISTEN`, `pipe:[42]`. */
  readonly description: string;
  /** Names of open flags: `O_RDWR`, `O_APPEND`. */
  readonly flags: readonly string[];
  readonly closeOnExec: boolean;
  /** File offset in bytes, for kinds that have one. */
  readonly position: bigint | undefined;
  /** Two descriptors with the same id share one open file description. */
  readonly id: number;
  /** The file has no name any more: CRIU kept its content (ghost) or another link. */
  readonly deleted: boolean;
  /** The open flags as a number, as the machine has them. */
  readonly flagBits: number | undefined;
  /** Id of the mount it was opened in, of dumps with mount namespaces. */
  readonly mountId: number | undefined;
  /** The kernel's inode number, for kinds that images have it of. */
  readonly inode: bigint | undefined;
  /** Who gets signals about it (F_SETOWN); undefined when nobody does. */
  readonly owner: FileOwner | undefined;
  /** SELinux label. */
  readonly securityLabel: string | undefined;
  /** Everything else, by its `kind`; undefined when the images don't describe the file. */
  readonly detail: FileDetail | undefined;
}

export interface FileOwner {
  readonly uid: number;
  readonly euid: number;
  /** 0 is SIGIO. */
  readonly signal: number;
  readonly pid: number;
  /** `F_OWNER_PID` … */
  readonly pidType: string;
}

export type MappingKind =
  | "file"
  | "anonymous"
  | "shared"
  | "memfd"
  | "heap"
  | "stack"
  | "vdso"
  | "vvar"
  | "vsyscall"
  | "sysv"
  | "socket"
  | "aio"
  | "other";

/** One VMA: the addresses `[start, end)`. */
export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** As in /proc/PID/maps: `r-xp`. */
  readonly permissions: string;
  readonly kind: MappingKind;
  /** Path of the mapped file, or `[heap]`, `[stack]`, `[vdso]` …; undefined for anonymous memory. */
  readonly name: string | undefined;
  /** Offset in the mapped file, bytes. */
  readonly offset: bigint;
  /** Id in files.img of the mapped file. */
  readonly fileId: number | undefined;
  /** Of shared memory without a file: ID of `pagemap-shmem-ID.img`. Of files the same as `fileId`. */
  readonly shmid: bigint;
  /** Of mmap(2): `MAP_PRIVATE`, `MAP_ANON` … */
  readonly flags: readonly string[];
  /** What madvise(2) was told: `MADV_DONTFORK` … */
  readonly advice: readonly string[];
  /** Letters of VmFlags in /proc/PID/smaps, of those that images know: `rd`, `ex` … */
  readonly vmFlags: readonly string[];
  /** Open flags of the mapped file, as a number. */
  readonly openFlags: number | undefined;
}

/** Paths of a process, undefined where the image is missing. */
export interface ProcessPaths {
  readonly exe: string | undefined;
  readonly cwd: string | undefined;
  readonly root: string | undefined;
  readonly umask: number | undefined;
}

export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Path inside the mounted file system, from the images only. */
  readonly root?: string;
  readonly id?: number;
  readonly parentId?: number;
  /** Id of the mount namespace image: `mountpoints-13.img`. */
  readonly namespace?: number;
  /** `major:minor` of the file system. */
  readonly device?: string;
  /** Options of this mount alone, in the order of mountinfo: `rw`, `nosuid` … */
  readonly mountOptions?: readonly string[];
  /** Options of the file system, in the order of mountinfo. */
  readonly superOptions?: readonly string[];
  /** Peer group that mounts propagate in, and the one they come from. */
  readonly sharedGroup?: number | undefined;
  readonly masterGroup?: number | undefined;
  /** The folder that was mounted is gone. */
  readonly deleted?: boolean;
  /** It belongs to the outside: the name CRIU was given for it, "" when none. */
  readonly external?: string | undefined;
}

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

/** Gives the key of a sealed layer, or throws `seal.keyNeeded`, `seal.wrongKey` … */
export type SealFor = (layer: SealedLayer) => Promise<ImageSeal>;

export interface SealedLayer {
  /** Path in the tree of the layer's folder. */
  readonly folder: string;
  readonly tree: FileTree;
  /** `cipher.img` of the layer. */
  readonly cipherPath: string;
}
