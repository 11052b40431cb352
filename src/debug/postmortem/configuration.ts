import { join, posix } from "node:path";
import { postmortemErrors } from "./errors.ts";

/** A launch configuration of a post-mortem session. */
export interface PostmortemConfiguration {
  /** Folder or archive. */
  readonly checkpoint: string;
  /** One process, in its own pid namespace; all of them when undefined. */
  readonly pid: number | undefined;
  /** A root folder or container image that has the programs and libraries. */
  readonly sysroot: string | undefined;
  /** Sources below `remoteRoot`, or `localRoot` itself, are looked for below `localRoot`. */
  readonly localRoot: string | undefined;
  readonly remoteRoot: string | undefined;
}

/** What was written in launch.json. A value of another type counts as not given; throws `postmortem.noCheckpoint`. */
export function readConfiguration(given: Readonly<Record<string, unknown>>): PostmortemConfiguration {
  const text = (name: string): string | undefined => {
    const value = given[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const checkpoint = text("checkpoint");
  if (checkpoint === undefined) throw postmortemErrors.noCheckpoint();
  const { pid } = given;
  return {
    checkpoint,
    pid: typeof pid === "number" && Number.isSafeInteger(pid) && pid > 0 ? pid : undefined,
    sysroot: text("sysroot"),
    localRoot: text("localRoot"),
    remoteRoot: text("remoteRoot"),
  };
}

/**
 * Where the source that the compiler saw at `path` may be on this machine: below `localRoot` only, as a program from
 * elsewhere can name any file. Undefined when it is not there.
 */
export function localPath(
  path: string,
  { localRoot, remoteRoot = localRoot }: PostmortemConfiguration,
): string | undefined {
  const seen = posix.normalize(path);
  if (localRoot === undefined || remoteRoot === undefined) return undefined;
  const root = posix.normalize(`${remoteRoot}/`);
  return seen.startsWith(root) ? join(localRoot, seen.slice(root.length)) : undefined;
}
