import type { ExecOptions, Execution } from "./exec.ts";
import type { Snapshot } from "./snapshot.ts";

/** Why something can't be done or may go wrong, and what the person can do about it: one sentence each. */
export interface Advice {
  /** Stable, for tests: `docker.experimental`. */
  readonly code: string;
  readonly sentence: string;
  readonly next: string;
}

/** "Can it?", with the reason when it can't. */
export type Capability = { readonly can: true } | ({ readonly can: false } & Advice);

/**
 * What an engine can do. Views ask this and never which engine it is: they offer the options that are listed here,
 * grey out what can't be done, and show the reason.
 */
export interface EngineCapabilities {
  readonly checkpoint: Capability;
  readonly restore: Capability;
  /** Whether the engine keeps named checkpoints of a container itself (`listCheckpoints`, `deleteCheckpoint`). */
  readonly keepsCheckpoints: boolean;
  /** Whether a checkpoint can be written to a file of the caller's choosing (`CheckpointOptions.archive`). */
  readonly archives: boolean;
  /** Whether it is written to a folder of the caller's choosing (`CheckpointOptions.folder`). */
  readonly folders: boolean;
  /** Whether it can become a container image (`CheckpointOptions.containerImage`). */
  readonly containerImages: boolean;
  /** Whether it can write memory first, while the container runs (`preCheckpoint`), and then the rest (`previous`). */
  readonly preCheckpoints: boolean;
  /** What `list` gives: containers, or all processes that may be frozen. */
  readonly lists: "containers" | "processes";
  readonly checkpointOptions: readonly CheckpointSwitch[];
  readonly restoreOptions: readonly (keyof RestoreOptions)[];
}

export type ContainerState =
  "created" | "running" | "paused" | "restarting" | "stopping" | "exited" | "removing" | "dead" | "unknown";

/** One line of a container list. */
export interface Container {
  readonly id: string;
  /** Without the leading slash that Docker writes. */
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  /** The engine's own words: `Up 3 minutes`. Empty when it gives none. */
  readonly status: string;
  readonly command: string;
}

/** A container's port and where the engine's machine answers for it. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: string;
  /** Empty: all addresses of the engine's machine. */
  readonly hostAddress: string;
  readonly hostPort: number;
}

export interface Mount {
  /** Path on the engine's machine, or a volume's name. */
  readonly source: string;
  /** Path in the container. */
  readonly destination: string;
}

/** What a container is, when asked about it alone. */
export interface ContainerDetails extends Container {
  /** Of the container's first process, in the PID namespace of the engine; undefined when it doesn't run. */
  readonly pid: number | undefined;
  /** The program and its arguments as they were started. */
  readonly argv: readonly string[];
  /** `NAME=value` lines. */
  readonly environment: readonly string[];
  readonly workingDirectory: string;
  readonly tty: boolean;
  /** `host`, `none`, `bridge`, `container:<id>`, a network's name. */
  readonly networkMode: string;
  readonly addresses: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly mounts: readonly Mount[];
  /** Of the container, those of its image among them; none where the engine has no labels. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly exitCode: number | undefined;
  /** What is known to go wrong with this container on this engine, before anyone tries. */
  readonly warnings: readonly Advice[];
}

/** The switches of a checkpoint; which of them an engine has is in its capabilities. */
export interface CheckpointSwitches {
  /** Freeze, copy, and let it run on. Otherwise the container is stopped by the checkpoint. */
  readonly leaveRunning?: boolean;
  readonly tcpEstablished?: boolean;
  readonly fileLocks?: boolean;
  /** Leave out the files that the container changed in its root file system. */
  readonly ignoreRootFs?: boolean;
  /** Keep CRIU's own files and logs beside the container after the work. */
  readonly keep?: boolean;
  /** Let Unix sockets that are connected to processes outside be cut off. */
  readonly externalUnix?: boolean;
  /** It runs on a terminal that belongs to someone outside, who will be there at its restore too. */
  readonly shellJob?: boolean;
  /** All containers of its pod, as an object of the cluster from which it can start such a pod again. */
  readonly wholePod?: boolean;
}
export type CheckpointSwitch = keyof CheckpointSwitches;

export interface CheckpointOptions extends CheckpointSwitches {
  /** Names the checkpoint in the engine (where it keeps them) and the snapshot: letters, digits, `_.-`, at least 2. */
  readonly name: string;
  readonly note?: string;
  /** Where the archive goes, an absolute path that doesn't exist yet. For engines with `archives`. */
  readonly archive?: string;
  /** Where the folder goes, an absolute path that doesn't exist yet. Needed by engines with `folders`. */
  readonly folder?: string;
  /** A reference (`localhost/web:frozen`): makes a container image of it instead. For engines with `containerImages`. */
  readonly containerImage?: string;
  /** Only its memory, while it runs on: nothing to restore, but a start for the next one. For engines with `preCheckpoints`. */
  readonly preCheckpoint?: boolean;
  /** A pre-checkpoint of this container, the last one: what hasn't changed since isn't written again, but taken from it. */
  readonly previous?: Snapshot;
}

