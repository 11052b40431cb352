import type { DebugProtocol } from "@vscode/debugprotocol";
import type { RunningSession } from "../running.ts";
import { stopReason } from "../stop-reason.ts";
import type { FrozenThread } from "../target.ts";
import { shown } from "../variable.ts";

/** All threads; of several processes each says which it is of. */
export async function threads({ target }: RunningSession): Promise<DebugProtocol.ThreadsResponse["body"]> {
  const several = target.processes.length > 1;
  return {
    threads: (await target.threads()).map((each) => ({ id: each.id, name: threadName(each, several) })),
  };
}

function threadName({ process, thread, goroutine }: FrozenThread, several: boolean): string {
  const place = several ? ` of ${process.pid}` : "";
  if (goroutine) return shown(`goroutine ${goroutine.id}${place} [${goroutine.status}]`);
  const state = thread.state === "running" ? "" : ` (${thread.state})`;
  // ELF cores have a name for the process only.
  const name = thread.comm === "" ? "" : ` ${thread.comm}`;
  return shown(`${thread.tid}${place}${name}${state}`);
}

/** The signal that was on its way to a thread, as the kernel described it. */
export async function exceptionInfo(
  { target }: RunningSession,
  { threadId }: DebugProtocol.ExceptionInfoArguments,
): Promise<DebugProtocol.ExceptionInfoResponse["body"]> {
  const { description, signal } = await stopReason(target, await target.thread(threadId));
  return {
    exceptionId: signal?.name ?? "frozen",
    description,
    breakMode: "always",
    ...(signal && {
      details: {
        typeName: signal.name,
        message: Object.entries(signal.info)
          .map(([name, value]) => `${name} ${value}`)
          .join(", "),
      },
    }),
  };
}
