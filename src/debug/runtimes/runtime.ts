import type { ContainerDetails, Engine } from "../../engine/index.ts";
import type { DebuggersHere } from "../here.ts";
import type { Note } from "../leftovers.ts";
import type { Program } from "../programs.ts";
import type { Resources } from "../resources.ts";
import type { PathMapping } from "../source-map.ts";

export type RuntimeId = "node" | "python" | "native" | "go" | "java";

/** A process of a container, and all that is needed to attach a debugger to it. */
export interface Target {
  readonly engine: Pick<Engine, "exec" | "host" | "name">;
  readonly container: ContainerDetails;
  readonly program: Program;
  /** All of the container's. */
  readonly programs: readonly Program[];
  readonly mappings: readonly PathMapping[];
  readonly here: DebuggersHere;
  /** Where the process's debug server listens in the container, when the user says so. */
  readonly port: number | undefined;
  /** Which of several debuggers the user wants. */
  readonly debugger: string | undefined;
  /** Hold the process where it is, instead of letting it go on. */
  readonly stopOnEntry: boolean;
  /** What is opened for the debugger; it is given back when the session ends. */
  readonly own: Resources;
  /** Told of files of this machine before they are made. */
  readonly note?: Note | undefined;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds that a debug server has to answer; 10 s. */
  readonly timeout: number | undefined;
}

/** How our own client gets at a debug adapter where no extension brings one. */
export type Adapter =
  | { readonly kind: "server"; readonly host: string; readonly port: number }
  | { readonly kind: "program"; readonly command: string; readonly args: readonly string[] };

export interface DebugConfiguration {
  readonly type: string;
  readonly request: "attach" | "launch";
  readonly name: string;
  readonly [key: string]: unknown;
}

/** What a session starts. */
export interface Attachment {
  /** For the editor; its type is `OWN_TYPE` when `adapter` is set. */
  readonly configuration: DebugConfiguration;
  readonly adapter?: Adapter;
  /** Where the process's debug server listens in the container, for the next attachment. */
  readonly port?: number;
  /** It stays stopped after attaching until it is told to continue (gdb). */
  readonly waits?: boolean;
  /** Its debugger holds nothing that it attaches to; it is told to pause when it is there. */
  readonly runsOn?: boolean;
}

/** The debug type of sessions that talk to an adapter of ours; contributed by package.json. */
export const OWN_TYPE = "cryoscope-attached";

/** A kind of program and how a debugger is attached to it. A row of the table in `index.ts`. */
export interface Runtime {
  readonly id: RuntimeId;
  /** For people. */
  readonly label: string;
  /** Whether a process is of this kind, by its file's name and arguments. */
  recognises(program: Program): boolean;
  /** What the container or this machine must have, in a sentence. */
  readonly needs: string;
  /** Opens what the debugger needs and gives its configuration. Throws `debug.*`. */
  attach(target: Target): Promise<Attachment>;
}

export const sessionName = ({ container, program }: Target): string =>
  `${container.name || container.id.slice(0, 12)}: process ${program.pid}`;
