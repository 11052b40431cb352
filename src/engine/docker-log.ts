import { shimLogs, taskFolders } from "./criu-log-places.ts";
import { explainCriuLog, unexplained } from "./criu-log.ts";
import type { CriuFailure } from "./criu-log.ts";
import { readLogTail } from "./files.ts";

/** dockerd names the log of a failed dump in its message; the one of a restore lies beside its containerd's state. */
const LOG_PATH = /\bpath= ?(\/\S+\/(?:criu-)?(dump|restore)\.log)/;

/**
 * Why CRIU failed, when `message` (dockerd's) says that it did: from its log, read here or by `readThere` through the
 * engine, else from the message. Undefined when the message speaks of something else.
 */
export async function criuFailure(
  message: string,
  container: string,
  dataRoot: () => Promise<string>,
  readThere: (path: string) => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<(CriuFailure & { readonly verb: "freeze" | "restore" }) | undefined> {
  if (!/criu failed|criu.*restore|CRIU/.test(message) || /executable file not found/.test(message))
    return undefined;
  const match = LOG_PATH.exec(message);
  const verb = match?.[2] === "restore" || /restor/i.test(message) ? "restore" : "freeze";
  const beside = async (): Promise<readonly string[]> =>
    shimLogs(taskFolders(await dataRoot().catch(() => ""), "moby", container), "restoring");
  const logs = [
    ...(match?.[1] === undefined ? [] : [match[1]]),
    ...(verb === "restore" ? await beside() : []),
  ];
  for (const log of logs) {
    const tail = await readLogTail(log);
    const failure = tail === undefined ? undefined : explainCriuLog(tail, log);
    if (failure) return { ...failure, verb };
    const fetched = tail === undefined ? await readThere(log) : undefined;
    const explained = fetched === undefined ? undefined : explainCriuLog(fetched);
    if (explained) return { ...explained, verb };
  }
  return { ...(explainCriuLog(message) ?? unexplained(match?.[1])), verb };
}
