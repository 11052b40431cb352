import { networksOfDocker, networksOfStatus } from "./container-network.ts";
import type { ContainerNetwork } from "./container-network.ts";
import type { EngineId } from "./engine-detect.ts";
import type { Mount } from "./mounts.ts";
import { at, isObject, text, texts } from "./sidecar.ts";
import type { Json } from "./sidecar.ts";

/** What the engine wrote down about the container. Everything but the id may be unknown. */
export interface Container {
  readonly id: string | undefined;
  readonly name: string | undefined;
  /** Name of the container image. */
  readonly image: string | undefined;
  readonly imageId: string | undefined;
  /** The OCI runtime: `runc`, `crun`. */
  readonly runtime: string | undefined;
  /** RFC 3339. */
  readonly created: string | undefined;
  /** RFC 3339; undefined where the engine didn't say (then see `criu.written`). */
  readonly checkpointed: string | undefined;
  readonly pod: string | undefined;
  readonly namespace: string | undefined;
  readonly hostname: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** The mounts the engine asked for (OCI spec). */
  readonly mounts: readonly Mount[];
  /** The engine's networks it was in. */
  readonly networks: readonly ContainerNetwork[];
  /** What the engine started in it. */
  readonly command: readonly string[];
  /** The containers of its pod by their short names, where a whole pod was dumped. */
  readonly podContainers: Readonly<Record<string, string>>;
}

/** JSON that engines put beside the images, as found. */
export interface Configuration {
  /** OCI runtime spec. */
  readonly spec: Json | undefined;
  /** Podman's ContainerConfig, or CRI-O's and containerd's summary: all called config.dump. */
  readonly config: Json | undefined;
  /** Docker's own container record. */
  readonly docker: Json | undefined;
  /** containerd's CRI ContainerStatus. */
  readonly status: Json | undefined;
  /** Podman's network.status. */
  readonly network: Json | undefined;
  /** pod.options of a checkpoint of a whole pod. */
  readonly pod: Json | undefined;
}

/** The same, and the annotations of the container image they came in. */
export interface Sidecars extends Configuration {
  readonly annotations: Readonly<Record<string, string>>;
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
    // In a pod: what the CRI runtimes call it in `config` is made of this, its pod, the namespace and an uid.
    ["spec", "annotations", "io.kubernetes.cri.container-name"],
    ["spec", "annotations", "io.kubernetes.container.name"],
    ["config", "name"],
    ["docker", "Name"],
    ["status", "metadata", "name"],
    ["annotations", "org.criu.checkpoint.container.name"],
    ["annotations", "io.podman.annotations.checkpoint.name"],
    ["annotations", "io.kubernetes.cri-o.annotations.checkpoint.name"],
  ],
  image: [
    ["config", "rootfsImageName"],
    ["docker", "Config", "Image"],
    ["config", "rootfsImage"],
    ["status", "image", "image"],
    ["annotations", "org.criu.checkpoint.rootfsImageName"],
    ["annotations", "io.podman.annotations.checkpoint.rootfsImageName"],
    ["annotations", "io.kubernetes.cri-o.annotations.checkpoint.rootfsImageName"],
  ],
  imageId: [
    ["config", "rootfsImageID"],
    ["config", "rootfsImageRef"],
    ["docker", "Image"],
    ["status", "image_ref"],
    ["annotations", "org.criu.checkpoint.rootfsImageID"],
    ["annotations", "io.podman.annotations.checkpoint.rootfsImageID"],
    ["annotations", "io.kubernetes.cri-o.annotations.checkpoint.rootfsImageID"],
  ],
  runtime: [
    ["config", "runtime"],
    ["config", "ociRuntime"],
    ["annotations", "org.criu.checkpoint.runtime.name"],
    ["annotations", "io.podman.annotations.checkpoint.runtime.name"],
  ],
  created: [
    ["config", "createdTime"],
    ["docker", "Created"],
  ],
  checkpointed: [["config", "checkpointedTime"]],
  pod: [
    ["spec", "annotations", "io.kubernetes.pod.name"],
    ["spec", "annotations", "io.kubernetes.cri.sandbox-name"],
    ["annotations", "org.criu.checkpoint.pod.name"],
  ],
  namespace: [
    ["spec", "annotations", "io.kubernetes.pod.namespace"],
    ["spec", "annotations", "io.kubernetes.cri.sandbox-namespace"],
    ["annotations", "org.criu.checkpoint.pod.namespace"],
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
    // The spec's own are nearer to the container than those of the image it travelled in.
    annotations: { ...sidecars.annotations, ...stringsOf(at(sidecars.spec, "annotations")) },
    mounts: readSpecMounts(sidecars.spec),
    networks: [...networksOfStatus(sidecars.network), ...networksOfDocker(sidecars.docker)],
    command: commandOf(sidecars),
    podContainers: stringsOf(at(sidecars.pod, "containers")),
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

function commandOf({ spec, docker }: Sidecars): readonly string[] {
  const args = texts(at(spec, "process", "args"));
  if (args.length > 0 || docker === undefined) return args;
  return [
    ...(text(docker["Path"]) === undefined ? [] : [text(docker["Path"]) ?? ""]),
    ...texts(docker["Args"]),
  ];
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
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
