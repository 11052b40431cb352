import { processName } from "./finding.ts";
import type { FindingRule } from "./finding.ts";

const ANY = new Set(["0.0.0.0", "::"]);

/** A TCP socket that takes connections on every address, or a UDP socket without a peer that does. */
export const listeningEverywhere: FindingRule = {
  id: "network.listeningEverywhere",
  severity: "info",
  title: "Listening on all addresses",
  why: "Whoever can reach the container's network can talk to it. Most servers in containers do this on purpose.",
  find: async (process, checkpoint) => {
    const { value } = await checkpoint.openFiles(process.pid);
    return value.flatMap(({ fd, description, detail }) => {
      if (detail?.kind !== "inet" || !ANY.has(detail.localAddress) || detail.localPort === 0) return [];
      const isOpen = detail.state === "LISTEN" || (detail.protocol === "UDP" && detail.remotePort === 0);
      return isOpen
        ? [
            {
              detail: `${processName(process)}: ${description}`,
              place: { kind: "openFile", pid: process.pid, fd },
            } as const,
          ]
        : [];
    });
  },
};
