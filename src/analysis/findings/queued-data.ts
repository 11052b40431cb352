import { queuedBytes } from "../../checkpoint/index.ts";
import { processName } from "./finding.ts";
import type { FindingRule } from "./finding.ts";

/** Bytes that were on their way when the process was frozen. */
export const queuedData: FindingRule = {
  id: "files.queuedData",
  severity: "info",
  title: "Data that nobody has read yet",
  why: "Pipes and sockets hold what one process has said and another has not heard. It can be read in the images.",
  find: async (process, checkpoint) => {
    const { value } = await checkpoint.openFiles(process.pid);
    return value.flatMap(({ fd, description, detail }) => {
      const bytes = detail ? queuedBytes(detail) : 0;
      return bytes === 0
        ? []
        : [
            {
              detail: `${processName(process)}: ${bytes} ${bytes === 1 ? "byte" : "bytes"} in ${description}`,
              place: { kind: "openFile", pid: process.pid, fd },
            } as const,
          ];
    });
  },
};
