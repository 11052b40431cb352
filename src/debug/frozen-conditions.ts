// What can be asked of a frozen snapshot itself, with the answer yes or no. Nothing is restored for it.
import type { FileTree } from "../archive/index.ts";
import { compileMemoryQuery, searchMemory } from "../memory/index.ts";
import type { CheckpointMemory, MemoryFilter, MemoryQuery, Unavailable } from "../memory/index.ts";
import { bisectErrors } from "./bisect-errors.ts";
import { FrozenTarget, holds, isUnknown, parseComparison } from "./postmortem/index.ts";

export interface ConditionOptions {
  /** Has the programs that the snapshots don't; stays the caller's. */
  readonly sysroot?: FileTree | undefined;
  readonly signal?: AbortSignal | undefined;
  /** See `searchMemory`. */
  readonly blocking?: boolean;
}

/** A question to the frozen processes. */
export interface Condition {
  /** The two answers in words. */
  readonly words: { readonly yes: string; readonly no: string };
  /** Throws when it can't be told. */
  readonly ask: (memory: CheckpointMemory, options: ConditionOptions) => Promise<boolean>;
}

/** Memory that the process had, but that isn't in the images: what is searched for may have been there. */
const LOST: ReadonlySet<Unavailable> = new Set([
  ...(["lazy", "noParent", "notInParent"] as const),
  ...(["badBlocks", "noObject", "unreadable"] as const),
]);

/**
 * Whether something is in the memory of the processes that `filter` lets through. The search is over at the first match.
 * Throws what a bad query throws.
 */
export function inMemory(query: MemoryQuery, filter: MemoryFilter = {}): Condition {
  compileMemoryQuery(query);
  return {
    words: { yes: "there", no: "not there" },
    ask: async (memory, { signal, blocking = false }) => {
      assertProcesses(memory, filter.pids);
      for await (const { count } of searchMemory([memory], query, { filter, blocking, signal, limit: 1 }))
        if (count > 0) return true;
      for (const pid of memory.pids)
        if (filter.pids === undefined || filter.pids.has(pid)) await assertWhole(memory, pid);
      return false;
    },
  };
}

/**
 * Whether a comparison of the post-mortem session is true in the first thread of one of the processes; of those that
 * don't know its names there is no answer. Throws `postmortem.badExpression`.
 */
export function isTrue(text: string, pids?: ReadonlySet<number>): Condition {
  const comparison = parseComparison(text);
  return {
    words: { yes: "true", no: "false" },
    ask: async (memory, { sysroot, signal }) => {
      assertProcesses(memory, pids);
      const failures: unknown[] = [];
      let isFalse = false;
      for (const process of memory.checkpoint.processes) {
        if (process.state === "zombie" || pids?.has(process.pid) === false) continue;
        signal?.throwIfAborted();
        const target = new FrozenTarget(memory.checkpoint, memory, [process], sysroot);
        try {
          const [thread] = await target.threads();
          if (thread === undefined) continue;
          if (await holds(target, thread, comparison)) return true;
          isFalse = true;
        } catch (error) {
          failures.push(error);
        } finally {
          await target.close();
        }
      }
      const unreadable = failures.find((error) => !isUnknown(error));
      if (isFalse && unreadable === undefined) return false;
      throw unreadable ?? failures[0] ?? bisectErrors.bisectNoProcess();
    },
  };
}

function assertProcesses({ pids }: CheckpointMemory, wanted: ReadonlySet<number> | undefined): void {
  // A pre-dump has memory, and nothing that says whose it is.
  if (pids.length === 0) throw bisectErrors.bisectNoProcess();
  for (const pid of wanted ?? []) if (!pids.includes(pid)) throw bisectErrors.bisectNoProcess(pid);
}

/** Throws `debug.bisectLost` when not all that the process had is there to be searched. */
async function assertWhole(memory: CheckpointMemory, pid: number): Promise<void> {
  const space = await memory.space(pid);
  for (const { start, end } of space.areas)
    for (const { origin } of space.runs(start, end))
      if (origin.kind === "unavailable" && LOST.has(origin.why)) throw bisectErrors.bisectLost(pid);
}
