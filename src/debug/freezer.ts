// The freezer of a container's cgroup: all its processes held at once, wherever they are.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isIn } from "./programs.ts";

/** Where processes are frozen by writing a word (cgroup-v1/freezer-subsystem, cgroup-v2 "cgroup.freeze"). */
interface Version {
  /** Whether a line of `/proc/PID/cgroup` and of mountinfo is of this hierarchy. */
  readonly line: RegExp;
  readonly mount: RegExp;
  readonly file: string;
  readonly freeze: string;
  readonly thaw: string;
  /** What the second file says once all are frozen. */
  readonly told: readonly [file: string, words: RegExp];
}

/** A machine with both has its containers in the first. */
const VERSIONS: readonly Version[] = [
  {
    line: /^\d+:(?:[^:]*,)?freezer(?:,[^:]*)?:(.*)$/m,
    mount: /^(?:\S+ ){3}(\S+) (\S+) .* - cgroup \S+ (?:\S*,)?freezer(?:,\S*)?$/m,
    ...{ file: "freezer.state", freeze: "FROZEN", thaw: "THAWED" },
    told: ["freezer.state", /^FROZEN$/m],
  },
  {
    line: /^0::(.*)$/m,
    mount: /^(?:\S+ ){3}(\S+) (\S+) .* - cgroup2 \S+ \S+$/m,
    ...{ file: "cgroup.freeze", freeze: "1", thaw: "0" },
    told: ["cgroup.events", /^frozen 1$/m],
  },
];

export interface Freezer {
  /** Freezes all processes in it; false, and none is frozen, when that is not so within five seconds. */
  freeze(): Promise<boolean>;
  thaw(): Promise<void>;
  /** Takes processes out of it, to where this one is; those that are gone are left alone. */
  moveOut(hostPids: readonly number[]): Promise<void>;
}

const FREEZE_MILLISECONDS = 5000;

/**
 * The freezer of the cgroup that a container's process is in; undefined when there is none that may be written, or when
 * it isn't the container's alone (it holds this very process, or doesn't bear the container's name).
 */
export async function freezerOf(
  container: string,
  hostPid: number,
  procfs = "/proc",
): Promise<Freezer | undefined> {
  const found = await cgroupOf(container, hostPid, procfs);
  // One that is frozen already (a paused container) is whose who froze it.
  return found === undefined || found.frozen ? undefined : found.freezer;
}

/** Thaws the cgroup of a container's process, whoever froze it; false when it wasn't frozen, or there is none. */
export async function thaw(container: string, hostPid: number): Promise<boolean> {
  const found = await cgroupOf(container, hostPid, "/proc");
  if (found?.frozen !== true) return false;
  await found.freezer.thaw();
  return true;
}

async function cgroupOf(
  container: string,
  hostPid: number,
  procfs: string,
): Promise<{ readonly freezer: Freezer; readonly frozen: boolean } | undefined> {
  const read = (path: string): Promise<string> => readFile(join(procfs, path), "utf8").catch(() => "");
  const [mounts, theirs, own] = await Promise.all([
    read("self/mountinfo"),
    read(`${hostPid}/cgroup`),
    read("self/cgroup"),
  ]);
  for (const version of VERSIONS) {
    const mount = version.mount.exec(mounts);
    const folder = containerFolder(version.line.exec(theirs)?.[1] ?? "", container);
    const here = version.line.exec(own)?.[1];
    if (mount === null || folder === undefined || here === undefined) continue;
    // Of a hierarchy of which a part is mounted, only that is to be seen.
    const [, root = "/", point = ""] = mount;
    const path = pathOf(point, root, folder);
    const out = pathOf(point, root, here);
    if (path === undefined || out === undefined) continue;
    if (`${here}/`.startsWith(`${folder}/`)) continue;
    const now = await readFile(join(path, version.file), "utf8").catch(() => undefined);
    if (now === undefined) continue;
    const frozen = version.told[1].test(now) || now.trim() === version.freeze;
    return { freezer: freezer(path, out, version), frozen };
  }
  return undefined;
}

function freezer(path: string, out: string, { file, freeze, thaw, told }: Version): Freezer {
  const write = (word: string): Promise<void> => writeFile(join(path, file), word);
  return {
    async freeze() {
      const end = performance.now() + FREEZE_MILLISECONDS;
      try {
        await write(freeze);
        do {
          if (told[1].test(await readFile(join(path, told[0]), "utf8"))) return true;
          await sleep(10);
        } while (performance.now() < end);
      } catch {
        // Not ours to write: as if there were none.
      }
      await write(thaw).catch(() => undefined);
      return false;
    },
    thaw: () => write(thaw),
    async moveOut(hostPids) {
      for (const pid of hostPids) await writeFile(join(out, "cgroup.procs"), `${pid}`).catch(() => undefined);
    },
  };
}

/** The folder that bears the container's name; the process may be in one below. */
function containerFolder(folder: string, container: string): string | undefined {
  const parts = folder.split("/");
  const at = parts.findIndex((part) => isIn(part, container));
  return at < 0 ? undefined : parts.slice(0, at + 1).join("/");
}

/** Where a cgroup's folder is, in a hierarchy of which `root` is mounted at `point`. */
function pathOf(point: string, root: string, folder: string): string | undefined {
  if (folder.split("/").includes("..")) return undefined;
  if (root === "/") return join(point, folder);
  return folder === root || folder.startsWith(`${root}/`)
    ? join(point, folder.slice(root.length))
    : undefined;
}
