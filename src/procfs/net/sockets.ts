import type { FileEntry } from "../images.ts";
import type { Difference, Task } from "../model.ts";
import { detailsOf } from "../task-facts.ts";

/** CRIU's id of the network namespace that a process is in; undefined where its image doesn't say. */
export const networkOf = async (task: Task): Promise<number | undefined> =>
  (await detailsOf(task)).namespaces.net;

/** The bodies of one kind of socket in the process's network namespace, in the order of files.img. */
export async function socketsOf<K extends "isk" | "usk" | "nlsk" | "psk">(
  task: Task,
  kind: K,
): Promise<readonly NonNullable<FileEntry[K]>[]> {
  const network = await networkOf(task);
  const found: NonNullable<FileEntry[K]>[] = [];
  for (const file of (await task.images.files()).values()) {
    const socket = file[kind];
    // A socket that was never used has no namespace noted; it is its process's.
    if (socket && (socket.ns_id ?? network) === network) found.push(socket);
  }
  return found;
}

export const OTHERS: Difference = {
  field: "sockets of other processes",
  frozen: "missing",
  why: "Only sockets that dumped processes hold are in a checkpoint.",
  // Which lines these are is for the reader to say.
  pattern: /(?!)/g,
  becomes: "",
};
