// Kubernetes: containers of a cluster, frozen by the kubelet of their node through the API server.
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Advice,
  CheckpointOptions,
  CheckpointResult,
  Container,
  ContainerDetails,
  ContainerState,
  Engine,
  EngineWork,
  Readable,
} from "./engine.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { refusalMessage } from "./answers.ts";
import { brief, engineErrors, reasonOf } from "./errors.ts";
import { assertFree, isReadable, writeWhole } from "./files.ts";
import { at, list, parseJson, text, texts } from "./json.ts";
import type { KubeCluster } from "./kube-client.ts";
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
    if (cluster === undefined) throw engineErrors.noContext(context);
    const { content, status } = await ask(cluster, "GET", "/version", signal, 10_000);
    const version = text(at(content, "gitVersion"));
    if (status !== 200 || version === "") throw refused(cluster, status, content);
    return new Kubernetes(cluster, version);
  },
};

/** Longer lists of pods are cut; each page has this many. */
const PAGE = 500;
const MAX_PAGES = 100;
const MAX_ANSWER = 64 * 1024 * 1024;
/** KEP-2008: the kubelet's own limit for a checkpoint, in seconds; 0 is its default. */
const KUBELET_TIMEOUT = 600;

class Kubernetes implements Engine {
  readonly kind = "kubernetes";
  readonly name: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];

  constructor(
    private readonly cluster: KubeCluster,
    readonly version: string,
  ) {
    this.name = `Kubernetes ${brief(version.replace(/^v/, ""))} (${brief(cluster.context)})`;
    this.endpoint = `kubernetes://${encodeURIComponent(cluster.context)}`;
    this.host = new URL(cluster.server).hostname;
    this.capabilities = {
      checkpoint: { can: true },
      restore: { can: false, ...RESTORE_BY_IMAGE },
      keepsCheckpoints: false,
      archives: false,
      folders: false,
      containerImages: false,
      preCheckpoints: false,
      lists: "containers",
      checkpointOptions: [],
      restoreOptions: [],
    };
  }

  list(work: EngineWork = {}): Promise<readonly Container[]> {
    return this.pods("", work);
  }

  select(selector: string, work: EngineWork = {}): Promise<readonly Container[]> {
    // Equality and set-based selectors; the server checks the rest.
    if (!/^[\w./=!, ()-]{1,1000}$/.test(selector)) throw engineErrors.badSelector(selector);
    return this.pods(`&labelSelector=${encodeURIComponent(selector)}`, work);
  }

  async inspect(container: string, { signal }: EngineWork = {}): Promise<ContainerDetails> {
    const { namespace, pod, name } = parseId(container);
    const found = await this.pod(namespace, pod, signal);
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

  /** The kubelet writes an archive on the container's node and lets the container run on, always. */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    assertName(options.name);
    const { namespace, pod, name } = parseId(container);
    const found = await this.pod(namespace, pod, work.signal);
    const details = containersOf(found).find((one) => one.name === `${pod}/${name}`);
    const node = text(at(found, "spec", "nodeName"));
    if (details?.state !== "running" || node === "") throw engineErrors.notRunning(container);
    work.onProgress?.({ phase: "freezing" });
    const kubelet = `/api/v1/nodes/${encodeURIComponent(node)}/proxy/checkpoint`;
    const path = `${kubelet}/${namespace}/${pod}/${name}?timeout=${KUBELET_TIMEOUT}`;
    const { status, content } = await ask(this.cluster, "POST", path, work.signal, Infinity);
    const file = texts(at(content, "items"))[0];
    if (status === 404) throw engineErrors.noCheckpointApi(node, refusalMessage({ content }));
    if (status === 401 || status === 403) throw engineErrors.mayNotCheckpoint(node);
    if (status !== 200 || file === undefined) throw refused(this.cluster, status, content);
    const saved = { kind: "node", node, path: file } as const;
    const snapshot = newSnapshot(this, details, saved, { ...options, leaveRunning: true });
    return { snapshot, readable: await this.locate(snapshot) };
  }

  restore(): Promise<never> {
    return Promise.reject(engineErrors.cannot(RESTORE_BY_IMAGE));
  }

  /** On the node; where this process runs there itself (a cluster of one machine) it may be readable. */
  async locate(snapshot: Snapshot): Promise<Readable> {
    assertMadeBy(this.kind, this.name, snapshot);
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
    assertMadeBy(this.kind, this.name, snapshot);
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

  remove(): Promise<never> {
    return Promise.reject(
      engineErrors.cannot({
        code: "kubernetes.remove",
        sentence: "A container of a pod can't be removed alone.",
        next: "Delete its pod, or what made it, with kubectl.",
      }),
    );
  }

  private async pods(query: string, { signal }: EngineWork): Promise<readonly Container[]> {
    const all: Container[] = [];
    let next = "";
    for (let page = 0; page < MAX_PAGES; page++) {
      const more = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
      const path = `/api/v1/pods?limit=${PAGE}${query}${more}`;
      const { status, content } = await ask(this.cluster, "GET", path, signal, 30_000);
      if (status !== 200) throw refused(this.cluster, status, content);
      all.push(...list(at(content, "items")).flatMap(containersOf));
      next = text(at(content, "metadata", "continue"));
      if (next === "") break;
    }
    return all;
  }

  private async pod(namespace: string, pod: string, signal: AbortSignal | undefined): Promise<unknown> {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
    const { status, content } = await ask(this.cluster, "GET", path, signal, 30_000);
    if (status === 404) throw engineErrors.noSuchContainer(`${namespace}/${pod}`);
    if (status !== 200) throw refused(this.cluster, status, content);
    return content;
  }
}