export interface CheckpointResult {
  /** What the catalog keeps. */
  readonly snapshot: Snapshot;
  readonly readable: Readable;
}

/** Where the files of a checkpoint can be opened by this process, or why not. */
export type Readable = { readonly path: string } | { readonly path: undefined; readonly why: Advice };

export interface RestoreOptions {
  /** Restore as a new container of this name, beside the old one. */
  readonly name?: string;
  /** Stop, and where the engine needs it remove, the container that the checkpoint was made of. */
  readonly replace?: boolean;
  /** As at the checkpoint, when not given. */
  readonly tcpEstablished?: boolean;
  /** As at the checkpoint, when not given. */
  readonly fileLocks?: boolean;
  readonly ignoreRootFs?: boolean;
  readonly keep?: boolean;
  /** Its TCP connections come back closed. */
  readonly tcpClose?: boolean;
  readonly externalUnix?: boolean;
  readonly shellJob?: boolean;
  /** It comes back stopped (SIGSTOP), for a debugger to continue it. */
  readonly leaveStopped?: boolean;
  /** Named volumes that are there stay as they are. */
  readonly ignoreVolumes?: boolean;
  /** Another address than it had, for a copy beside it. */
  readonly ignoreStaticIp?: boolean;
  /** `8080:80` each, instead of the ports it had. */
  readonly publishPorts?: readonly string[];
  /** Name of a pod that it joins. */
  readonly pod?: string;
}

export interface RestoreResult {
  readonly container: ContainerDetails;
}

export interface EngineProgress {
  readonly phase: "freezing" | "writing" | "stopping" | "restoring" | "waiting";
  /** Bytes of the archive that went through so far. */
  readonly bytes?: number;
  /** What CRIU does of it, where its log can be read while it is written. */
  readonly criu?:
    "stopping processes" | "making processes" | "namespaces" | "files" | "memory" | "continuing";
}

export interface EngineWork {
  /** Ends the wait with the signal's reason; what the engine has begun may still come to its end. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EngineProgress) => void;
  /** Told of a temporary folder before it is made; call what it gives when that is gone. */
  readonly noteFiles?: (path: string) => Promise<() => Promise<void>>;
}

/**
 * A container engine that answers. Every method throws a CryoscopeError `engine.*` whose sentence and `next` can be
 * shown as they are. A new engine is one file that makes one of these, and one line in `drivers.ts`.
 */
export interface Engine {
  /** `docker`, `podman`: for storage and icons, not for decisions. */
  readonly kind: string;
  /** For people: `Podman 5.4.2`. */
  readonly name: string;
  readonly version: string;
  /** The address as a URL: `unix:///run/podman/podman.sock`. Snapshots find their engine by it. */
  readonly endpoint: string;
  /** Where the ports that this engine's machine opens are reached from here: `127.0.0.1`, or the machine's name. */
  readonly host: string;
  readonly capabilities: EngineCapabilities;
  /** All containers, running or not. */
  list(work?: EngineWork): Promise<readonly Container[]>;
  /** Those that a label selector picks (`app=web`), where containers have labels that can be asked for. */
  select?(selector: string, work?: EngineWork): Promise<readonly Container[]>;
  inspect(container: string, work?: EngineWork): Promise<ContainerDetails>;
  checkpoint(container: string, options: CheckpointOptions, work?: EngineWork): Promise<CheckpointResult>;
  restore(snapshot: Snapshot, options?: RestoreOptions, work?: EngineWork): Promise<RestoreResult>;
  /** Where the snapshot's files lie now. */
  locate(snapshot: Snapshot, work?: EngineWork): Promise<Readable>;
  /**
   * Copies the snapshot's files into a new tar at `archive`, for when `locate` finds them where this process may not
   * read, or on another machine. Throws `engine.archiveExists` and what the copying can end in.
   */
  fetch?(snapshot: Snapshot, archive: string, work?: EngineWork): Promise<{ readonly path: string }>;
  /** Names of the checkpoints that the engine keeps of a container. */
  listCheckpoints?(container: string, work?: EngineWork): Promise<readonly string[]>;
  deleteCheckpoint?(container: string, checkpoint: string, work?: EngineWork): Promise<void>;
  /** What a container writes to its outputs from now on, line by line, until it ends or the signal says so. */
  follow?(container: string, work?: EngineWork): AsyncIterable<string>;
  /** Starts a program in a container that runs. Throws `engine.cannotExec` when there is no such program in it. */
  exec?(container: string, argv: readonly string[], options?: ExecOptions): Promise<Execution>;
  /**
   * How a container can be held while it is frozen: by its cgroup's freezer, of which this engine takes no notice, or by
   * the engine's own calls. Not at all when it is absent.
   */
  readonly holds?: "freezer" | Holding;
  /** Removes a container, running or not. */
  remove(container: string, work?: EngineWork): Promise<void>;
}

/** An engine's own way to hold all processes of a container, and to let them go. */
export interface Holding {
  pause(container: string): Promise<void>;
  resume(container: string): Promise<void>;
}
