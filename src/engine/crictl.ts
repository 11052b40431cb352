// CRI-O, containerd and what else speaks Kubernetes' CRI, by crictl on its node: what the kubelet does, without a cluster.
import { isAbsolute } from "node:path";
import { criuError, logNamedIn, runtimeWords } from "./checkpoint-folder.ts";
import type {
  Advice,
  Capability,
  CheckpointOptions,
  CheckpointResult,
  Container,
  ContainerDetails,
  ContainerState,
  Engine,
  EngineWork,
  Readable,
} from "./engine.ts";
import { brief, engineErrors } from "./errors.ts";
import { isReadable, throughDraft } from "./files.ts";
import { at, list, parseJson, text, texts, whole } from "./json.ts";
import { isOnPath, rootCapability } from "./machine.ts";
import { archiveGone } from "./podman-rules.ts";
import type { Machine, ProgramDriver } from "./program-driver.ts";
import { readyToFreeze } from "./ready.ts";
import type { RunResult } from "./run-command.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, newSnapshot } from "./snapshots.ts";

const SOCKET = "/run/crio/crio.sock";
/** Where crictl itself looks when it isn't told (its docs/crictl.md), and k3s. */
const SOCKETS = [SOCKET, "/run/containerd/containerd.sock", "/run/k3s/containerd/containerd.sock"];

/** `crictl:///run/crio/crio.sock`; without a path, that one. */
export const crictlDriver: ProgramDriver = {
  kind: "crictl",
  async usual(machine) {
    if (machine.uid !== 0 || !(await isOnPath("crictl", machine))) return [];
    const found = await Promise.all(SOCKETS.map(isReadable));
    return SOCKETS.filter((_, index) => found[index]).map((socket) => `crictl://${socket}`);
  },
  async connect(path, machine, signal) {
    const socket = path === "" ? SOCKET : path;
    const address = `crictl://${socket}`;
    if (!isAbsolute(socket)) throw engineErrors.badAddress(`crictl://${path}`);
    const args = ["--runtime-endpoint", `unix://${socket}`, "version"];
    const { code, stdout, stderr } = await machine.run("crictl", args, { signal, timeout: 10_000 });
    const name = /^RuntimeName:\s+(\S+)/m.exec(stdout)?.[1] ?? "";
    const version = /^RuntimeVersion:\s+(\S+)/m.exec(stdout)?.[1] ?? "";
    if (code === 0 && version !== "") return new CriRuntime(name, version, socket, machine);
    const why = UNREACHABLE.find(([words]) => stderr.includes(words))?.[1];
    throw why?.(address) ?? engineErrors.commandFailed("crictl", runtimeWords(stderr));
  },
};

/** What crictl says of a socket that no CRI runtime answers at (the words are gRPC's for Go). */
const UNREACHABLE: readonly (readonly [words: string, error: (address: string) => Error])[] = [
  ["connect: no such file or directory", engineErrors.noSocket],
  ["connect: connection refused", engineErrors.refusedConnection],
  ["connect: permission denied", engineErrors.permission],
  // Docker's containerd has its CRI plugin switched off.
  ["unknown service runtime.v1.RuntimeService", engineErrors.noCri],
];

class CriRuntime implements Engine {
  readonly kind = "crictl";
  readonly name: string;
  readonly endpoint: string;
  readonly host = "127.0.0.1";
  readonly capabilities: Engine["capabilities"];

  constructor(
    runtime: string,
    readonly version: string,
    private readonly socket: string,
    private readonly machine: Machine,
  ) {
    // Its CRI answers CheckpointContainer with "not implemented" before 2.0.
    const able: Capability =
      runtime === "containerd" && /^1\./.test(version)
        ? { can: false, ...tooOld(version, socket) }
        : rootCapability("crictl", machine);
    this.name = runtime === "cri-o" ? `CRI-O ${brief(version)}` : `${brief(runtime)} ${brief(version)} (CRI)`;
    this.endpoint = `crictl://${socket}`;
    this.capabilities = {
      checkpoint: able,
      restore: { can: false, ...RESTORE_BY_POD },
      keepsCheckpoints: false,
      archives: true,
      folders: false,
      containerImages: false,
      preCheckpoints: false,
      lists: "containers",
      checkpointOptions: [],
      restoreOptions: [],
    };
  }

  async list(work: EngineWork = {}): Promise<readonly Container[]> {
    const { stdout } = await this.must(LIST, work);
    return list(at(parseJson(stdout), "containers")).map(toContainer);
  }

