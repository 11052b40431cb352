// Kubernetes: containers of a cluster, frozen by the kubelet of their node through the API server.
import type {
  Advice,
  CheckpointOptions,
  CheckpointResult,
  Container,
  ContainerDetails,
  Engine,
  EngineWork,
  Readable,
  RestoreOptions,
  RestoreResult,
} from "./engine.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { brief, engineErrors, reasonOf } from "./errors.ts";
import { assertFree, isReadable, writeWhole } from "./files.ts";
import { at, list, text, texts } from "./json.ts";
import { nameIsPast } from "./kube-archives.ts";
import { ask, refused } from "./kube-ask.ts";
import type { KubeAnswer } from "./kube-ask.ts";
import type { KubeCluster } from "./kube-client.ts";
import { kubeErrors } from "./kube-errors.ts";
import { findPodCheckpoints } from "./kube-pod-checkpoints.ts";
import type { PodCheckpoints } from "./kube-pod-checkpoints.ts";
import { containersOf, isKubeName, listContainers, parseId, readPod } from "./kube-pods.ts";
import { freezeRefused } from "./kube-refusals.ts";
import { readFromNode } from "./kube-reader.ts";
import type { AskCluster } from "./kube-reader.ts";
import type { ProgramDriver } from "./program-driver.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName, newSnapshot } from "./snapshots.ts";

/** A cluster by its context in the kubeconfig: `kubernetes://my-context`; `kubernetes://` is the current one. */
export const kubernetesDriver: ProgramDriver = {
  kind: "kubernetes",
  // Never unasked: asking a cluster may run a login helper.
  usual: () => Promise.resolve([]),
  async connect(path, _machine, signal) {
    const { openCluster } = await import("./kube-client.ts");
    const context = decodeURIComponent(path);
    const cluster = openCluster(context);
    if (cluster === undefined) throw kubeErrors.noContext(context);
    const { content, status } = await ask(cluster, "GET", "/version", signal, 10_000);
    const version = text(at(content, "gitVersion"));
    if (status !== 200 || version === "") throw refused(cluster, status, content);
    return new Kubernetes(cluster, version, await findPodCheckpoints(cluster, signal));
  },
};

/** KEP-2008: the kubelet's own limit for a checkpoint, in seconds; 0 is its default. */
const KUBELET_TIMEOUT = 600;

