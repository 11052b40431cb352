// What ctr prints: ids, tasks, containers.
import type { Container, ContainerState } from "./engine.ts";
import { runtimeWords } from "./checkpoint-folder.ts";
import { engineErrors } from "./errors.ts";
import { at, text, texts } from "./json.ts";

/** containerd's rule for namespaces and ids (pkg/identifiers); the first character keeps it from being an option. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** `NAMESPACE/ID`, as this engine names its containers. Throws `engine.noSuchContainer`. */
export function parseId(container: string): { readonly namespace: string; readonly id: string } {
  const [namespace = "", id = "", ...rest] = container.split("/");
  if (rest.length > 0 || !NAME.test(namespace) || !NAME.test(id))
    throw engineErrors.noSuchContainer(container);
  return { namespace, id };
}

export const isName = (name: string): boolean => NAME.test(name);

export const words = (output: string): readonly string[] => output.split(/\s+/).filter((word) => word !== "");

/** `ctr: words`, after warnings of its own. */
export function wordsOf(stderr: string): string {
  return runtimeWords(stderr).replace(/^ctr: /, "");
}

export interface Task {
  readonly pid: number;
  readonly state: ContainerState;
}

const STATES: Readonly<Record<string, ContainerState>> = {
  CREATED: "created",
  RUNNING: "running",
  STOPPED: "exited",
  PAUSED: "paused",
  PAUSING: "paused",
};

/** Lines of `TASK PID STATUS`. */
export function parseTasks(output: string): ReadonlyMap<string, Task> {
  return new Map(
    output.split("\n").flatMap((line) => {
      const [id, pid = "", status = ""] = line.trim().split(/\s+/);
      if (id === undefined || !/^\d{1,10}$/.test(pid)) return [];
      const state = (Object.hasOwn(STATES, status) ? STATES[status] : undefined) ?? "unknown";
      return [[id, { pid: Number(pid), state }]];
    }),
  );
}

/** Of `ctr containers info`. */
export function toContainer(
  namespace: string,
  id: string,
  info: unknown,
  state: ContainerState = "created",
): Container {
  const labels = at(info, "Labels");
  const pod = text(at(labels, "io.kubernetes.pod.name"));
  const inPod = text(at(labels, "io.kubernetes.container.name"));
  // Who started it gave it a name that people know it by.
  const name = text(at(labels, "nerdctl/name")) || (pod === "" ? "" : `${pod}/${inPod || "sandbox"}`) || id;
  return {
    id: `${namespace}/${id}`,
    name,
    image: text(at(info, "Image")),
    state,
    status: `${state}, namespace ${namespace}`,
    command: texts(at(info, "Spec", "process", "args")).join(" "),
  };
}
