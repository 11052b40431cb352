/** The virtual machine as a machine for engines that are programs, and containers for them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "../../../src/engine/index.ts";
import { insideEnvironment } from "../namespaces.ts";
import { inMachine } from "./machine.ts";
import { VM_SHARE } from "./place.ts";

/** Runs programs in the machine. Its /proc can't be looked into from here. */
export function vmMachine(): Machine {
  const cgroups = join(VM_SHARE, "cgroups");
  mkdirSync(cgroups, { recursive: true });
  // The machine has cgroup v2 alone.
  writeFileSync(join(cgroups, "cgroup.controllers"), "cpu memory pids\n");
  return {
    run: (program, args, options) => inMachine([program, ...args], options?.output),
    procfs: join(VM_SHARE, "no-proc"),
    cgroups,
    uid: 0,
    temporary: VM_SHARE,
    environment: insideEnvironment(),
  };
}

/** A command's output; throws when it fails. */
export async function vmOutput(...command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await inMachine(command);
  if (code !== 0) throw new Error(`${command.join(" ")}: exit ${code}\n${stderr}`);
  return stdout;
}

/**
 * Starts a container of busybox in the machine that runs a command of the shell. Its configuration lies in `bundle`, where
 * both sides see it, its root file system in the machine alone. Its cgroup is called as it is.
 */
export async function startBundle(
  kind: "runc" | "crun",
  { id, bundle, rootfs }: { readonly id: string; readonly bundle: string; readonly rootfs: string },
  command: string,
): Promise<void> {
  await mkdir(bundle);
  await vmOutput("mkdir", "-p", rootfs);
  await vmOutput("tar", "-xf", "/run/busybox.tar", "-C", rootfs);
  await vmOutput(kind, "spec", "--bundle", bundle);
  const file = join(bundle, "config.json");
  // What the runtime wrote; only what is changed has a type.
  const spec = JSON.parse(await readFile(file, "utf8")) as {
    process: { terminal: boolean; args: readonly string[] };
    root: { path: string; readonly: boolean };
    linux: { cgroupsPath: string };
  };
  spec.process.terminal = false;
  spec.process.args = ["/bin/sh", "-c", command];
  spec.root = { path: rootfs, readonly: false };
  spec.linux.cgroupsPath = `/${id}`;
  await rm(file);
  await writeFile(file, JSON.stringify(spec));
  const { code, stderr } = await inMachine([kind, "run", "--detach", "--bundle", bundle, id], "/dev/null");
  if (code !== 0) throw new Error(`${kind} run: exit ${code}\n${stderr}`);
}