/** The rules of names: RFC 1123 labels and subdomains. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

function parseId(id: string): { readonly namespace: string; readonly pod: string; readonly name: string } {
  const [namespace = "", pod = "", name = "", ...rest] = id.split("/");
  if (rest.length > 0 || ![namespace, pod, name].every((part) => NAME.test(part)))
    throw engineErrors.noSuchContainer(id);
  return { namespace, pod, name };
}

function containersOf(pod: unknown): readonly Container[] {
  const namespace = text(at(pod, "metadata", "namespace"));
  const podName = text(at(pod, "metadata", "name"));
  const statuses = list(at(pod, "status", "containerStatuses"));
  return list(at(pod, "spec", "containers")).map((spec) => {
    const name = text(at(spec, "name"));
    const state = at(
      statuses.find((one) => text(at(one, "name")) === name),
      "state",
    );
    const node = text(at(pod, "spec", "nodeName"));
    return {
      id: `${namespace}/${podName}/${name}`,
      name: `${podName}/${name}`,
      image: text(at(spec, "image")),
      state: stateOf(state),
      status: node === "" ? namespace : `${namespace}, on ${node}`,
      command: [...texts(at(spec, "command")), ...texts(at(spec, "args"))].join(" "),
    };
  });
}

function stateOf(state: unknown): ContainerState {
  if (at(state, "running") !== undefined) return "running";
  if (at(state, "terminated") !== undefined) return "exited";
  return at(state, "waiting") === undefined ? "unknown" : "created";
}

interface KubeAnswer {
  readonly status: number;
  /** Parsed when it is JSON, else the text. */
  readonly content: unknown;
}

/** Asks the API server. Throws `engine.unreachable`, `engine.timeout`, and the signal's reason. */
async function ask(
  cluster: KubeCluster,
  method: "GET" | "POST" | "DELETE",
  path: string,
  signal: AbortSignal | undefined,
  timeout: number,
  body?: unknown,
): Promise<KubeAnswer> {
  const done = new AbortController();
  const either = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  if (Number.isFinite(timeout))
    void sleep(timeout, undefined, { signal: either, ref: false }).then(
      () => {
        done.abort(engineErrors.timeout(cluster.server, timeout));
      },
      () => undefined,
    );
  try {
    const answer = await cluster.send({ method, path, body, signal: either });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer) {
      // Without an encoding a message gives Buffers.
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MAX_ANSWER) throw engineErrors.badAnswer(cluster.server, "it is longer than 64 MiB");
    }
    const said = Buffer.concat(chunks).toString("utf8");
    return { status: answer.statusCode ?? 0, content: parseJson(said) ?? said };
  } catch (error) {
    if (either.aborted) throw either.reason;
    if (error instanceof Error && error.name === "CryoscopeError") throw error;
    throw engineErrors.unreachable(cluster.server, reasonOf(error), error);
  } finally {
    done.abort();
  }
}

function refused(cluster: KubeCluster, status: number, content: unknown): Error {
  if (status === 401) return engineErrors.notSignedIn(cluster.context);
  return engineErrors.refused(status, refusalMessage({ content }));
}

const RESTORE_BY_IMAGE: Advice = {
  code: "kubernetes.restore",
  sentence: "A cluster restores a checkpoint only as a container image.",
  next: "Make one of the archive (buildah, with the annotation that the node's runtime wants), push it, and start a pod of it; docs/engines.md has the steps.",
};

function onNode(node: string, path: string): Advice {
  return {
    code: "kubernetes.onNode",
    sentence: `The checkpoint lies on the node ${brief(node)}, in ${brief(path)}.`,
    next: `Copy it from there: kubectl debug node/${brief(node)} … then kubectl cp, or by SSH.`,
  };
}
