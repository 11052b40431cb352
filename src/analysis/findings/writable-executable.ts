import { processName } from "./finding.ts";
import type { FindingRule } from "./finding.ts";

/** Memory that can be written and run. */
export const writableExecutable: FindingRule = {
  id: "memory.writableExecutable",
  severity: "warning",
  title: "Memory that can be written and run",
  why: "Injected code needs such memory. Just-in-time compilers use it too.",
  find: async (process, checkpoint) => {
    const { value } = await checkpoint.memoryMap(process.pid);
    return value
      .filter(({ permissions }) => permissions.startsWith("rwx") || permissions.startsWith("-wx"))
      .map(({ start, end, permissions, name }) => ({
        detail: `${processName(process)}: ${start.toString(16)}-${end.toString(16)} ${permissions} ${name ?? "anonymous"}`,
        place: { kind: "mapping", pid: process.pid, start },
      }));
  },
};
