// What the tests of the frozen /proc share: the text of its files, and how it is compared with the live one's.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { DIFFERENCES, differencesOf, NEVER, openProcFs } from "../../../src/procfs/index.ts";
import type { ProcFs } from "../../../src/procfs/index.ts";

/** A file's text; bytes that are no UTF-8 stay told apart. */
export async function text(proc: ProcFs, path: string): Promise<string> {
  return Buffer.from(await proc.read(path)).toString("latin1");
}

/** Asserts that a frozen file says what the live one says, save for what docs/frozen-proc.md lists. */
export function assertSame(file: string, live: string, frozen: string, message: string): void {
  const comparable = differencesOf(file);
  assert.deepEqual(comparable(frozen).split("\n"), comparable(live).split("\n"), message);
}

/** Whether docs/frozen-proc.md says that `PID/NAME` is never there, or not in every checkpoint. */
export function mayBeAbsent(file: string): boolean {
  const name = file.replace("PID/task/TID/", "PID/");
  const never = NEVER.flatMap((row) => row.file.split(", "));
  return never.includes(name) || DIFFERENCES.some((each) => each.file === name && each.absent !== undefined);
}

/** The frozen file, or undefined where it isn't there, for a reason that the documentation gives. */
export async function frozenText(proc: ProcFs, pid: number, name: string): Promise<string | undefined> {
  if ((await proc.stat(`${pid}/${name}`)) !== undefined) return text(proc, `${pid}/${name}`);
  assert.ok(mayBeAbsent(`PID/${name}`), `${name} is not there, and the documentation doesn't say so`);
  return undefined;
}

/** The live text as it would have been inside of the process's pid namespace. */
export function seenFromInside(live: string, outer: number, inner: number): string {
  return live
    .replace(/^(NS\w+:)(?:\t\d+)*\t(\d+)$/gm, "$1\t$2")
    .replaceAll(new RegExp(`(?<![\\d])${outer}(?![\\d])`, "g"), String(inner));
}

export const procOf = (checkpoint: Checkpoint): ProcFs => openProcFs(checkpoint);

export const documentation = (): Promise<string> =>
  readFile(join(fileURLToPath(new URL("../../..", import.meta.url)), "docs/frozen-proc.md"), "utf8");
