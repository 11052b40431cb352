/** Starting the lab in namespaces of its own, running commands in it, ending it. */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { joinable, labCgroups, makeCgroups, removeCgroups, thawCgroups } from "./cgroups.ts";
import type { Cgroup } from "./cgroups.ts";
import { silentEngines } from "./engines.ts";
import { DATA, LAB_NAME, PROJECT, ROOT, RUN, SHARED_FOLDERS } from "./place.ts";

/** What is written down about a running lab. */
interface State {
  /** The lab's process 1, as the host numbers it. */
  readonly pid: number;
  /** Tells the process from a later one with the same number (proc_pid_stat(5), field 22). */
  readonly startTime: string;
  readonly cgroups: readonly Cgroup[];
}

const STATE = join(RUN, "state.json");
const LOG = join(RUN, "lab.log");
const INSIDE = join(import.meta.dirname, "inside");
const NAMESPACES = ["--mount", "--uts", "--ipc", "--pid", "--cgroup"];
const START_MILLISECONDS = 30_000;
/** init.sh gives each engine 20 seconds to let go of its containers. */
const STOP_MILLISECONDS = 60_000;

function startTime(pid: number): string | undefined {
  try {
    // The second field is a name in parentheses that may hold anything; count from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function readState(): State {
  // Written by `startLab` below.
  return JSON.parse(readFileSync(STATE, "utf8")) as State;
}

/** The running lab of this checkout, if it runs. */
export function runningLab(): State | undefined {
  if (!existsSync(STATE)) return undefined;
  const state = readState();
  return startTime(state.pid) === state.startTime ? state : undefined;
}

/** `join.sh` and its arguments: runs a command in the lab's cgroups with no inherited descriptors. */
function joined(cgroups: readonly Cgroup[], command: readonly string[]): [string, string[]] {
  return ["bash", [join(INSIDE, "join.sh"), ...cgroups.map(joinable), "--", ...command]];
}

/** Starts the namespaces and the engines, and waits until both engines answer. */
export async function startLab(): Promise<void> {
  await removeLeftovers();
  for (const folder of SHARED_FOLDERS) mkdirSync(folder, { recursive: true });
  const cgroups = labCgroups();
  makeCgroups(cgroups);
  const boot = [join(INSIDE, "boot.sh"), ROOT, PROJECT, ...SHARED_FOLDERS, "--"];
  const hierarchies = cgroups.flatMap(({ hierarchy, folder }) => [hierarchy, folder]);
  const unshare = ["unshare", ...NAMESPACES, "--fork", "--kill-child=KILL", "--propagation", "private"];
  const log = openSync(LOG, "w");
  const [file, args] = joined(cgroups, [...unshare, "bash", ...boot, ...hierarchies]);
  const holder = spawn(file, args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...insideEnvironment(), LAB_RUN: RUN, LAB_DATA: DATA },
  });
  closeSync(log);
  holder.unref();
  const end = Date.now() + START_MILLISECONDS;
  const pid = await firstProcess(holder.pid, end);
  const state = { pid, startTime: startTime(pid) ?? "", cgroups };
  writeFileSync(STATE, JSON.stringify(state));
  for (let silent = await silentEngines(); silent.length > 0; silent = await silentEngines()) {
    if (Date.now() > end || runningLab() === undefined) {
      const logs = labLogs(15);
      await stopLab();
      throw new Error(`The lab's engines don't answer: ${silent.join(", ")}.\n${logs}`);
    }
    await sleep(50);
  }
}

/** Waits until `unshare` has forked the lab's process 1 and that one has become init.sh. */
async function firstProcess(holder: number | undefined, end: number): Promise<number> {
  while (holder !== undefined && startTime(holder) !== undefined && Date.now() < end) {
    const pid = Number(readFileSync(`/proc/${holder}/task/${holder}/children`, "utf8").split(" ")[0]);
    // join.sh's own short-lived children come first; process 1 is the one that is in another pid namespace.
    if (pid > 0 && commandLine(pid).includes("/project/test/lab/inside/init.sh")) return pid;
    await sleep(20);
  }
  throw new Error(`The lab did not start.\n${readFileSync(LOG, "utf8")}`);
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** Ends the lab: containers, engines, namespaces, cgroups. Container images and the root stay. */
export async function stopLab(): Promise<void> {
  const state = runningLab();
  if (state !== undefined) {
    thawCgroups(state.cgroups);
    process.kill(state.pid, "SIGTERM");
    const end = Date.now() + STOP_MILLISECONDS;
    while (runningLab() !== undefined && Date.now() < end) await sleep(50);
  }
  await removeLeftovers();
}

/** What a lab that was killed from outside leaves behind. */
async function removeLeftovers(): Promise<void> {
  await removeCgroups(labCgroups());
  // It may have been started from another cgroup.
  if (existsSync(STATE)) await removeCgroups(readState().cgroups);
  for (const name of ["state.json", "docker.sock", "podman.sock"]) rmSync(join(RUN, name), { force: true });
}

/** The environment of a command in the lab: nothing of the caller's but its terminal. */
export function insideEnvironment(): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LANG: "C.UTF-8",
    TERM: process.env.TERM ?? "dumb",
    // Podman warns at each call on a host with cgroup v1.
    PODMAN_IGNORE_CGROUPSV1_WARNING: "1",
  };
}

/** The command line, for the host, that runs a command in the lab; the lab must be up. */
export function inLab(command: readonly string[]): [string, string[]] {
  const state = runningLab();
  if (state === undefined) throw new Error("The lab is not up: run `node --import tsx test/lab/lab.ts up`.");
  const environment = Object.entries(insideEnvironment()).map(([name, value]) => `${name}=${value}`);
  const enter = ["nsenter", "--target", `${state.pid}`, ...NAMESPACES, "--root", "--wd"];
  return joined(state.cgroups, [...enter, "env", "--ignore-environment", ...environment, ...command]);
}

/** The host's number of a process that the lab knows by `pid` (an engine's `State.Pid`). */
export function hostPid(pid: number): number | undefined {
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      // "NSpid: HOST LAB [CONTAINER]"; another lab's process can have the same second number.
      const status = readFileSync(`/proc/${entry}/status`, "utf8");
      const inside = /^NSpid:\s+\d+\s+(\d+)/m.exec(status)?.[1];
      if (Number(inside) === pid && readFileSync(`/proc/${entry}/cgroup`, "utf8").includes(LAB_NAME))
        return Number(entry);
    } catch {
      // The process has ended meanwhile.
    }
  }
  return undefined;
}

/** The last lines of each of the lab's logs. */
export function labLogs(lines: number): string {
  return ["lab.log", "dockerd.log", "podman.log"]
    .map((name) => join(RUN, name))
    .filter((path) => existsSync(path))
    .map((path) => `== ${path}\n${readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n")}`)
    .join("\n");
}