class Kubernetes implements Engine {
  readonly kind = "kubernetes";
  readonly name: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];
  /** Two archives of one container at the same time would have one name. */
  private readonly freezing = new Set<string>();

  constructor(
    private readonly cluster: KubeCluster,
    readonly version: string,
    private readonly podCheckpoints: PodCheckpoints | undefined,
  ) {
    this.name = `Kubernetes ${brief(version.replace(/^v/, ""))} (${brief(cluster.context)})`;
    this.endpoint = `kubernetes://${encodeURIComponent(cluster.context)}`;
    this.host = new URL(cluster.server).hostname;
    this.capabilities = {
      checkpoint: { can: true },
      restore: podCheckpoints ? { can: true } : { can: false, ...RESTORE_BY_IMAGE },
      keepsCheckpoints: false,
      archives: false,
      folders: false,
      containerImages: false,
      preCheckpoints: false,
      lists: "containers",
      checkpointOptions: podCheckpoints ? ["wholePod"] : [],
      restoreOptions: podCheckpoints ? ["name", "replace"] : [],
    };
  }

  list(work: EngineWork = {}): Promise<readonly Container[]> {
    return listContainers(this.cluster, undefined, work);
  }

  /** Throws `engine.badSelector`. */
  async select(selector: string, work: EngineWork = {}): Promise<readonly Container[]> {
    return listContainers(this.cluster, selector, work);
  }

  async inspect(container: string, { signal }: EngineWork = {}): Promise<ContainerDetails> {
    const { namespace, pod, name } = parseId(container);
    const found = await readPod(this.cluster, namespace, pod, signal);
    const one = containersOf(found).find((other) => other.name === `${pod}/${name}`);
    if (one === undefined) throw engineErrors.noSuchContainer(container);
    const spec = list(at(found, "spec", "containers")).find((other) => text(at(other, "name")) === name);
    return {
      ...one,
      pid: undefined,
      argv: [...texts(at(spec, "command")), ...texts(at(spec, "args"))],
      environment: [],
      workingDirectory: text(at(spec, "workingDir")),
      tty: at(spec, "tty") === true,
      networkMode: at(found, "spec", "hostNetwork") === true ? "host" : "pod",
      addresses: [text(at(found, "status", "podIP"))].filter((address) => address !== ""),
      ports: [],
      mounts: list(at(spec, "volumeMounts")).map((mount) => ({
        source: text(at(mount, "name")),
        destination: text(at(mount, "mountPath")),
      })),
      exitCode: undefined,
      warnings: [],
    };
  }

  /**
   * The kubelet writes an archive on the container's node and lets the container run on, always. With `wholePod` the
   * cluster freezes all containers of the pod, and can restore them.
   */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    assertName(options.name);
    const { namespace, pod, name } = parseId(container);
    const found = await readPod(this.cluster, namespace, pod, work.signal);
    const details = containersOf(found).find((one) => one.name === `${pod}/${name}`);
    const node = text(at(found, "spec", "nodeName"));
    if (details?.state !== "running" || node === "") throw engineErrors.notRunning(container);
    work.onProgress?.({ phase: "freezing" });
    if (options.wholePod === true) return this.freezePod(found, details, options, work);
    const kubelet = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/checkpoint`;
    const path = `${kubelet}/${namespace}/${pod}/${name}?timeout=${KUBELET_TIMEOUT}`;
    const saved = { kind: "node", node, path: await this.freezeOne(container, node, path, work) } as const;
    const snapshot = newSnapshot(this, details, saved, { ...options, leaveRunning: true });
    return { snapshot, readable: await this.locate(snapshot) };
  }

  /** Has the kubelet freeze a container, and gives the archive's path on the node. Throws `engine.isFreezing`. */
  private async freezeOne(
    container: string,
    node: string,
    path: string,
    { signal }: EngineWork,
  ): Promise<string> {
    if (this.freezing.has(container)) throw kubeErrors.isFreezing(container);
    this.freezing.add(container);
    let answer: KubeAnswer | undefined;
    try {
      answer = await ask(this.cluster, "POST", path, signal, Infinity);
      const file = texts(at(answer.content, "items"))[0];
      if (answer.status !== 200 || file === undefined)
        throw await freezeRefused(this.cluster, node, container, answer);
      await nameIsPast(file, answer.date);
      return file;
    } finally {
      const free = (): unknown => this.freezing.delete(container);
      // What nobody waits for any more the kubelet may still write, under the name of the second in which it was asked.
      if (answer === undefined) void nameIsPast("", undefined).then(free);
      else free();
    }
  }

  private async freezePod(
    pod: unknown,
    details: Container,
    options: CheckpointOptions,
    work: EngineWork,
  ): Promise<CheckpointResult> {
    const { namespace } = parseId(details.id);
    const { name } = await this.wholePods().freeze(namespace, pod, options.name, work);
    const saved = { kind: "named", id: name } as const;
    const snapshot = newSnapshot(this, details, saved, { ...options, leaveRunning: true });
    return { snapshot, readable: await this.locate(snapshot, work) };
  }

  /** As a new pod: under the name that it had, which `replace` takes from the one that has it, or another. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertMadeBy(this, snapshot);
    const { checkpoint } = snapshot;
    if (checkpoint.kind !== "named") throw engineErrors.cannot(RESTORE_BY_IMAGE);
    const { namespace, pod, name } = parseId(snapshot.container.id);
    const wanted = options.name ?? pod;
    if (!isKubeName(wanted)) throw engineErrors.badName(wanted);
    const place = { namespace, checkpoint: checkpoint.id, pod: wanted };
    await this.wholePods().restore(place, options.replace === true && wanted === pod, work);
    return { container: await this.inspect(`${namespace}/${wanted}/${name}`, work) };
  }

  /** On the node; where this process runs there itself (a cluster of one machine) it may be readable. */
  async locate(snapshot: Snapshot, work: EngineWork = {}): Promise<Readable> {
    assertMadeBy(this, snapshot);
    if (snapshot.checkpoint.kind === "named") {
      const { namespace } = parseId(snapshot.container.id);
      const { node, path } = await this.wholePods().read(namespace, snapshot.checkpoint.id, work);
      return { path: undefined, why: runtimesOwn(node, path) };
    }
    if (snapshot.checkpoint.kind !== "node") throw engineErrors.badSnapshot("checkpoint.kind");
    const { node, path } = snapshot.checkpoint;
    return (await isReadable(path)) ? { path } : { path: undefined, why: onNode(node, path) };
  }

  /** By a short-lived pod on the node, in the namespace of the frozen one and with its container image. */
  async fetch(
    snapshot: Snapshot,
    archive: string,
    work: EngineWork = {},
  ): Promise<{ readonly path: string }> {
    assertMadeBy(this, snapshot);
    if (snapshot.checkpoint.kind === "named")
      throw engineErrors.cannot(runtimesOwn("", snapshot.checkpoint.id));
    if (snapshot.checkpoint.kind !== "node") throw engineErrors.badSnapshot("checkpoint.kind");
    const { namespace } = parseId(snapshot.container.id);
    const { node, path } = snapshot.checkpoint;
    await assertFree(archive);
    const call: AskCluster = async (method, url, body) => {
      const signal = method === "DELETE" ? undefined : work.signal;
      const { status, content } = await ask(this.cluster, method, url, signal, 30_000, body);
      if (status >= 200 && status < 300) return content;
      throw refused(this.cluster, status, content);
    };
    const place = { namespace, node, image: snapshot.container.image };
    await readFromNode(this.cluster, call, place, path, (bytes) =>
      writeWhole(archive, bytes, {
        signal: work.signal,
        onBytes: (count) => work.onProgress?.({ phase: "writing", bytes: count }),
        failed: (cause) =>
          cause instanceof CryoscopeError
            ? cause
            : engineErrors.unreachable(this.cluster.server, reasonOf(cause), cause),
      }),
    );
    return { path: archive };
  }

  /** Of the container's pod: the cluster keeps them as objects of its own. */
  async listCheckpoints(container: string, work: EngineWork = {}): Promise<readonly string[]> {
    const { namespace, pod } = parseId(container);
    return (await this.podCheckpoints?.list(namespace, pod, work)) ?? [];
  }

  async deleteCheckpoint(container: string, checkpoint: string, work: EngineWork = {}): Promise<void> {
    await this.wholePods().remove(parseId(container).namespace, checkpoint, work);
  }

  /** Throws `engine.cannot` where the cluster doesn't offer it (any more). */
  private wholePods(): PodCheckpoints {
    if (this.podCheckpoints === undefined) throw engineErrors.cannot(NO_POD_CHECKPOINTS);
    return this.podCheckpoints;
  }

  remove(): Promise<never> {
    return Promise.reject(
      engineErrors.cannot({
        code: "kubernetes.remove",
        sentence: "A container of a pod can't be removed alone.",
        next: "Delete its pod, or what made it, with kubectl.",
      }),
    );
  }
}

const RESTORE_BY_IMAGE: Advice = {
  code: "kubernetes.restore",
  sentence: "A cluster restores a checkpoint only as a container image.",
  next: "Export the snapshot as a container image, push that with your own tool, and start a pod of it; docs/engines.md has the steps.",
};

const NO_POD_CHECKPOINTS: Advice = {
  code: "kubernetes.podCheckpoints",
  sentence: "This cluster has no PodCheckpoint objects.",
  next: "They need Kubernetes 1.37 or later with the feature gate PodLevelCheckpointRestore.",
};

function runtimesOwn(node: string, path: string): Advice {
  return {
    code: "kubernetes.podCheckpoint",
    sentence: `What the cluster froze of a whole pod is its runtime's own, ${node === "" ? "" : `on the node ${brief(node)}, `}in ${brief(path)} of the kubelet's folder for pod checkpoints.`,
    next: "Restore it; or freeze a single container to read what is in it.",
  };
}

function onNode(node: string, path: string): Advice {
  return {
    code: "kubernetes.onNode",
    sentence: `The checkpoint lies on the node ${brief(node)}, in ${brief(path)}.`,
    next: `Copy it from there: kubectl debug node/${brief(node)} … then kubectl cp, or by SSH.`,
  };
}
