import { foreignOrigin } from "../archive/index.ts";
import type { FileTree, ForeignOrigin } from "../archive/index.ts";
import type { Problem } from "../criu/index.ts";
import type { CriuInfo } from "./criu-info.ts";
import { isObject } from "./sidecar.ts";
import type { Json } from "./sidecar.ts";

/** A snapshot that CRIU didn't make, in words. There are no processes, threads or mappings of it. */
export interface Foreign {
  readonly kind: ForeignOrigin["kind"];
  /** What its files say of themselves. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  /** Names of the containers in it, where it keeps their specs. */
  readonly containers: readonly string[];
  /** What can be seen of it here, and what can't. */
  readonly limits: string;
}

const LIMITS: Readonly<Record<ForeignOrigin["kind"], string>> = {
  gvisor:
    "gVisor froze this, not CRIU. What its head says and the bytes of its files can be seen; the processes, open files and memory in it are in gVisor's own encoding, which changes with every version and is not decoded here.",
  firecracker:
    "Firecracker froze this, not CRIU: a whole machine with its kernel. What its head says and the bytes of its files can be seen; there are no processes to be shown without that kernel's own tables.",
};

/** Undefined for a checkpoint of CRIU's. */
export function foreignOf(tree: FileTree): Foreign | undefined {
  const origin = foreignOrigin(tree);
  if (origin === undefined) return undefined;
  return {
    kind: origin.kind,
    facts: origin.facts.map(([label, value]) => ({ label, value })),
    containers: origin.specs.map(([name]) => name),
    limits: LIMITS[origin.kind],
  };
}

/** The OCI spec of the first container that a snapshot keeps one of. */
export function specOf(tree: FileTree): Json | undefined {
  const [first] = foreignOrigin(tree)?.specs ?? [];
  return first !== undefined && isObject(first[1]) ? first[1] : undefined;
}

/** Said beside what can be shown, so that nobody takes an empty process list for the truth. */
export const foreignProblem = ({ kind, limits }: Foreign): Problem => ({
  code: `checkpoint.${kind}`,
  message: limits,
  severity: "warning",
});

/** What CRIU would say of a dump that it didn't make. */
export function noCriu(): CriuInfo {
  return {
    imageVersion: undefined,
    version: undefined,
    runId: undefined,
    plugins: [],
    lsm: undefined,
    architecture: undefined,
    written: undefined,
    statistics: undefined,
    restore: undefined,
    uptime: undefined,
    sealed: false,
  };
}
