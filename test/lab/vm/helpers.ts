/** The virtual machine as a machine for engines that are programs, and containers for them. */
import { mkdirSync, writeFileSync } from "node:fs";
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
