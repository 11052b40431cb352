/**
 * The lab's own cgroups: one in each hierarchy. What the engines make lies under them, so that two labs never meet
 * and `down` can remove all of it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LAB_NAME } from "./place.ts";

/** A killed task leaves its cgroup within milliseconds, unless the disk is slow. */
const EMPTY_MILLISECONDS = 10_000;

export interface Cgroup {
  /** Where the hierarchy is mounted, for example `/sys/fs/cgroup/memory`. */
  readonly hierarchy: string;
  /** The lab's folder in it. */
  readonly folder: string;
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** proc_pid_mountinfo(5): ID PARENT DEVICE ROOT POINT OPTIONS [TAGS] - TYPE SOURCE SUPEROPTIONS */
function mounts(): Mount[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [place = "", file = ""] = line.split(" - ");
      const [, , , root = "", point = ""] = place.split(" ");
      const [type = "", , options = ""] = file.split(" ");
      return { root, point, type, options: options.split(",") };
    });
}

/** This process's cgroup in each v1 hierarchy, by controller. cgroups(7): ID:CONTROLLERS:PATH */
function ownCgroups(): Map<string, string> {
  const lines = readFileSync("/proc/self/cgroup", "utf8").trimEnd().split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [, controllers = "", ...path] = line.split(":");
      return controllers.split(",").map((controller): [string, string] => [controller, path.join(":")]);
    }),
  );
}

/**
 * Where the lab's cgroups lie when it is started from here. In v1 they are children of this process's own, so that its
 * limits hold for the lab too; in v2 a cgroup with tasks can't have such children, so they lie at the top.
 */
export function labCgroups(): Cgroup[] {
  const own = ownCgroups();
  const all = mounts();
  const v1 = all.flatMap(({ type, root, point, options }) => {
    const path = options.map((option) => own.get(option)).find((found) => found !== undefined);
    if (type !== "cgroup" || path === undefined) return [];
    const below = relative(root, path);
    return [{ hierarchy: point, folder: join(point, below.startsWith("..") ? "" : below, LAB_NAME) }];
  });
  if (v1.length > 0) return v1;
  return all
    .filter(({ type }) => type === "cgroup2")
    .map(({ point }) => ({ hierarchy: point, folder: join(point, LAB_NAME) }));
}

export function makeCgroups(cgroups: readonly Cgroup[]): void {
  for (const { folder } of cgroups) {
    mkdirSync(folder, { recursive: true });
    // A v1 cpuset takes no task before it is told its processors and memory nodes.
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      if (existsSync(join(folder, file)) && existsSync(join(folder, "cpuset.memory_migrate")))
        writeFileSync(join(folder, file), readFileSync(join(folder, "..", file)));
  }
}

/** The folder that a process joins to be in the lab: in v2 the lab's top one has children and takes no task. */
export function joinable({ folder }: Cgroup): string {
  const leaf = join(folder, "init");
  return existsSync(leaf) ? leaf : folder;
}

/**
 * Ends every task in the lab's cgroups and removes them with all below. What is in a cgroup of this name is the
 * lab's, so this also mends what an interrupted start has left.
 */
export async function removeCgroups(cgroups: readonly Cgroup[]): Promise<void> {
  const end = Date.now() + EMPTY_MILLISECONDS;
  thawCgroups(cgroups);
  for (const { folder } of cgroups) {
    for (let tasks = tasksBelow(folder); tasks.length > 0; tasks = tasksBelow(folder)) {
      if (Date.now() > end) throw new Error(`Processes ${tasks.join(", ")} in ${folder} don't end.`);
      for (const task of tasks) kill(task);
      await sleep(20);
    }
    removeTree(folder);
  }
}

/** Wakes what a criu that hangs keeps frozen: a frozen task of cgroup v1 can't even be killed. */
export function thawCgroups(cgroups: readonly Cgroup[]): void {
  for (const { folder } of cgroups) thaw(folder);
}

function thaw(folder: string): void {
  const states = { "freezer.state": "THAWED", "cgroup.freeze": "0" };
  for (const [file, thawed] of Object.entries(states))
    if (existsSync(join(folder, file))) writeFileSync(join(folder, file), thawed);
  below(folder).forEach(thaw);
}

function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

function tasksBelow(folder: string): number[] {
  if (!existsSync(folder)) return [];
  const own = readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  return [...own, ...below(folder).flatMap(tasksBelow)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function removeTree(folder: string): void {
  below(folder).forEach(removeTree);
  if (existsSync(folder)) rmdirSync(folder);
}
