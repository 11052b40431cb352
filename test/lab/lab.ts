/**
 * The lab: Docker, Podman and criu in a Debian root of their own, for tests on real containers (docs/lab.md).
 *   node --import tsx test/lab/lab.ts up             build what is missing, start, wait until both engines answer
 *   node --import tsx test/lab/lab.ts build          only build what is missing, beside other work
 *   node --import tsx test/lab/lab.ts exec -- CMD …  run a command in the lab
 *   node --import tsx test/lab/lab.ts hostpid PID    the host's number of a process of the lab
 *   node --import tsx test/lab/lab.ts status | logs | down | clean
 */
import { spawnSync } from "node:child_process";
import { silentEngines } from "./engines.ts";
import { provideImages } from "./images.ts";
import { locked } from "./locked.ts";
import { hostPid, inLab, labLogs, runningLab, startLab, stopLab } from "./namespaces.ts";
import { addNewerContainerd } from "./newer-containerd.ts";
import { LAB, RUN } from "./place.ts";
import { installTools, whyNoLab } from "./preconditions.ts";
import { run } from "./process.ts";
import { buildRoot } from "./root.ts";
import { CONTAINER_HOST, DOCKER_HOST } from "./sockets.ts";

type Command = (args: readonly string[]) => number | Promise<number>;

function say(message: string): void {
  console.error(`lab: ${message}`);
}

function build(): number {
  const why = whyNoLab();
  if (why !== undefined) throw new Error(why);
  if (runningLab() !== undefined) return 0;
  installTools();
  buildRoot(say);
  addNewerContainerd(say);
  return 0;
}

async function up(): Promise<number> {
  build();
  if (runningLab() === undefined) await startLab();
  provideImages();
  say(`up; DOCKER_HOST=${DOCKER_HOST} CONTAINER_HOST=${CONTAINER_HOST}`);
  return 0;
}

async function down(): Promise<number> {
  await stopLab();
  say("down");
  return 0;
}

/** Back to a fresh clone: `down`, and nothing is kept. */
async function clean(): Promise<number> {
  await stopLab();
  // --one-file-system: if a mount should be left in there, what it shows is not ours.
  run("rm", ["-rf", "--one-file-system", LAB, RUN]);
  say("clean");
  return 0;
}

async function status(): Promise<number> {
  const lab = runningLab();
  const silent = lab === undefined ? [] : await silentEngines();
  say(lab === undefined ? "down" : `up, process ${lab.pid}`);
  if (silent.length > 0) say(`no answer from ${silent.join(", ")}`);
  return lab !== undefined && silent.length === 0 ? 0 : 1;
}

function exec(args: readonly string[]): number {
  const [file, fileArgs] = inLab(args[0] === "--" ? args.slice(1) : args);
  return spawnSync(file, fileArgs, { stdio: "inherit" }).status ?? 1;
}

function hostpid([pid]: readonly string[]): number {
  const found = hostPid(Number(pid));
  if (found !== undefined) console.log(found);
  return found === undefined ? 1 : 0;
}

function logs([lines]: readonly string[]): number {
  console.log(labLogs(Number(lines ?? 30)));
  return 0;
}

const COMMANDS: Readonly<Record<string, Command>> = { up, build, down, clean, status, exec, hostpid, logs };
/** These change the lab, so one waits for the other. */
const ONE_AT_A_TIME: readonly string[] = ["up", "build", "down", "clean"];

async function main([name = "", ...args]: readonly string[]): Promise<number> {
  const command = COMMANDS[name];
  if (command === undefined) {
    say(`say one of: ${Object.keys(COMMANDS).join(", ")}`);
    return 2;
  }
  return ONE_AT_A_TIME.includes(name) ? locked(LAB, () => command(args)) : command(args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
