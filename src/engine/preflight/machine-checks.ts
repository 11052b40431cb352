// Checks of the machine: whether its kernel suffices for CRIU, and whether the disk has room.
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { errorLines } from "../criu-log.ts";
import { brief } from "../errors.ts";
import type { Check } from "./check.ts";

const criuCheck: Check = {
  code: "criuCheck",
  title: "Kernel features",
  async find({ machine, signal, engine }) {
    const answer = await machine.run("criu", ["check"], { signal, timeout: 20_000 }).catch(() => undefined);
    if (answer === undefined)
      return {
        outcome: "unchecked",
        sentence: "There is no criu here whose check could be run.",
        next:
          engine.capabilities.lists === "processes"
            ? "Install the package criu."
            : "The engine may have one elsewhere; the freezing will tell.",
      };
    if (answer.code === 0) return undefined;
    const said = `${answer.stdout}\n${answer.stderr}`;
    const line = errorLines(said)[0]?.text ?? said.trim().split("\n").at(-1) ?? "";
    return {
      outcome: "stops",
      sentence: `The kernel lacks what CRIU needs: ${brief(line)}.`,
      next: "See criu check; a newer kernel or CRIU, or more privileges, may do.",
    };
  },
};

/** The kernel's unit in /proc/PID/status. */
const KIB = 1024;
/** What CRIU writes besides pages is small. */
const RESERVE = 16 * 1024 * 1024;

const noSpace: Check = {
  code: "noSpace",
  title: "Disk space",
  async find({ processes, target }) {
    if (target === undefined) return undefined;
    const space = await statfs(dirname(target)).catch(() => undefined);
    if (space === undefined)
      return {
        outcome: "unchecked",
        sentence: "The free space of the target's folder could not be asked.",
        next: "See that the folder is there.",
      };
    const kib = processes
      .flatMap(({ status }) => [status.get("RssAnon"), status.get("RssShmem")])
      .reduce((sum, text) => sum + Number(/^(\d+) kB$/.exec(text ?? "")?.[1] ?? 0), 0);
    const needed = kib * KIB + RESERVE;
    const free = space.bavail * space.bsize;
    if (needed <= free) return undefined;
    return {
      outcome: "stops",
      sentence: `The checkpoint takes up to ${megabytes(needed)}, and ${megabytes(free)} are free.`,
      next: "Free some space, or freeze to another disk.",
    };
  },
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

export const MACHINE_CHECKS: readonly Check[] = [criuCheck, noSpace];
