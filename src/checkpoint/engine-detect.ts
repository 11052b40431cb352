import type { ForeignOrigin } from "../archive/index.ts";
import { at } from "./sidecar.ts";
import type { Json } from "./sidecar.ts";
import { ANNOTATIONS } from "./versions.ts";

export type EngineId = "podman" | "docker" | "cri-o" | "containerd" | "runc" | "criu" | ForeignOrigin["kind"];

/** Who made the checkpoint. */
export interface Engine {
  readonly id: EngineId;
  /** As people write it: `Podman`. */
  readonly label: string;
  /** What gave it away, in a few words: `spec.dump names libpod`. */
  readonly evidence: string;
}

/** What there is to go by. */
export interface Traces {
  /** The OCI spec beside the images. */
  readonly spec: Json | undefined;
  readonly config: Json | undefined;
  readonly hasDockerConfig: boolean;
  readonly hasStatusDump: boolean;
  /** runc and crun leave the container's stdio names here. */
  readonly hasDescriptors: boolean;
  /** `root` and `source` of the mounts in the images: engines bind their own files into every container. */
  readonly mountRoots: readonly string[];
  /** Of the container image the files come from. */
  readonly annotations: Readonly<Record<string, string>>;
  /** The index that `ctr checkpoint` makes. */
  readonly isContainerdIndex: boolean;
  /** What froze it where CRIU didn't. */
  readonly foreign: ForeignOrigin["kind"] | undefined;
}

interface Rule {
  readonly id: EngineId;
  readonly evidence: string;
  readonly matches: (traces: Traces) => boolean;
}

const LABELS: Readonly<Record<EngineId, string>> = {
  podman: "Podman",
  docker: "Docker",
  "cri-o": "CRI-O",
  containerd: "containerd",
  runc: "runc or crun",
  criu: "CRIU",
  gvisor: "gVisor",
  firecracker: "Firecracker",
};

const manager = (traces: Traces): unknown => at(traces.spec, "annotations", "io.container.manager");
const annotated =
  (prefix: string) =>
  ({ annotations }: Traces): boolean =>
    Object.keys(annotations).some((key) => key.startsWith(prefix));
/** `org.criu.checkpoint.engine.name` in lower case. */
const named =
  (name: string) =>
  ({ annotations }: Traces): boolean =>
    annotations[`${ANNOTATIONS.criu}engine.name`]?.toLowerCase() === name;
const anyRoot = (pattern: RegExp) => (traces: Traces) => traces.mountRoots.some((root) => pattern.test(root));

/** The first rule that matches says who it was. What the engine wrote itself goes before what the images betray. */
const RULES: readonly Rule[] = [
  { id: "podman", evidence: "spec.dump names libpod", matches: (traces) => manager(traces) === "libpod" },
  { id: "cri-o", evidence: "spec.dump names cri-o", matches: (traces) => manager(traces) === "cri-o" },
  { id: "docker", evidence: "config.v2.json lies beside it", matches: (traces) => traces.hasDockerConfig },
  { id: "podman", evidence: "annotations of Podman", matches: annotated(ANNOTATIONS.podman) },
  { id: "cri-o", evidence: "annotations of CRI-O", matches: annotated(ANNOTATIONS.crio) },
  ...(["podman", "cri-o", "containerd", "docker"] as const).map((id) => ({
    id,
    evidence: "the annotations name it",
    matches: named(id),
  })),
  {
    id: "containerd",
    evidence: "the index of ctr checkpoint",
    matches: (traces) => traces.isContainerdIndex,
  },
  {
    id: "containerd",
    evidence: "status.dump or spec.dump without a manager",
    matches: (traces) => traces.hasStatusDump || (traces.spec !== undefined && traces.config !== undefined),
  },
  {
    id: "podman",
    evidence: "Podman's files are mounted in the container",
    matches: anyRoot(/\/overlay-containers\/[0-9a-f]{64}\/userdata\//),
  },
  {
    id: "cri-o",
    evidence: "CRI-O's files are mounted in the container",
    matches: anyRoot(/(^|\/)crio(-[0-9a-f]{64}|\/)/),
  },
  {
    id: "docker",
    evidence: "Docker's files are mounted in the container",
    matches: anyRoot(/\/containers\/[0-9a-f]{64}\/(hostname|hosts|resolv\.conf)$|^\/docker\/[0-9a-f]{64}$/),
  },
  {
    id: "containerd",
    evidence: "containerd's files are mounted in the container",
    matches: anyRoot(/\/io\.containerd\./),
  },
  ...(
    [
      ["gvisor", "runsc's state file"],
      ["firecracker", "its state file"],
    ] as const
  ).map(([id, evidence]) => ({
    id,
    evidence,
    matches: ({ foreign }: Traces): boolean => foreign === id,
  })),
  {
    id: "runc",
    evidence: "descriptors.json lies among the images",
    matches: (traces) => traces.hasDescriptors,
  },
  { id: "criu", evidence: "images alone", matches: () => true },
];

/** Who made the checkpoint. A new engine is a row above. */
export function detectEngine(traces: Traces): Engine {
  const rule = RULES.find((candidate) => candidate.matches(traces));
  const id = rule?.id ?? "criu";
  return { id, label: LABELS[id], evidence: rule?.evidence ?? "" };
}
