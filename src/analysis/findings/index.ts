import { isCancelled } from "../../bytes/index.ts";
import type { Checkpoint, Process } from "../../checkpoint/index.ts";
import { deletedExecutable } from "./deleted-executable.ts";
import type { Finding, FindingRule } from "./finding.ts";
import { fullCapabilities } from "./full-capabilities.ts";
import { listeningEverywhere } from "./listening-everywhere.ts";
import { queuedData } from "./queued-data.ts";
import { writableExecutable } from "./writable-executable.ts";

export type { Finding, FindingPlace, FindingRule } from "./finding.ts";

/** All rules, in the order in which their findings are shown. */
export const RULES: readonly FindingRule[] = [
  deletedExecutable,
  writableExecutable,
  fullCapabilities,
  listeningEverywhere,
  queuedData,
];

/** So many of one rule and process are told; a process with thousands is told as well by the first ones. */
const MOST = 20;

/**
 * Asks every rule about every process, process by process, so that findings can be shown as they come. Throws when
 * cancelled.
 */
export async function* findFindings(checkpoint: Checkpoint, signal?: AbortSignal): AsyncGenerator<Finding> {
  for (const process of checkpoint.processes) {
    signal?.throwIfAborted();
    yield* await findingsOf(checkpoint, process);
  }
}

/**
 * What every rule finds in one process. One that can't be read has none: what is wrong with it is among the problems
 * of the checkpoint.
 */
export async function findingsOf(checkpoint: Checkpoint, process: Process): Promise<readonly Finding[]> {
  const all: Finding[] = [];
  for (const { id, severity, title, find } of RULES) {
    const found = await find(process, checkpoint).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      return [];
    });
    for (const { detail, place } of found.slice(0, MOST))
      all.push({ rule: id, severity, title, detail, place });
  }
  return all;
}