  /** Of a container's pod. containerd names a network namespace in the container's own specification in any case. */
  private async network(
    pod: string,
    work: EngineWork,
  ): Promise<Pick<ContainerDetails, "networkMode" | "addresses">> {
    const { code, stdout } = await this.crictl(["inspectp", "--output", "json", pod], work);
    const status = at(parseJson(code === 0 ? stdout : ""), "status");
    const ip = text(at(status, "network", "ip"));
    const more = list(at(status, "network", "additionalIps")).map((one) => text(at(one, "ip")));
    const isHost = text(at(status, "linux", "namespaces", "options", "network")) === "NODE";
    return {
      networkMode: isHost ? "host" : "pod",
      addresses: [ip, ...more].filter((address) => address !== ""),
    };
  }

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    const all = list(at(parseJson((await this.must(LIST, work)).stdout), "containers"));
    const named = all.filter((one) => [text(at(one, "id")), toContainer(one).name].includes(container));
    // A container that the kubelet started anew stands there with its earlier attempts.
    const item = named.find((one) => toContainer(one).state === "running") ?? named[0];
    if (item === undefined) throw engineErrors.noSuchContainer(container);
    const found = toContainer(item);
    const { stdout } = await this.must(["inspect", "--output", "json", found.id], work);
    const info = parseJson(stdout);
    const spec = at(info, "info", "runtimeSpec");
    const network = await this.network(text(at(item, "podSandboxId")), work);
    const pid = whole(at(info, "info", "pid"));
    return {
      ...found,
      command: texts(at(spec, "process", "args")).join(" "),
      pid: pid === 0 ? undefined : pid,
      argv: texts(at(spec, "process", "args")),
      environment: texts(at(spec, "process", "env")),
      workingDirectory: text(at(spec, "process", "cwd")),
      tty: at(spec, "process", "terminal") === true,
      ...network,
      ports: [],
      mounts: list(at(info, "status", "mounts")).map((mount) => ({
        source: text(at(mount, "hostPath")),
        destination: text(at(mount, "containerPath")),
      })),
      exitCode: found.state === "exited" ? whole(at(info, "status", "exitCode")) : undefined,
      warnings: [],
    };
  }

  /** The runtime writes an archive and lets the container run on, always (CRI's CheckpointContainer). */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    const { details, place: archive } = await readyToFreeze(this, container, options, work);
    work.onProgress?.({ phase: "freezing" });
    // The runtime makes a container image of names that don't look like a path of a tar.
    await throughDraft(archive, async (draft) => {
      const result = await this.crictl(["checkpoint", `--export=${draft}`, details.id], {}, Infinity);
      if (result.code !== 0) throw await criuError("freeze", logNamedIn(result.stderr), result);
    });
    const saved = { kind: "archive", path: archive } as const;
    const snapshot = newSnapshot(this, details, saved, { ...options, leaveRunning: true });
    return { snapshot, readable: await this.locate(snapshot) };
  }

  restore(): Promise<never> {
    return Promise.reject(engineErrors.cannot(RESTORE_BY_POD));
  }

  async locate(snapshot: Snapshot): Promise<Readable> {
    assertMadeBy(this, snapshot);
    if (snapshot.checkpoint.kind !== "archive") throw engineErrors.badSnapshot("checkpoint.kind");
    const { path } = snapshot.checkpoint;
    return (await isReadable(path)) ? { path } : { path: undefined, why: archiveGone(path) };
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const { id } = await this.inspect(container, work);
    await this.must(["rm", "--force", id], work);
  }

  private crictl(args: readonly string[], { signal }: EngineWork, timeout = 30_000): Promise<RunResult> {
    const all = ["--runtime-endpoint", `unix://${this.socket}`, "--timeout", "600s", ...args];
    return this.machine.run("crictl", all, { signal, timeout });
  }

  private async must(args: readonly string[], work: EngineWork): Promise<RunResult> {
    const result = await this.crictl(args, work);
    if (result.code === 0) return result;
    throw engineErrors.commandFailed("crictl", runtimeWords(result.stderr));
  }
}

const LIST = ["ps", "--all", "--output", "json"];

const STATES: Readonly<Record<string, ContainerState>> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
};

/** One of `crictl ps --output json`: a runtime.v1.Container. */
function toContainer(item: unknown): Container {
  const state = text(at(item, "state"));
  const pod = text(at(item, "labels", "io.kubernetes.pod.name"));
  const namespace = text(at(item, "labels", "io.kubernetes.pod.namespace"));
  const name = text(at(item, "metadata", "name"));
  return {
    id: text(at(item, "id")),
    name: pod === "" ? name : `${pod}/${name}`,
    image: text(at(item, "image", "userSpecifiedImage")) || text(at(item, "image", "image")),
    state: (Object.hasOwn(STATES, state) ? STATES[state] : undefined) ?? "unknown",
    status: namespace,
    command: "",
  };
}

const RESTORE_BY_POD: Advice = {
  code: "crictl.restore",
  sentence: "A CRI runtime restores a checkpoint only when a pod is started of it.",
  next: "Export the snapshot as a container image, and start a pod of that; docs/engines.md has the steps.",
};

function tooOld(version: string, socket: string): Advice {
  return {
    code: "crictl.notImplemented",
    sentence: `containerd ${brief(version)} can't freeze through CRI.`,
    next: `Update it to 2.1 or later, or freeze by its own address: containerd://${socket}.`,
  };
}
