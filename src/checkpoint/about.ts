import { annotationsOf, foreignOrigin, originOf } from "../archive/index.ts";
import { readContainer } from "./container.ts";
import type { Sidecars } from "./container.ts";
import { detectEngine } from "./engine-detect.ts";
import { specOf } from "./foreign.ts";
import type { Layer } from "./layers.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Mount } from "./mounts.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";
import { readRecords } from "./records.ts";
import { findSidecar, readJson, readText } from "./sidecar.ts";
import { readSizes } from "./sizes.ts";
import { versionsOf } from "./versions.ts";

/** CRIU's version is in the log's second line; the rest of a log may be gigabytes. */
const LOG_HEAD = 64 * 1024;

/** What the engine left beside the images, and who it was. */
export async function readAbout(
  layer: Layer,
  mounts: readonly Mount[],
  report: Report,
): Promise<Pick<Checkpoint, "engine" | "container" | "versions" | "sizes" | "configuration">> {
  const sidecar = async (name: string) => {
    const path = await findSidecar(layer.tree, layer.folder, name);
    return path === undefined ? undefined : readJson(layer.tree, path, report);
  };
  const annotations = annotationsOf(layer.tree, layer.folder);
  const origin = originOf(layer.tree, layer.folder);
  const sidecars: Sidecars = {
    spec: (await sidecar("spec.dump")) ?? specOf(layer.tree),
    config: await sidecar("config.dump"),
    docker: await sidecar("config.v2.json"),
    status: await sidecar("status.dump"),
    network: await sidecar("network.status"),
    pod: await sidecar("pod.options"),
    annotations,
  };
  const mountRoots = mounts.map((mount) => mount.root ?? "");
  const engine = detectEngine({
    spec: sidecars.spec,
    config: sidecars.config,
    hasDockerConfig: sidecars.docker !== undefined,
    hasStatusDump: sidecars.status !== undefined,
    hasDescriptors: layer.files.has("descriptors.json"),
    mountRoots,
    annotations,
    foreign: foreignOrigin(layer.tree)?.kind,
    isContainerdIndex: origin?.kind === "containerImage" && origin.format === "containerd",
  });
  const hostname = await readHostname(layer, report);
  const { annotations: _, ...files } = sidecars;
  return {
    engine,
    container: readContainer(sidecars, hostname, mountRoots, engine.id),
    versions: versionsOf(annotations, await readLogHead(layer, report)),
    sizes: await readSizes(layer),
    configuration: files,
  };
}

/** The host name of the first uts namespace that was dumped. */
async function readHostname(layer: Layer, report: Report): Promise<string | undefined> {
  const file = [...layer.files.keys()].find((name) => /^utsns-\d{1,10}\.img$/.test(name));
  if (file === undefined) return undefined;
  const [entry] = await readRecords(layer, file, "utsns_entry", report, 1);
  return entry?.nodename;
}

async function readLogHead(layer: Layer, report: Report): Promise<string> {
  const path = await findSidecar(layer.tree, layer.folder, "dump.log", 1);
  if (path === undefined) return "";
  return (await orReport(report, path, undefined, () => readText(layer.tree, path, LOG_HEAD))) ?? "";
}
