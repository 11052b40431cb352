// Pods of a cluster and the containers in them.
import { refusalMessage } from "./answers.ts";
import type { Container, ContainerState, EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { at, list, text, texts } from "./json.ts";
import { ask, refused } from "./kube-ask.ts";
import type { KubeCluster } from "./kube-client.ts";
import { kubeErrors } from "./kube-errors.ts";

/** Longer lists of pods are cut; each page has this many. */
const PAGE = 500;
const MAX_PAGES = 100;

/** The characters of equality and set-based selectors; the server checks the rest. */
const SELECTOR = /^[\w./=!, ()-]{1,1000}$/;

/** The containers of all pods, or of those that a label selector picks, page by page. Throws `engine.badSelector`. */
export async function listContainers(
  cluster: KubeCluster,
  selector: string | undefined,
  { signal }: EngineWork,
): Promise<readonly Container[]> {
  if (selector !== undefined && !SELECTOR.test(selector))
    throw kubeErrors.badSelector(selector, "it has characters that none may have");
  const query = selector === undefined ? "" : `&labelSelector=${encodeURIComponent(selector)}`;
  const all: Container[] = [];
  let next = "";
  for (let page = 0; page < MAX_PAGES; page++) {
    const more = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
    const path = `/api/v1/pods?limit=${PAGE}${query}${more}`;
    const { status, content } = await ask(cluster, "GET", path, signal, 30_000);
    if (status === 400 && selector !== undefined)
      throw kubeErrors.badSelector(selector, refusalMessage({ content }));
    if (status !== 200) throw refused(cluster, status, content);
    all.push(...list(at(content, "items")).flatMap(containersOf));
    next = text(at(content, "metadata", "continue"));
    if (next === "") break;
  }
  return all;
}

/** A pod as the API gives it. Throws `engine.noSuchContainer`. */
export async function readPod(
  cluster: KubeCluster,
  namespace: string,
  pod: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const { status, content } = await ask(cluster, "GET", path, signal, 30_000);
  if (status === 404) throw engineErrors.noSuchContainer(`${namespace}/${pod}`);
  if (status !== 200) throw refused(cluster, status, content);
  return content;
}

/** The rules of names: RFC 1123 labels and subdomains. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export const isKubeName = (name: string): boolean => NAME.test(name);

/** `NAMESPACE/POD/CONTAINER`, as this engine names its containers. Throws `engine.noSuchContainer`. */
export function parseId(id: string): {
  readonly namespace: string;
  readonly pod: string;
  readonly name: string;
} {
  const [namespace = "", pod = "", name = "", ...rest] = id.split("/");
  if (rest.length > 0 || ![namespace, pod, name].every(isKubeName)) throw engineErrors.noSuchContainer(id);
  return { namespace, pod, name };
}

/** The containers of a pod as the API gives it. */
export function containersOf(pod: unknown): readonly Container[] {
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
