import type { Container, EngineId, Mount } from "./model.ts";
import { at, isObject, text, texts } from "./sidecar.ts";
import type { Json } from "./sidecar.ts";

/** What engines put beside the images, as found. */
export interface Sidecars {
  /** OCI runtime spec. */
  readonly spec: Json | undefined;
  /** Podman's ContainerConfig, or CRI-O's and containerd's summary: all called config.dump. */
  readonly config: Json | undefined;
  /** Docker's own container record. */
  readonly docker: Json | undefined;
  /** containerd's CRI ContainerStatus. */
  readonly status: Json | undefined;
}

type Field =
  "id" | "name" | "image" | "imageId" | "runtime" | "created" | "checkpointed" | "pod" | "namespace";
type Where = readonly [sidecar: keyof Sidecars, ...keys: string[]];

/** Where each field may be written, the best place first (checkpointctl reads the same files). */
const PLACES: Readonly<Record<Field, readonly Where[]>> = {
  id: [
    ["config", "id"],
    ["docker", "ID"],
    ["status", "id"],
  ],
  name: [
    ["config", "name"],
    ["docker", "Name"],
    ["spec", "annotations", "io.kubernetes.cri.container-name"],
    ["status", "metadata", "name"],
  ],
  image: [
    ["config", "rootfsImageName"],
    ["docker", "Config", "Image"],
    ["config", "rootfsImage"],
    ["status", "image", "image"],
  ],
  imageId: [
    ["config", "rootfsImageID"],
    ["config", "rootfsImageRef"],
    ["docker", "Image"],
    ["status", "image_ref"],
  ],
  runtime: [
    ["config", "runtime"],
    ["config", "ociRuntime"],
  ],
  created: [
    ["config", "createdTime"],
    ["docker", "Created"],
  ],
  checkpointed: [["config", "checkpointedTime"]],
  pod: [
    ["spec", "annotations", "io.kubernetes.pod.name"],
    ["spec", "annotations", "io.kubernetes.cri.sandbox-name"],
  ],
  namespace: [
    ["spec", "annotations", "io.kubernetes.pod.namespace"],
    ["spec", "annotations", "io.kubernetes.cri.sandbox-namespace"],
  ],
};

/**
 * What is known of the container. `hostname` comes from the uts namespace of the images, `mountRoots` are the
 * engine's files bound into the container: their paths hold its id where nobody wrote it down.
 */
export function readContainer(
  sidecars: Sidecars,
  hostname: string | undefined,
  mountRoots: readonly string[],
  engine: EngineId,
): Container {
  const field = (name: Field): string | undefined => {
    for (const [sidecar, ...keys] of PLACES[name]) {
      const value = text(at(sidecars[sidecar], ...keys));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const id = field("id") ?? (engine === "criu" ? undefined : idInPaths(mountRoots));
  return {
    id,
    // Docker writes the slash of its link namespace before the name.
    name: field("name")?.replace(/^\//, ""),
    image: field("image"),
    imageId: field("imageId"),
    runtime: field("runtime"),
    created: field("created"),
    checkpointed: field("checkpointed"),
    pod: field("pod"),
    namespace: field("namespace"),
    hostname:
      hostname ?? text(at(sidecars.spec, "hostname")) ?? text(at(sidecars.docker, "Config", "Hostname")),
    annotations: readAnnotations(sidecars.spec),
    mounts: readSpecMounts(sidecars.spec),
  };
}

const ID_IN_PATH = /(?:\/(?:overlay-)?containers\/|\/docker\/|libpod-|crio-)([0-9a-f]{64})(?:\/|$)/;

function idInPaths(roots: readonly string[]): string | undefined {
  for (const root of roots) {
    const id = ID_IN_PATH.exec(root)?.[1];
    if (id !== undefined) return id;
  }
  return undefined;
}

function readAnnotations(spec: Json | undefined): Readonly<Record<string, string>> {
  const annotations = at(spec, "annotations");
  if (!isObject(annotations)) return {};
  return Object.fromEntries(
    Object.entries(annotations).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

function readSpecMounts(spec: Json | undefined): readonly Mount[] {
  const mounts = at(spec, "mounts");
  if (!Array.isArray(mounts)) return [];
  return mounts.filter(isObject).map((mount) => ({
    destination: text(mount["destination"]) ?? "",
    type: text(mount["type"]) ?? "",
    source: text(mount["source"]) ?? "",
    options: texts(mount["options"]),
  }));
}
