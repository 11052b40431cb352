import { processName } from "./finding.ts";
import type { FindingRule } from "./finding.ts";

/** Code of a file that has no name any more, or never had one (memfd). */
export const deletedExecutable: FindingRule = {
  id: "memory.deletedExecutable",
  severity: "warning",
  title: "Code of a deleted file",
  why: "Malware removes its file after it was started, or runs from a memfd. An update of a package leaves such code too.",
  find: async (process, checkpoint) => {
    const { value } = await checkpoint.memoryMap(process.pid);
    const code = value.filter(
      ({ permissions, name }) => permissions[2] === "x" && name?.endsWith(" (deleted)") === true,
    );
    // The first of each file: backwards, so that it is the one that stays.
    const files = new Map(code.toReversed().map((mapping) => [mapping.name, mapping]));
    return [...files.values()].map(({ name, start }) => ({
      detail: `${processName(process)}: ${name ?? ""}`,
      place: { kind: "mapping", pid: process.pid, start },
    }));
  },
};
