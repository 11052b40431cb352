// Where engines that run CRIU themselves have it write its log, on their own machine.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LogPlaces } from "./criu-phases.ts";

type Verb = "freezing" | "restoring";
const LOGS: Readonly<Record<Verb, string>> = { freezing: "dump.log", restoring: "restore.log" };

/** containerd's own folder where it is a service of the machine, as Docker's packages have it. */
const SYSTEM_CONTAINERD = "/var/lib/containerd";

/** Folders with the work of the tasks of containerd's namespace: of the one that dockerd starts, and the machine's. */
export function taskFolders(dataRoot: string, namespace: string, id: string): readonly string[] {
  const tasks = `io.containerd.runtime.v2.task/${namespace}/${id}`;
  const own = dataRoot === "" ? [] : [join(dataRoot, "containerd/daemon", tasks)];
  return [...own, join(SYSTEM_CONTAINERD, tasks)];
}

/** containerd's shim removes `criu-work` when a dump is over (process/init.go). */
export function shimLogs(folders: readonly string[], verb: Verb): readonly string[] {
  const beside = verb === "freezing" ? "criu-work" : "";
  return folders.map((folder) => join(folder, beside, LOGS[verb]));
}

/**
 * Of Podman's container: beside its bundle. One that gets its id only when it is restored (`undefined`) is the one that
 * wasn't there before. `containers` is the folder with a folder for each; empty when Podman doesn't say.
 */
export function podmanLogs(containers: string, verb: Verb, id: string | undefined): LogPlaces {
  if (containers === "") return () => [];
  const logOf = (one: string): string => join(containers, one, "userdata", LOGS[verb]);
  if (id !== undefined) return () => [logOf(id)];
  const list = (): Promise<readonly string[]> => readdir(containers).catch(() => []);
  const before = list();
  return async () => {
    const known = new Set(await before);
    return (await list()).filter((one) => !known.has(one)).map(logOf);
  };
}
