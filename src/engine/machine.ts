import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { startLocal } from "./local-process.ts";
import { localCommands } from "./run-command.ts";
import type { Machine } from "./program-driver.ts";
import type { Advice, Capability } from "./engine.ts";

/** The machine that this process runs on. */
export function thisMachine(environment: Machine["environment"] = process.env): Machine {
  return {
    run: localCommands(),
    start: startLocal,
    procfs: "/proc",
    cgroups: "/sys/fs/cgroup",
    uid: process.getuid?.(),
    temporary: tmpdir(),
    environment,
  };
}

/** Whether a program lies in one of PATH's folders and may be run. */
export async function isOnPath(program: string, { environment }: Machine): Promise<boolean> {
  for (const folder of (environment.PATH ?? "").split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== "" && found) return true;
  }
  return false;
}

export function rootCapability(kind: string, { uid, elevates = false }: Machine): Capability {
  return uid === 0 || elevates ? { can: true } : { can: false, ...needsRoot(kind) };
}

function needsRoot(kind: string): Advice {
  return {
    code: `${kind}.needsRoot`,
    sentence: "CRIU needs root to freeze and restore, and this user isn't.",
    next: "Freeze from a terminal as root: sudo cryoscope checkpoint … (and restore).",
  };
}
