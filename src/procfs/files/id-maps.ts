import type { MessageMap } from "../../criu/index.ts";
import type { ProcFile, Task } from "../model.ts";
import { detailsOf } from "../task-facts.ts";

type Extent = MessageMap["uid_gid_extent"];

const NO_MAP = "         0          0 4294967295\n";

const idMap = (
  name: string,
  extents: (entry: MessageMap["userns_entry"]) => readonly Extent[],
): ProcFile => ({
  name,
  perThread: true,
  write: async (task: Task) => {
    const namespace = (await detailsOf(task)).namespaces.user;
    if (namespace === undefined) return undefined;
    const entry = await task.images.one(`userns-${namespace}.img`, "userns_entry");
    // Without an image the process is in the first user namespace, which maps all to themselves.
    if (entry === undefined) return NO_MAP;
    const cell = (value: number): string => String(value).padStart(10);
    return extents(entry)
      .map(({ first, lower_first, count }) => `${[first, lower_first, count].map(cell).join(" ")}\n`)
      .join("");
  },
  differences: [],
});

/** `kernel/user_namespace.c: uid_m_show`. */
export const uidMap = idMap("uid_map", (entry) => entry.uid_map);
export const gidMap = idMap("gid_map", (entry) => entry.gid_map);
