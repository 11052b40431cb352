// The lab as a machine for engines that are programs, and bundles for runc and crun.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { localCommands, startLocal } from "../../src/engine/index.ts";
import type { Machine } from "../../src/engine/index.ts";
import { inLab, insideEnvironment, runningLab } from "./namespaces.ts";
import { IMAGES, SHARE } from "./place.ts";

const execute = promisify(execFile);

/** Programs run in the lab; their process numbers are the lab's, and so is its /proc. */
export function labMachine(): Machine {
  const lab = runningLab();
  if (lab === undefined) throw new Error("the lab is not up");
  const local = localCommands();
  return {
    run(program, args, options) {
      const [file, rest] = inLab([program, ...args]);
      return local(file, rest, options);
    },
    start(program, args, signal) {
      const [file, rest] = inLab([program, ...args]);
      return startLocal(file, rest, signal);
    },
    procfs: `/proc/${lab.pid}/root/proc`,
    cgroups: `/proc/${lab.pid}/root/sys/fs/cgroup`,
    uid: 0,
    temporary: SHARE,
    environment: insideEnvironment(),
  };
}

/** Runs a command in the lab and gives its output; throws when it fails. */
export async function labOutput(...command: readonly [string, ...string[]]): Promise<string> {
  const [file, args] = inLab(command);
  return (await execute(file, args)).stdout;
}

/** Runs a command in the lab that leaves something running, which must not hold our pipes. */
export async function labStart(program: string, ...args: readonly string[]): Promise<void> {
  const { code } = await labMachine().run(program, args, { output: "/dev/null" });
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${code}`);
}

/** A folder at the same path in the lab and outside. */
export async function sharedFolder(): Promise<string> {
  await mkdir(SHARE, { recursive: true });
  return mkdtemp(join(SHARE, "engine-"));
}

/** Counts into /count, five steps a second, and keeps nothing open that isn't its own. */
export const FILE_COUNTER = [
  "/bin/sh",
  "-c",
  "i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done >/count",
];

export interface LabBundle {
  readonly folder: string;
  /** The numbers in its /count. */
  counted(): Promise<readonly number[]>;
}

/** An OCI bundle with one of the lab's container images in it. */
export async function makeBundle(
  folder: string,
  cgroup: string,
  command: readonly string[] = FILE_COUNTER,
  image = "busybox",
): Promise<LabBundle> {
  const rootfs = join(folder, "rootfs");
  await mkdir(rootfs, { recursive: true });
  const tar =
    (await readdir(IMAGES)).find((name) => name.startsWith(`${image}-`) && name.endsWith(".tar")) ?? "";
  await execute("tar", ["-xf", join(IMAGES, tar), "-C", rootfs]);
  await labOutput("runc", "spec", "--bundle", folder);
  const file = join(folder, "config.json");
  // What `runc spec` wrote; only what is changed has a type.
  const spec = JSON.parse(await readFile(file, "utf8")) as {
    process: { terminal: boolean; args: readonly string[] };
    root: { readonly: boolean };
    linux: { cgroupsPath: string };
  };
  spec.process.terminal = false;
  spec.process.args = command;
  spec.root.readonly = false;
  spec.linux.cgroupsPath = `/${cgroup}`;
  await rm(file);
  await writeFile(file, JSON.stringify(spec));
  return {
    folder,
    counted: async () =>
      (await readFile(join(rootfs, "count"), "utf8").catch(() => ""))
        .split("\n")
        .filter((line) => line !== "")
        .map(Number),
  };
}
