import type { MappingSources } from "./source-map.ts";
import type { RuntimeId } from "./runtimes/runtime.ts";

/** How a live session is to be, as launch.json says it. */
export interface LiveOptions {
  readonly runtime: RuntimeId | "auto";
  /** The process, as the container numbers it. */
  readonly pid: number | undefined;
  /** Where its debug server listens in the container. */
  readonly port: number | undefined;
  /** Which of several debuggers is to be used. */
  readonly debugger: string | undefined;
  readonly sources: MappingSources;
  /** Restored as a new container beside the old one, which is removed at the end. */
  readonly copy: boolean;
  /** Restored stopped, before its first instruction. */
  readonly stopped: boolean;
  readonly stopOnEntry: boolean;
}

const RUNTIME_IDS: readonly (RuntimeId | "auto")[] = ["auto", "node", "python", "native", "go", "java"];

/** launch.json is written by hand: a value that makes no sense counts as not given. `folder` is the workspace's. */
export function liveOptions(configuration: Readonly<Record<string, unknown>>, folder?: string): LiveOptions {
  const { pathMappings, localRoot, remoteRoot } = configuration;
  return {
    runtime: RUNTIME_IDS.find((id) => id === configuration["runtime"]) ?? "auto",
    pid: within(configuration["pid"], 4_194_304),
    port: within(configuration["port"], 65_535),
    debugger: typeof configuration["debugger"] === "string" ? configuration["debugger"] : undefined,
    sources: { pathMappings, localRoot, remoteRoot, ...(folder !== undefined && { folder }) },
    copy: configuration["copy"] === true,
    stopped: configuration["stopped"] === true,
    stopOnEntry: configuration["stopOnEntry"] === true,
  };
}

function within(value: unknown, highest: number): number | undefined {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= highest
    ? value
    : undefined;
}
