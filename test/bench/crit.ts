// crit of the lab's Debian root, run without starting the lab.
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lab/place.ts";
import type { Command } from "./measure.ts";

/** Why crit can't be run here; undefined when it can. */
export function whyNoCrit(): string | undefined {
  if (process.getuid?.() !== 0) return "crit runs in the lab's root, which needs root";
  if (!existsSync(join(ROOT, "usr/bin/crit")))
    return "the lab isn't built: node --import tsx test/lab/lab.ts up";
  return undefined;
}

/** Copies a file to where crit sees it, and gives the command that decodes it there. */
export function critDecode(file: string, name: string): Command {
  mkdirSync(join(ROOT, "tmp/bench"), { recursive: true });
  cpSync(file, join(ROOT, "tmp/bench", name));
  return ["chroot", ROOT, "/usr/bin/crit", "decode", "-i", `/tmp/bench/${name}`];
}
