import { FDINFO_DIFFERENCES } from "./fd/fdinfo.ts";
import type { Difference } from "./model.ts";
import { NAMESPACE_DIFFERENCES } from "./namespaces.ts";
import { NETWORK_SETTINGS } from "./system/network-settings.ts";
import { SYSTEM_FILES } from "./system-table.ts";
import { PROC_FILES } from "./table.ts";

/** How a kind of file differs from the live one. */
export interface FileDifferences {
  /** As docs/frozen-proc.md names it: `PID/status`, `sys/kernel/hostname`. */
  readonly file: string;
  readonly differences: readonly Difference[];
  /** When the file is not there at all. */
  readonly absent: string | undefined;
}

const THREAD = "PID/task/TID/";

/** Every kind of file, with every line and field that cannot be as on the live system. */
export const DIFFERENCES: readonly FileDifferences[] = [
  ...PROC_FILES.map(({ name, differences, absent }) => ({ file: `PID/${name}`, differences, absent })),
  ...PROC_FILES.flatMap(({ name, differences, threadDifferences, absent }) =>
    threadDifferences === undefined
      ? []
      : [{ file: `${THREAD}${name}`, differences: [...differences, ...threadDifferences], absent }],
  ),
  { file: "PID/fdinfo/N", differences: FDINFO_DIFFERENCES, absent: undefined },
  { file: "PID/ns/NAME", differences: NAMESPACE_DIFFERENCES, absent: undefined },
  ...[...SYSTEM_FILES, NETWORK_SETTINGS].map(({ name, differences, absent }) => ({
    file: name,
    differences,
    absent,
  })),
];

/** `file` is as in `DIFFERENCES`. Takes out of a file's text, live or frozen, what can't be the same in both. What is left must be. */
export function differencesOf(file: string): (text: string) => string {
  // A thread's file differs as its process's does, where nothing else is said.
  const names = [file, file.replace(THREAD, "PID/")];
  const found = names.map((name) => DIFFERENCES.find((each) => each.file === name));
  const { differences } = found.find((each) => each !== undefined) ?? { differences: [] };
  return (text) => {
    const rest = differences.reduce(
      (before, { pattern, becomes }) => before.replaceAll(pattern, becomes),
      text,
    );
    return differences.some(({ unordered }) => unordered) ? rest.split("\n").toSorted().join("\n") : rest;
  };
}

/** Files of /proc/PID on a live system that the frozen one never has. */
export const NEVER: readonly { readonly file: string; readonly why: string }[] = [
  { file: "PID/smaps_rollup", why: "It sums up what is resident, which is not dumped." },
  { file: "PID/wchan, PID/stack", why: "Where in the kernel a task waits is not dumped." },
  { file: "PID/io, PID/schedstat", why: "Counters are not dumped." },
  { file: "PID/oom_score, PID/sessionid", why: "The kernel works them out; they are not dumped." },
  { file: "PID/coredump_filter", why: "It is not dumped." },
  { file: "PID/mem, PID/pagemap, PID/map_files", why: "Memory has views and commands of its own." },
  { file: "self, thread-self", why: "Nobody runs here." },
  {
    file: "cpuinfo, meminfo, stat, version and other files of the machine",
    why: "A checkpoint is of processes, not of the machine.",
  },
];
