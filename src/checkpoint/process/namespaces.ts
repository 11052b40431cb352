import type { MessageMap } from "../../criu/index.ts";

/** The kinds of namespaces, by their names in /proc/PID/ns. */
export type NamespaceKind = "pid" | "net" | "ipc" | "uts" | "mnt" | "user" | "cgroup" | "time";

/**
 * CRIU's ids of a process's namespaces: the number in `netns-ID.img` and in `ns_id` fields. They are not the kernel's
 * inode numbers, which no image holds; processes in the same namespace have the same id.
 */
export type NamespaceIds = Readonly<Partial<Record<NamespaceKind, number>>>;

const FIELDS = [
  ["pid", "pid_ns_id"],
  ["net", "net_ns_id"],
  ["ipc", "ipc_ns_id"],
  ["uts", "uts_ns_id"],
  ["mnt", "mnt_ns_id"],
  ["user", "user_ns_id"],
  ["cgroup", "cgroup_ns_id"],
  ["time", "time_ns_id"],
] as const satisfies readonly (readonly [NamespaceKind, keyof MessageMap["task_kobj_ids_entry"]])[];

/** What a process shares with others: two that have the same id have the same thing (`criu/kcmp-ids.c`). */
export interface SharedIds {
  readonly memory: number;
  readonly files: number;
  readonly fileSystem: number;
  readonly signalHandlers: number;
}

export const namespaceIds = (ids: MessageMap["task_kobj_ids_entry"]): NamespaceIds =>
  Object.fromEntries(FIELDS.map(([kind, field]) => [kind, ids[field]]).filter(([, id]) => id !== undefined));

export const sharedIds = (ids: MessageMap["task_kobj_ids_entry"]): SharedIds => ({
  memory: ids.vm_id,
  files: ids.files_id,
  fileSystem: ids.fs_id,
  signalHandlers: ids.sighand_id,
});
