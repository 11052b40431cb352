import type { CheckpointSwitches, Engine } from "../engine.ts";
import { thisMachine } from "../machine.ts";
import type { Machine } from "../program-driver.ts";
import type { Check, Obstacle } from "./check.ts";
import { FILE_CHECKS } from "./file-checks.ts";
import { MACHINE_CHECKS } from "./machine-checks.ts";
import { PROCESS_CHECKS } from "./process-checks.ts";
import { SOCKET_CHECKS } from "./socket-checks.ts";
import { processesOf } from "./subject.ts";

/** All checks, in the order in which people are told. */
const CHECKS: readonly Check[] = [...PROCESS_CHECKS, ...SOCKET_CHECKS, ...FILE_CHECKS, ...MACHINE_CHECKS];

/** One line of the report. */
export type PreflightRow = Pick<Check, "code" | "title"> & ({ readonly outcome: "fine" } | Obstacle);

export interface PreflightOptions {
  readonly switches?: CheckpointSwitches;
  /** Where the checkpoint will be written by this process. */
  readonly target?: string;
  /** Whose processes are looked at; this machine's. */
  readonly machine?: Machine;
  readonly signal?: AbortSignal;
}

/**
 * What will stop CRIU, found from the live container: each check with what it found. A container whose processes aren't
 * on this machine, or may not be looked at, gives rows `unchecked`. Throws what `inspect` throws; changes nothing.
 */
export async function preflight(
  engine: Engine,
  container: string,
  { switches = {}, target, machine = thisMachine(), signal }: PreflightOptions = {},
): Promise<readonly PreflightRow[]> {
  const details = await engine.inspect(container, { ...(signal && { signal }) });
  const processes = engine.host === "127.0.0.1" ? await processesOf(machine.procfs, details) : [];
  const context = { engine, container: details, processes, machine, switches, target, signal };
  const rows: PreflightRow[] = [];
  for (const { code, title, find } of CHECKS) {
    signal?.throwIfAborted();
    const found = processes.length === 0 ? UNSEEN : await find(context);
    rows.push({ code, title, ...(found ?? { outcome: "fine" }) });
  }
  return rows;
}

const UNSEEN: Obstacle = {
  outcome: "unchecked",
  sentence: "The container's processes can't be looked at from here.",
  next: "Freeze it and see; CRIU's log will tell.",
};
