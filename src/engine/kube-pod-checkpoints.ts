// Whole pods, frozen and restored by the cluster itself: PodCheckpoint objects and pods that are restored from them
// (KEP-5823, alpha behind the feature gate PodLevelCheckpointRestore).
import { setTimeout as sleep } from "node:timers/promises";
import { refusalMessage } from "./answers.ts";
import type { EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { at, list, record, text } from "./json.ts";
import { ask, refused } from "./kube-ask.ts";
import type { KubeAnswer } from "./kube-ask.ts";
import type { KubeCluster } from "./kube-client.ts";
import { kubeErrors } from "./kube-errors.ts";
import { isKubeName } from "./kube-pods.ts";

/** An API group that may serve PodCheckpoint objects, and how it names the pod that is to be frozen. */
interface PodCheckpointGroup {
  readonly path: string;
  source(pod: string, uid: string): object;
}

/**
 * The alpha has moved between groups: kubernetes.io's task page for 1.37 has `checkpoint.k8s.io`, the KEP of October 2026
 * `node.k8s.io` with a reference that holds name and uid.
 */
const GROUPS: readonly PodCheckpointGroup[] = [
  { path: "node.k8s.io/v1alpha1", source: (name, uid) => ({ sourcePod: { name, uid } }) },
  {
    path: "checkpoint.k8s.io/v1alpha1",
    source: (name, uid) => ({ sourcePodName: name, sourcePodUID: uid }),
  },
];

/** How a pod says what it is restored from: by name (kubernetes.io, KEP-5823), or by a reference (its API types since). */
const RESTORE_FROM: readonly ((checkpoint: string) => unknown)[] = [
  (checkpoint) => checkpoint,
  (checkpoint) => ({ name: checkpoint }),
];

const STEP = 500;
/** The kubelet ends a checkpoint itself, after 15 s when nobody has set another time; it may have to wait for its turn. */
const FREEZE_STEPS = 1200;
const RESTORE_STEPS = 240;
const GONE_STEPS = 240;
/** Seconds that a pod to be replaced is given to end; its state is not wanted any more. */
const GRACE = 1;

export interface PodCheckpoint {
  readonly name: string;
  /** Where its files lie. */
  readonly node: string;
  /** Below the kubelet's folder for checkpoints of pods. */
  readonly path: string;
}

export interface PodCheckpoints {
  /** Freezes a pod, which runs on. Throws `engine.podNotFrozen`, `engine.mayNotFreezePods`. */
  freeze(namespace: string, pod: unknown, name: string, work: EngineWork): Promise<PodCheckpoint>;
  /** Throws `engine.noSuchCheckpoint`. */
  read(namespace: string, checkpoint: string, work: EngineWork): Promise<PodCheckpoint>;
  /** Names of the finished ones of a pod. */
  list(namespace: string, pod: string, work: EngineWork): Promise<readonly string[]>;
  remove(namespace: string, checkpoint: string, work: EngineWork): Promise<void>;
  /** Starts a pod of this name from it; `replace` removes the one that has it. Throws `engine.podNotRestored`, … */
  restore(
    place: { readonly namespace: string; readonly checkpoint: string; readonly pod: string },
    replace: boolean,
    work: EngineWork,
  ): Promise<void>;
}

/** What the cluster offers; undefined when no API version of it has PodCheckpoint objects. */
export async function findPodCheckpoints(
  cluster: KubeCluster,
  signal: AbortSignal | undefined,
): Promise<PodCheckpoints | undefined> {
  for (const group of GROUPS) {
    const { status, content } = await ask(cluster, "GET", `/apis/${group.path}`, signal, 10_000);
    const has = list(at(content, "resources")).some((one) => text(at(one, "name")) === "podcheckpoints");
    if (status === 200 && has) return podCheckpoints(cluster, group);
  }
  return undefined;
}

function podCheckpoints(cluster: KubeCluster, group: PodCheckpointGroup): PodCheckpoints {
  const objects = (namespace: string): string => `/apis/${group.path}/namespaces/${namespace}/podcheckpoints`;
  const one = (namespace: string, name: string): string => {
    if (!isKubeName(name)) throw engineErrors.noSuchCheckpoint(name, namespace);
    return `${objects(namespace)}/${name}`;
  };
  const call = (
    method: "GET" | "POST" | "DELETE",
    path: string,
    { signal }: EngineWork,
    body?: unknown,
  ): Promise<KubeAnswer> => ask(cluster, method, path, signal, 30_000, body);
  const get = async (namespace: string, name: string, work: EngineWork): Promise<unknown> => {
    const { status, content } = await call("GET", one(namespace, name), work);
    if (status === 404) throw engineErrors.noSuchCheckpoint(name, namespace);
    if (status !== 200) throw refused(cluster, status, content);
    return content;
  };
  const remove = async (namespace: string, name: string, work: EngineWork): Promise<void> => {
    const { status, content } = await call("DELETE", one(namespace, name), work);
    if (status === 404) throw engineErrors.noSuchCheckpoint(name, namespace);
    if (status >= 300) throw refused(cluster, status, content);
  };
  return {
    remove,
    async freeze(namespace, pod, name, work) {
      const source = text(at(pod, "metadata", "name"));
      const body = {
        apiVersion: group.path,
        kind: "PodCheckpoint",
        metadata: { generateName: prefixOf(name), labels: { "app.kubernetes.io/managed-by": "cryoscope" } },
        spec: group.source(source, text(at(pod, "metadata", "uid"))),
      };
      const { status, content } = await call("POST", objects(namespace), work, body);
      if (status === 403) throw kubeErrors.mayNotFreezePods(namespace);
      if (status !== 201) throw refused(cluster, status, content);
      const made = text(at(content, "metadata", "name"));
      try {
        for (let step = 0; step < FREEZE_STEPS; step++) {
          const now = await get(namespace, made, work);
          const ready = conditionOf(now, "Ready");
          if (text(at(ready, "status")) === "True") return toPodCheckpoint(now);
          if (FAILED.includes(text(at(ready, "reason"))))
            throw kubeErrors.podNotFrozen(source, text(at(ready, "message")) || text(at(ready, "reason")));
          await sleep(STEP, undefined, { signal: work.signal });
        }
        throw kubeErrors.podNotFrozen(source, "no kubelet has taken it up within ten minutes");
      } catch (error) {
        // Also when the user has left: nobody would look for it.
        await remove(namespace, made, {}).catch(() => undefined);
        throw work.signal?.aborted ? work.signal.reason : error;
      }
    },
    async read(namespace, checkpoint, work) {
      return toPodCheckpoint(await get(namespace, checkpoint, work));
    },
    async list(namespace, pod, work) {
      const { status, content } = await call("GET", objects(namespace), work);
      if (status !== 200) throw refused(cluster, status, content);
      return list(at(content, "items"))
        .filter((item) => text(at(conditionOf(item, "Ready"), "status")) === "True")
        .filter((item) =>
          [at(item, "spec", "sourcePodName"), at(item, "spec", "sourcePod", "name")].includes(pod),
        )
        .map((item) => text(at(item, "metadata", "name")));
    },
    async restore({ namespace, checkpoint, pod }, replace, work) {
      const template = at(await get(namespace, checkpoint, work), "status", "checkpointedPodTemplate");
      if (at(template, "spec") === undefined) throw engineErrors.notACheckpoint(checkpoint);
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const read = (): Promise<KubeAnswer> => call("GET", `${pods}/${pod}`, work);
      const standing = await read();
      if (standing.status === 200) {
        if (!replace)
          throw text(at(standing.content, "status", "phase")) === "Running"
            ? engineErrors.stillRunning(pod)
            : engineErrors.nameInUse(pod);
        work.onProgress?.({ phase: "stopping" });
        await call("DELETE", `${pods}/${pod}?gracePeriodSeconds=${GRACE}`, work);
        await until(
          GONE_STEPS,
          work,
          async () => (await read()).status === 404,
          () => engineErrors.nameInUse(pod),
        );
      }
      work.onProgress?.({ phase: "restoring" });
      await create(pods, pod, template, checkpoint, work);
      let why = "it didn't start within two minutes";
      await until(
        RESTORE_STEPS,
        work,
        async () => {
          const { content } = await read();
          const phase = text(at(content, "status", "phase"));
          if (phase === "Failed" || phase === "Succeeded")
            throw kubeErrors.podNotRestored(pod, "it ended at once");
          why = restoreTrouble(content) || why;
          return phase === "Running";
        },
        () => kubeErrors.podNotRestored(pod, why),
      );
    },
  };

  async function create(
    pods: string,
    pod: string,
    template: unknown,
    checkpoint: string,
    work: EngineWork,
  ): Promise<void> {
    const { labels, annotations } = record(at(template, "metadata"));
    const metadata = { name: pod, labels, annotations };
    let answer: KubeAnswer | undefined;
    for (const restoreFrom of RESTORE_FROM) {
      const spec = { ...record(at(template, "spec")), restoreFrom: restoreFrom(checkpoint) };
      answer = await call("POST", pods, work, { apiVersion: "v1", kind: "Pod", metadata, spec });
      if (answer.status === 201) return;
      // 400 is what isn't read at all: another version's form of the field.
      if (answer.status !== 400) break;
    }
    if (answer?.status === 403) throw kubeErrors.mayNotRestorePods(checkpoint, refusalMessage(answer));
    throw refused(cluster, answer?.status ?? 0, answer?.content);
  }
}

/** Reasons of the condition `Ready` that nothing follows on (KEP-5823). */
const FAILED = ["CheckpointFailed", "SourcePodReplaced"];

function conditionOf(object: unknown, type: string): unknown {
  return list(at(object, "status", "conditions")).find((one) => text(at(one, "type")) === type);
}

/** What the kubelet says of a restore that it will try again. */
function restoreTrouble(pod: unknown): string {
  const condition = [conditionOf(pod, "PodRestored"), conditionOf(pod, "Restoring")].find(
    (one) => text(at(one, "status")) === "False",
  );
  return text(at(condition, "message")) || text(at(condition, "reason"));
}

function toPodCheckpoint(object: unknown): PodCheckpoint {
  return {
    name: text(at(object, "metadata", "name")),
    node: text(at(object, "status", "nodeName")),
    path: text(at(object, "status", "checkpointLocation", "nodeLocal", "path")),
  };
}

/** What the API server puts a suffix behind: a name of at most 63 characters for both. */
function prefixOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 50);
  return `${plain === "" ? "cryoscope" : plain}-`;
}

async function until(
  steps: number,
  { signal }: EngineWork,
  done: () => Promise<boolean>,
  tooLong: () => Error,
): Promise<void> {
  for (let step = 0; step < steps; step++) {
    if (await done()) return;
    await sleep(STEP, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
  throw tooLong();
}
