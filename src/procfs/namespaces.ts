import type { Difference, Task } from "./model.ts";
import { detailsOf } from "./task-facts.ts";

/** Names in `ns/` with the kind of namespace they lead to. */
const NAMES = {
  cgroup: "cgroup",
  ipc: "ipc",
  mnt: "mnt",
  net: "net",
  pid: "pid",
  pid_for_children: "pid",
  time: "time",
  time_for_children: "time",
  user: "user",
  uts: "uts",
} as const;

/** `fs/proc/namespaces.c`: a link for each namespace the dump numbers. */
export async function namespaceLinks(task: Task): Promise<ReadonlyMap<string, string>> {
  const { namespaces } = await detailsOf(task);
  const links = new Map<string, string>();
  for (const [name, kind] of Object.entries(NAMES)) {
    const id = namespaces[kind];
    if (id !== undefined && id !== 0) links.set(name, `${kind}:[${id}]`);
  }
  return links;
}

export const NAMESPACE_DIFFERENCES: readonly Difference[] = [
  {
    field: "number in the brackets",
    frozen: "CRIU's own number",
    why: "The kernel's inode number of a namespace is not dumped. Tasks of one namespace have the same number here too.",
    pattern: /\[\d+\]/g,
    becomes: "[*]",
  },
];
