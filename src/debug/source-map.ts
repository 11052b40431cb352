// The same source files in the container and on this machine.
import type { ContainerDetails } from "../engine/index.ts";

/** A folder in the container and the same one here. Absolute, without a slash at the end (but `/` itself). */
export interface PathMapping {
  readonly localRoot: string;
  readonly remoteRoot: string;
}

/** Where a mapping comes from, in the order in which they win. */
export interface MappingSources {
  /** `pathMappings` of launch.json: a list of pairs, or an object `{"/app": "/home/me/app"}`, container first. */
  readonly pathMappings?: unknown;
  readonly localRoot?: unknown;
  readonly remoteRoot?: unknown;
  /** The workspace folder that the session belongs to. */
  readonly folder?: string;
}

const MAX_MAPPINGS = 64;

/** Compose writes where its project lies, development containers which folder they were made for. */
const PROJECT_LABELS = ["devcontainer.local_folder", "com.docker.compose.project.working_dir"] as const;

/**
 * The mappings for a container: the user's rules, then its bind mounts, then what the labels of its tools say of its
 * working directory, then the workspace folder for it. The first that holds a path counts, longer paths first within
 * each of the kinds.
 */
export function pathMappings(
  container: Pick<ContainerDetails, "mounts" | "workingDirectory" | "labels">,
  sources: MappingSources = {},
): readonly PathMapping[] {
  const { localRoot, remoteRoot, folder } = sources;
  const own = [...userRules(sources.pathMappings), pair(localRoot, remoteRoot)];
  const mounts = container.mounts.map(({ source, destination }) => pair(source, destination));
  const labelled = PROJECT_LABELS.map((label) => container.labels?.[label]);
  const { workingDirectory } = container;
  // The root as a working directory says nothing of where the sources are.
  const work = workingDirectory === "/" ? undefined : workingDirectory;
  const guessed = [...labelled, folder].map((local) => pair(local, work));
  const chosen: PathMapping[] = [];
  for (const kind of [own, mounts, guessed]) {
    const found = kind.filter((one) => one !== undefined);
    for (const one of found.sort((a, b) => b.remoteRoot.length - a.remoteRoot.length))
      if (!chosen.some(({ remoteRoot: known }) => known === one.remoteRoot)) chosen.push(one);
  }
  return chosen.slice(0, MAX_MAPPINGS);
}

/** The path here of a file in the container; undefined when no mapping holds it. */
export function toLocal(path: string, mappings: readonly PathMapping[]): string | undefined {
  const found = mappings.find(({ remoteRoot }) => below(path, remoteRoot) !== undefined);
  const rest = found && below(path, found.remoteRoot);
  if (found === undefined || rest === undefined) return undefined;
  const separator = /^[a-z]:\\/i.test(found.localRoot) ? "\\" : "/";
  const inner = rest.split("/").join(separator);
  return rest === "" ? found.localRoot : `${trimmed(found.localRoot)}${separator}${inner}`;
}

/**
 * What the debuggers that know one pair only are given: the mapping that holds the working directory or the program;
 * else the only one there is.
 */
export function mainMapping(
  mappings: readonly PathMapping[],
  ...paths: readonly string[]
): PathMapping | undefined {
  const holds = mappings.find(({ remoteRoot }) =>
    paths.some((path) => below(path, remoteRoot) !== undefined),
  );
  return holds ?? (mappings.length === 1 ? mappings[0] : undefined);
}

function userRules(rules: unknown): readonly (PathMapping | undefined)[] {
  if (Array.isArray(rules))
    return rules.slice(0, MAX_MAPPINGS).map((rule: unknown) => {
      if (typeof rule !== "object" || rule === null) return undefined;
      return pair("localRoot" in rule && rule.localRoot, "remoteRoot" in rule && rule.remoteRoot);
    });
  if (typeof rules !== "object" || rules === null) return [];
  return Object.entries(rules)
    .slice(0, MAX_MAPPINGS)
    .map(([remote, local]) => pair(local, remote));
}

/** Undefined unless both are absolute paths; a volume's name is none. */
function pair(local: unknown, remote: unknown): PathMapping | undefined {
  if (typeof local !== "string" || typeof remote !== "string") return undefined;
  if (!/^(\/|[a-z]:[\\/])/i.test(local) || !remote.startsWith("/")) return undefined;
  return { localRoot: trimmed(local) || "/", remoteRoot: trimmed(remote) || "/" };
}

const trimmed = (path: string): string => path.replace(/[\\/]+$/, "");

/** What comes after the folder; undefined when the path is not in it. */
function below(path: string, folder: string): string | undefined {
  if (path === folder) return "";
  const inside = folder === "/" ? "/" : `${folder}/`;
  return path.startsWith(inside) ? path.slice(inside.length) : undefined;
}
