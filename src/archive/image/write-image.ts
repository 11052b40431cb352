// A container image of a checkpoint, as an oci-archive (OCI image spec, image-layout.md): one layer, which is the
// checkpoint's tar, and annotations by which Podman, CRI-O and containerd know it for one.
import { createHash } from "node:crypto";
import { pack } from "tar-stream";
import { openFileSource, readChunks, type ByteSource } from "../../bytes/index.ts";
import { detectPacking } from "../detect.ts";
import { archiveErrors } from "../errors.ts";
import type { InflateOptions } from "../inflate.ts";
import { openTar } from "../tar.ts";
import type { FileTree } from "../tree.ts";
import { isObject, readJson, stringIn } from "./json.ts";

export interface ImageWords {
  /** Name and tag: `localhost/web:frozen`. */
  readonly reference: string;
  /** The container's name; what the checkpoint's own configuration says when not given. */
  readonly name?: string;
  /** RFC 3339. */
  readonly created: string;
  /** As OCI names processors; this machine's when not given. */
  readonly architecture?: string;
}

export interface CheckpointImage {
  /** Of the manifest: `sha256:…`. */
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** The oci-archive, to be read once. Breaks off with `archive.changed` when the checkpoint isn't what it was. */
  bytes(): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Makes a container image of a checkpoint's archive (a tar, plain or packed) as Podman, CRI-O and the kubelet write it. The
 * archive is read twice and never held. Throws `archive.noImage` for one that no engine restores from an image (without a
 * `config.dump`), and what opening an archive throws.
 */
export async function checkpointImage(
  path: string,
  words: ImageWords,
  options: InflateOptions = {},
): Promise<CheckpointImage> {
  const layer = await plainTar(path, options);
  try {
    const tree = await openTar(layer, path, options, () => Promise.resolve());
    const annotations = await annotationsFor(tree, path, words.name).finally(() => tree.close());
    const digest = await hashOf(layer, options.signal);
    const image = describe(words, annotations, { digest, size: layer.size });
    return {
      digest: image.digest,
      annotations,
      bytes: () => tarOf(image.files, digest, layer, path, options.signal),
      close: async () => layer.close?.(),
    };
  } catch (error) {
    await layer.close?.();
    throw error;
  }
}

async function plainTar(path: string, options: InflateOptions): Promise<ByteSource> {
  const packed = await openFileSource(path);
  try {
    const packing = await detectPacking(packed, path);
    if (packing === "tar") return packed;
    if (packing === "stream" || packing === "snapshot") throw archiveErrors.noImage(path);
    const { inflate } = await import("../inflate.ts");
    const { source, problem } = await inflate(packed, packing, path, options);
    await packed.close?.();
    if (problem === undefined) return source;
    await source.close?.();
    throw archiveErrors.damaged(path, source.size, problem);
  } catch (error) {
    await packed.close?.();
    throw error;
  }
}

/** Prefixes under which engines look (podman libpod/define/annotations.go, CRI-O, checkpointctl lib/annotations.go). */
const PREFIXES = ["io.podman.annotations.checkpoint.", "io.kubernetes.cri-o.annotations.checkpoint."];
const NEUTRAL = "org.criu.checkpoint.";

/** What of the checkpoint's own configuration goes into which annotation; the name is what makes it a checkpoint. */
const FROM_CONFIG: readonly (readonly [annotation: string, keys: readonly string[]])[] = [
  ["rawImageName", ["rawImageName", "rootfsImage"]],
  ["rootfsImageID", ["rootfsImageID", "rootfsImageRef"]],
  ["rootfsImageName", ["rootfsImageName"]],
  // podman's command line takes an image for a checkpoint by this one (cmd/podman/containers/restore.go), its API by the name.
  ["runtime.name", ["runtime"]],
];

async function annotationsFor(
  tree: FileTree,
  path: string,
  wanted: string | undefined,
): Promise<Readonly<Record<string, string>>> {
  const config = await tree.open("config.dump").then(readJson, () => undefined);
  const isWhole =
    (await tree.stat("checkpoint"))?.kind === "folder" && (await tree.stat("spec.dump")) !== undefined;
  if (config === undefined || !("value" in config) || !isObject(config.value) || !isWhole)
    throw archiveErrors.noImage(path);
  const { value } = config;
  const name = wanted ?? stringIn(value, "name") ?? "checkpoint";
  const found = FROM_CONFIG.flatMap(([annotation, keys]) => {
    const text = keys.map((key) => stringIn(value, key)).find((one) => one !== undefined);
    return text === undefined ? [] : [[annotation, text] as const];
  });
  return Object.fromEntries([
    ...PREFIXES.flatMap((prefix) =>
      [["name", name] as const, ...found].map(([key, text]) => [prefix + key, text]),
    ),
    [`${NEUTRAL}container.name`, name],
    ...found.map(([key, text]) => [NEUTRAL + key, text]),
  ]) as Readonly<Record<string, string>>;
}

async function hashOf(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  for await (const bytes of readChunks(source, signal ? { signal } : {})) hash.update(bytes);
  return hash.digest("hex");
}

interface SmallFile {
  readonly name: string;
  readonly text: string;
}

/** Node's names of processors that OCI calls otherwise (Go's GOARCH). */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386", loong64: "loong64" };

function describe(
  { reference, created, architecture }: ImageWords,
  annotations: Readonly<Record<string, string>>,
  layer: { readonly digest: string; readonly size: number },
): { readonly digest: string; readonly files: readonly SmallFile[] } {
  const blob = (
    value: unknown,
  ): { readonly text: string; readonly digest: string; readonly size: number } => {
    const text = JSON.stringify(value);
    return { text, digest: createHash("sha256").update(text).digest("hex"), size: Buffer.byteLength(text) };
  };
  const config = blob({
    created,
    architecture: architecture ?? ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config: {},
    // Of the layer as it is unpacked: it is not packed.
    rootfs: { type: "layers", diff_ids: [`sha256:${layer.digest}`] },
    history: [{ created, created_by: "cryoscope" }],
  });
  const manifest = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      digest: `sha256:${config.digest}`,
      size: config.size,
    },
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar",
        digest: `sha256:${layer.digest}`,
        size: layer.size,
      },
    ],
    annotations,
  });
  const index = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: `sha256:${manifest.digest}`,
        size: manifest.size,
        annotations: { "org.opencontainers.image.ref.name": reference },
      },
    ],
  });
  return {
    digest: `sha256:${manifest.digest}`,
    files: [
      { name: "oci-layout", text: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
      { name: "index.json", text: index.text },
      { name: `blobs/sha256/${manifest.digest}`, text: manifest.text },
      { name: `blobs/sha256/${config.digest}`, text: config.text },
    ],
  };
}

async function* tarOf(
  files: readonly SmallFile[],
  digest: string,
  layer: ByteSource,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const header = { mode: 0o644, mtime: new Date(0) };
  const fill = async (): Promise<void> => {
    for (const name of ["blobs", "blobs/sha256"])
      tar.entry({ ...header, name, mode: 0o755, type: "directory" });
    for (const { name, text } of files) tar.entry({ ...header, name }, text);
    const entry = tar.entry({ ...header, name: `blobs/sha256/${digest}`, size: layer.size });
    // Its end is the archive's, who reads that is told.
    entry.on("error", () => undefined);
    const hash = createHash("sha256");
    for await (const bytes of readChunks(layer, signal ? { signal } : {})) {
      hash.update(bytes);
      if (!entry.write(bytes)) await new Promise<void>((resolve) => entry.once("drain", resolve));
    }
    // The first look made its name: what has changed since isn't what the manifest says.
    if (hash.digest("hex") !== digest) throw archiveErrors.changed(path);
    entry.end(undefined);
    tar.finalize();
  };
  const filling = fill().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    // A pack gives bytes.
    for await (const bytes of tar) yield bytes as Uint8Array;
  } finally {
    tar.destroy();
    await filling;
  }
}
