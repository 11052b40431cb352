import { processName } from "./finding.ts";
import type { FindingRule } from "./finding.ts";

/** CAP_CHOWN … CAP_AUDIT_READ: what every kernel since 3.16 has (`include/uapi/linux/capability.h`). */
const ALL = (1n << 38n) - 1n;

/** Root that is not held back by anything, as in `--privileged` containers. */
export const fullCapabilities: FindingRule = {
  id: "process.fullCapabilities",
  severity: "warning",
  title: "Root with all capabilities",
  why: "It can do to the machine what root can. Engines give that to privileged containers only.",
  find: async (process, checkpoint) => {
    if (process.state === "zombie") return [];
    const { value } = await checkpoint.details(process.pid);
    const { credentials } = value.leader;
    const isFull = credentials?.euid === 0 && (credentials.capabilities.effective.bits & ALL) === ALL;
    return isFull ? [{ detail: processName(process), place: { kind: "process", pid: process.pid } }] : [];
  },
};
