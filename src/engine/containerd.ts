// containerd by its own command line, ctr: the containers of all its namespaces, also those that nerdctl and Kubernetes
// started. What it freezes is an index in its content store, exported here as an archive.
import { dirname, isAbsolute, join } from "node:path";
import { criuError } from "./checkpoint-folder.ts";
import { shimLogs, taskFolders } from "./criu-log-places.ts";
import { tellingPhases } from "./criu-phases.ts";
import type { LogPlaces } from "./criu-phases.ts";
import { isName, parseId, parseTasks, toContainer, words, wordsOf } from "./ctr-output.ts";
import type {
  Capability,
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
import { brief, engineErrors } from "./errors.ts";
import { isReadable, openTar, throughDraft } from "./files.ts";
import { at, list, parseJson, text, texts } from "./json.ts";
import { isOnPath, rootCapability } from "./machine.ts";
import { archiveGone } from "./podman-rules.ts";
import type { Machine, ProgramDriver } from "./program-driver.ts";
import { assertRestorable, readyToFreeze } from "./ready.ts";
import type { RunResult } from "./run-command.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, newSnapshot } from "./snapshots.ts";

const SOCKET = "/run/containerd/containerd.sock";
/** Docker's own containers: it would not know that they were frozen or restored behind its back. */
const DOCKERS = "moby";

/** `containerd:///run/containerd/containerd.sock`; without a path, that one. */
export const containerdDriver: ProgramDriver = {
  kind: "containerd",
  usual: async (machine) =>
    machine.uid === 0 && (await isOnPath("ctr", machine)) && (await isReadable(SOCKET))
      ? [`containerd://${SOCKET}`]
      : [],
  async connect(path, machine, signal) {
    const socket = path === "" ? SOCKET : path;
    if (!isAbsolute(socket)) throw engineErrors.badAddress(`containerd://${path}`);
    const args = ["--address", socket, "--connect-timeout", "5s", "version"];
    const { code, stdout, stderr } = await machine.run("ctr", args, { signal, timeout: 10_000 });
    const version = /^Server:\s*^\s*Version:\s*(\S+)/m.exec(stdout)?.[1] ?? "";
    if (code !== 0 || version === "")
      throw /dial|no such file|connection/i.test(stderr)
        ? engineErrors.refusedConnection(`containerd://${socket}`)
        : engineErrors.commandFailed("ctr", wordsOf(stderr));
    return new Containerd(version.replace(/^v/, ""), socket, machine);
  },
};

class Containerd implements Engine {
  readonly kind = "containerd";
  readonly name: string;
  readonly endpoint: string;
  readonly host = "127.0.0.1";
  readonly capabilities: Engine["capabilities"];

  constructor(
    readonly version: string,
    private readonly socket: string,
    private readonly machine: Machine,
  ) {
    const able: Capability = rootCapability("containerd", machine);
    this.name = `containerd ${brief(version)}`;
    this.endpoint = `containerd://${socket}`;
    this.capabilities = {
      checkpoint: able,
      restore: able,
      keepsCheckpoints: false,
      archives: true,
      folders: false,
      containerImages: false,
      preCheckpoints: false,
      lists: "containers",
      // ctr has none of CRIU's switches, and always lets the container run on.
      checkpointOptions: [],
      restoreOptions: ["replace"],
    };
  }

  async list(work: EngineWork = {}): Promise<readonly Container[]> {
    const { stdout } = await this.must(["namespaces", "list", "--quiet"], work);
    const all: Container[] = [];
    for (const namespace of words(stdout))
      if (namespace !== DOCKERS && isName(namespace)) all.push(...(await this.inNamespace(namespace, work)));
    return all;
  }

  private async inNamespace(namespace: string, work: EngineWork): Promise<readonly Container[]> {
    const here = ["--namespace", namespace];
    const ids = words((await this.must([...here, "containers", "list", "--quiet"], work)).stdout);
    if (ids.length === 0) return [];
    const tasks = parseTasks((await this.must([...here, "tasks", "list"], work)).stdout);
    const found: Container[] = [];
    for (const id of ids.filter((one) => isName(one))) {
      const info = await this.ctr([...here, "containers", "info", id], work);
      // It may have ended between the two.
      if (info.code === 0)
        found.push(toContainer(namespace, id, parseJson(info.stdout), tasks.get(id)?.state));
    }
    return found;
  }

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    const { namespace, id } = parseId(container);
    const here = ["--namespace", namespace];
    const { code, stdout, stderr } = await this.ctr([...here, "containers", "info", id], work);
    if (code !== 0)
      throw /not found/.test(stderr)
        ? engineErrors.noSuchContainer(container)
        : engineErrors.commandFailed("ctr", wordsOf(stderr));
    const info = parseJson(stdout);
    const spec = at(info, "Spec");
    const task = parseTasks((await this.must([...here, "tasks", "list"], work)).stdout).get(id);
    const network = list(at(spec, "linux", "namespaces")).find((one) => at(one, "type") === "network");
    return {
      ...toContainer(namespace, id, info, task?.state),
      pid: task?.state === "running" || task?.state === "paused" ? task.pid : undefined,
      argv: texts(at(spec, "process", "args")),
      environment: texts(at(spec, "process", "env")),
      workingDirectory: text(at(spec, "process", "cwd")),
      tty: at(spec, "process", "terminal") === true,
      networkMode: network === undefined ? "host" : text(at(network, "path")) || "private",
      addresses: [],
      ports: [],
      mounts: list(at(spec, "mounts"))
        .filter((mount) => texts(at(mount, "options")).some((option) => option.endsWith("bind")))
        .map((mount) => ({ source: text(at(mount, "source")), destination: text(at(mount, "destination")) })),
      exitCode: undefined,
      warnings: [],
    };
  }

  /** With the files that it changed and its container image, so that the archive restores anywhere. It runs on. */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    const { details, place: archive } = await readyToFreeze(this, container, options, work);
    const { namespace, id } = parseId(details.id);
    const saved = { kind: "archive", path: archive } as const;
    const snapshot = newSnapshot(this, details, saved, { ...options, leaveRunning: true });
    const reference = referenceOf(snapshot);
    const here = ["--namespace", namespace];
    work.onProgress?.({ phase: "freezing" });
    try {
      const parts = ["--rw", "--image", "--task"];
      await tellingPhases(this.logsOf(details.id, "freezing"), "freezing", work, () =>
        this.criu("freeze", [...here, "containers", "checkpoint", ...parts, id, reference], work),
      );
      work.onProgress?.({ phase: "writing" });
      // Without the second manifest that Docker's own format wants: ctr can't make one of a checkpoint.
      const exported = ["images", "export", "--skip-manifest-json"];
      await throughDraft(archive, async (draft) => {
        await this.must([...here, ...exported, draft, reference], work, Infinity);
      });
    } finally {
      await this.ctr([...here, "images", "remove", "--sync", reference], {}).catch(() => undefined);
    }
    return { snapshot, readable: await this.locate(snapshot) };
  }

  /** Under its old id alone: a copy would share its cgroup, and the end of one would be the end of both. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertRestorable(this, snapshot);
    if (options.name !== undefined)
      throw engineErrors.cannotRestoreAs(
        "containerd brings a container back in the cgroup that it had.",
        "Leave the name out.",
      );
    const { checkpoint } = snapshot;
    if (checkpoint.kind !== "archive") throw engineErrors.badSnapshot("checkpoint.kind");
    const { namespace, id } = parseId(snapshot.container.id);
    const here = ["--namespace", namespace];
    // Before anything is removed: without the archive there'd be nothing to come back to.
    (await openTar(checkpoint.path)).destroy();
    const before = await this.images(namespace, work);
    await this.must([...here, "images", "import", "--no-unpack", checkpoint.path], work, Infinity);
    const added = (await this.images(namespace, work)).filter((one) => !before.includes(one));
    const reference = [referenceOf(snapshot), added[0] ?? ""].find((one) => added.includes(one));
    try {
      if (reference === undefined) throw engineErrors.notACheckpoint(checkpoint.path);
      const standing = await this.inspect(snapshot.container.id, work).catch(() => undefined);
      if (standing !== undefined) {
        if (options.replace !== true)
          throw standing.state === "running"
            ? engineErrors.stillRunning(standing.name)
            : engineErrors.nameInUse(standing.name);
        work.onProgress?.({ phase: "stopping" });
        await this.remove(snapshot.container.id, work);
      }
      work.onProgress?.({ phase: "restoring" });
      await tellingPhases(this.logsOf(snapshot.container.id, "restoring"), "restoring", work, () =>
        this.criu("restore", [...here, "containers", "restore", "--rw", "--live", id, reference], work),
      );
    } finally {
      if (added.length > 0)
        await this.ctr([...here, "images", "remove", "--sync", ...added], {}).catch(() => undefined);
    }
    return { container: await this.inspect(snapshot.container.id, work) };
  }

  async locate(snapshot: Snapshot): Promise<Readable> {
    assertMadeBy(this, snapshot);
    const { checkpoint } = snapshot;
    if (checkpoint.kind !== "archive") throw engineErrors.badSnapshot("checkpoint.kind");
    const { path } = checkpoint;
    return (await isReadable(path)) ? { path } : { path: undefined, why: archiveGone(path) };
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const { namespace, id } = parseId(container);
    const here = ["--namespace", namespace];
    // A container without a task has none to end; ctr's code is that of the task it ended.
    await this.ctr([...here, "tasks", "delete", "--force", id], work);
    const { code, stderr } = await this.ctr([...here, "containers", "delete", id], work);
    if (code !== 0 && !/not found/.test(stderr)) throw engineErrors.commandFailed("ctr", wordsOf(stderr));
  }

  /** Beside its socket lies the state of the tasks, with a link to the folder in which they work. */
  private logsOf(container: string, verb: "freezing" | "restoring"): LogPlaces {
    const { namespace, id } = parseId(container);
    const state = join(dirname(this.socket), "io.containerd.runtime.v2.task", namespace, id, "work");
    return () => shimLogs([state, ...taskFolders("", namespace, id)], verb);
  }

  private async images(namespace: string, work: EngineWork): Promise<readonly string[]> {
    return words((await this.must(["--namespace", namespace, "images", "list", "--quiet"], work)).stdout);
  }

  private ctr(args: readonly string[], { signal }: EngineWork, timeout = 30_000): Promise<RunResult> {
    return this.machine.run("ctr", ["--address", this.socket, ...args], { signal, timeout });
  }

  private async must(args: readonly string[], work: EngineWork, timeout?: number): Promise<RunResult> {
    const result = await this.ctr(args, work, timeout);
    if (result.code === 0) return result;
    throw engineErrors.commandFailed("ctr", wordsOf(result.stderr));
  }

  /** CRIU's work, which is not cut off: what is begun comes to its end. */
  private async criu(verb: "freeze" | "restore", args: readonly string[], work: EngineWork): Promise<void> {
    work.signal?.throwIfAborted();
    const result = await this.ctr(args, {}, Infinity);
    if (result.code === 0) return;
    const log = /path= ?(\/\S+\.log)/.exec(result.stderr)?.[1] ?? "";
    throw await criuError(verb, log, result);
  }
}

/** What nothing else in the content store is called. */
function referenceOf({ id }: Snapshot): string {
  return `localhost/cryoscope-checkpoint:${/^[\w.-]{1,100}$/.test(id) ? id : "foreign"}`;
}
