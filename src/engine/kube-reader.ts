// Reads an archive off a node of a cluster: a short-lived pod there has the kubelet's folder mounted, read-only.
import { posix } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { engineErrors } from "./errors.ts";
import { at, list, text } from "./json.ts";
import type { KubeCluster } from "./kube-client.ts";

export interface ReaderPlace {
  readonly namespace: string;
  readonly node: string;
  /** A container image with `sleep` and `cat`; that of the frozen container is on the node already. */
  readonly image: string;
}

/** Asks the API server and gives the parsed answer. Throws `engine.refused` and the like. */
export type AskCluster = (
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
) => Promise<unknown>;

const NAME = "reader";
/** The pod ends by itself after this, whatever becomes of us. */
const LIFE_SECONDS = 1800;
const STARTS = 120;
const STEP = 500;

/** Gives the file's bytes to `use`, then removes the pod. Throws `engine.commandFailed` when the image has no `cat`. */
export async function readFromNode<T>(
  cluster: KubeCluster,
  ask: AskCluster,
  place: ReaderPlace,
  file: string,
  use: (bytes: Readable) => Promise<T>,
): Promise<T> {
  const pods = `/api/v1/namespaces/${place.namespace}/pods`;
  const made = await ask("POST", pods, manifest(place, posix.dirname(file)));
  const pod = text(at(made, "metadata", "name"));
  if (pod === "") throw engineErrors.badAnswer(cluster.server, "the pod has no name");
  try {
    await running(ask, `${pods}/${pod}`);
    const where = { namespace: place.namespace, pod, container: NAME };
    const bytes = await cluster.output(where, ["cat", `/checkpoints/${posix.basename(file)}`]);
    try {
      if (bytes.errored) throw bytes.errored;
      return await use(bytes);
    } finally {
      bytes.destroy();
    }
  } finally {
    // It must go, also when the user has left; it ends by itself if this fails.
    await ask("DELETE", `${pods}/${pod}?gracePeriodSeconds=0`).catch(() => undefined);
  }
}

async function running(ask: AskCluster, path: string): Promise<void> {
  for (let attempt = 0; attempt < STARTS; attempt++) {
    const pod = await ask("GET", path);
    const phase = text(at(pod, "status", "phase"));
    if (phase === "Running") return;
    const why = text(at(list(at(pod, "status", "containerStatuses"))[0], "state", "waiting", "message"));
    if (phase === "Failed" || phase === "Succeeded" || why !== "")
      throw engineErrors.commandFailed("The pod that reads the archive", why === "" ? "it ended" : why);
    await sleep(STEP);
  }
  throw engineErrors.commandFailed("The pod that reads the archive", "it didn't start within a minute");
}

function manifest({ node, image }: ReaderPlace, folder: string): unknown {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "cryoscope-reader-", labels: { "app.kubernetes.io/managed-by": "cryoscope" } },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      activeDeadlineSeconds: LIFE_SECONDS,
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: NAME,
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["sleep", String(LIFE_SECONDS)],
          // The kubelet's archives are root's alone.
          securityContext: {
            runAsUser: 0,
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
          volumeMounts: [{ name: "checkpoints", mountPath: "/checkpoints", readOnly: true }],
        },
      ],
      volumes: [{ name: "checkpoints", hostPath: { path: folder, type: "Directory" } }],
    },
  };
}
