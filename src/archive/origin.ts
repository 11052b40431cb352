import type { FileTree } from "./tree.ts";

/** A container image whose layers the files come from. Everything in it was written by whoever made the image. */
export interface ImageOrigin {
  readonly kind: "containerImage";
  /** `containerd`: the index that `ctr checkpoint` makes, which is no image by OCI's rules. */
  readonly format: "oci" | "docker" | "containerd";
  /** Its name with tag: `localhost/checkpoint:1`. */
  readonly reference: string | undefined;
  /** Of its manifest: `sha256:…`. */
  readonly digest: string | undefined;
  /** `linux/amd64`, `linux/arm64/v8`. */
  readonly platform: string | undefined;
  /** RFC 3339. */
  readonly created: string | undefined;
  /**
   * Where engines say what they froze: `io.podman.annotations.checkpoint.*`,
   * `io.kubernetes.cri-o.annotations.checkpoint.*`, `org.criu.checkpoint.*`. Of one key in several places the
   * manifest's counts before its descriptor's in the index, and that before the config's labels.
   */
  readonly annotations: Readonly<Record<string, string>>;
}

/** What the head of a snapshot that CRIU didn't make says. All of it was written by whoever made the snapshot. */
export interface ForeignHead {
  readonly kind: "gvisor" | "firecracker";
  /** What it says of itself, in words: `["Compression", "none"]`. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** OCI specs of the containers in it, by name, where it keeps them. */
  readonly specs: readonly (readonly [name: string, spec: unknown])[];
}

/** A frozen sandbox or machine that CRIU didn't make: its files can be looked at as bytes, not decoded. */
export interface ForeignOrigin extends ForeignHead {
  /** The folder of its files in the tree; "" is the root. */
  readonly folder: string;
}

/** A core file or minidump of one process. The images in the tree are made from it, and those that it says nothing of are absent. */
export interface CoreOrigin {
  readonly kind: "core";
}

/** What is known of a tree besides its files. */
export type TreeOrigin = ImageOrigin | ForeignOrigin | CoreOrigin;

/** One of several checkpoints in a tree, in a folder of its own. */
export interface TreePart {
  /** Path in the tree. */
  readonly folder: string;
  /** What to call it: the reference or platform of an image, the name of a container. */
  readonly name: string;
  readonly origin: TreeOrigin | undefined;
}

/** The origin of a folder: of the part that it lies in, else of the whole tree. */
export function originOf(tree: FileTree, folder: string): TreeOrigin | undefined {
  const part = tree.parts?.find((one) => folder === one.folder || folder.startsWith(`${one.folder}/`));
  return part?.origin ?? tree.origin;
}

/** The annotations of the container image that a folder comes from; none where it comes from no image. */
export function annotationsOf(tree: FileTree, folder: string): Readonly<Record<string, string>> {
  const origin = originOf(tree, folder);
  return origin?.kind === "containerImage" ? origin.annotations : {};
}

/** The snapshot of gVisor or Firecracker that the whole tree is; undefined for all else. */
export function foreignOrigin({ origin }: FileTree): ForeignOrigin | undefined {
  return origin?.kind === "gvisor" || origin?.kind === "firecracker" ? origin : undefined;
}
