// runtimes: what runs in a container and which debugger fits: a table with one file a runtime.
import { liveErrors } from "../errors.ts";
import { programName } from "../programs.ts";
import type { Program } from "../programs.ts";
import { go } from "./go.ts";
import { java } from "./java.ts";
import { native } from "./native.ts";
import { node } from "./node.ts";
import { python } from "./python.ts";
import type { Runtime, RuntimeId } from "./runtime.ts";

/** In the order in which they are asked; the last takes what nobody else knows. */
export const RUNTIMES: readonly Runtime[] = [node, python, java, go, native];

/** They start other programs and are seldom what one wants to debug. */
const HELPERS =
  /^(?:sh|bash|dash|ash|zsh|busybox|tini|catatonit|dumb-init|docker-init|podman-init|s6-svscan|supervisord|conmon|pause)$/;

export interface Choice {
  readonly runtime: Runtime;
  readonly program: Program;
}

/**
 * Which process of a container is debugged, and how. The user's `pid` and `runtime` win; else the first process whose
 * runtime is known, else the first that is more than a shell. Throws `debug.noProcess` and `debug.noRuntime`.
 */
export function chooseProgram(
  programs: readonly Program[],
  { pid, runtime = "auto" }: { readonly pid?: number | undefined; readonly runtime?: RuntimeId | "auto" },
  container: string,
): Choice {
  const able = pid === undefined ? programs : programs.filter((one) => one.pid === pid);
  if (able.length === 0) throw liveErrors.noProcess(container, pid);
  const wanted = RUNTIMES.find(({ id }) => id === runtime);
  const kinds = wanted ? [wanted] : RUNTIMES.filter(({ id }) => id !== "native");
  for (const kind of kinds) {
    const program = able.find((one) => kind.recognises(one));
    if (program !== undefined) return { runtime: kind, program };
  }
  const notable = able.find((one) => !HELPERS.test(programName(one))) ?? able[0];
  if (notable === undefined) throw liveErrors.noProcess(container, pid);
  // The user may know better what a process is than its name tells, if it is named by its pid.
  if (wanted !== undefined && wanted.id !== "native" && pid === undefined)
    throw liveErrors.noRuntime(container, wanted.label);
  return { runtime: wanted ?? native, program: notable };
}
