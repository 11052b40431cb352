// runc and crun: containers without a daemon, by their command lines.
import { copyFile, readFile, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { freezeInto, locateFolder, readJsonFile, restoreWith, runtimeWords } from "./checkpoint-folder.ts";
import type {
  Advice,
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
import type { ExecOptions } from "./exec.ts";
import { isReadable } from "./files.ts";
import { at, list, parseJson, text, texts, whole } from "./json.ts";
import { isOnPath, rootCapability } from "./machine.ts";
import type { Machine, ProgramDriver } from "./program-driver.ts";
import { linkFolder, PREVIOUS, previousOf } from "./previous.ts";
import { assertRestorable, readyToFreeze } from "./ready.ts";
import type { RunResult } from "./run-command.ts";
import type { Snapshot } from "./snapshot.ts";
import { newSnapshot } from "./snapshots.ts";
import { toState } from "./states.ts";
import { switchArgs } from "./switches.ts";

/** In what the two differ. */
export interface OciRuntimeKind {
  readonly kind: string;
  /** Where the state of root's containers lies when nobody says otherwise. */
  readonly stateFolder: string;
  readonly restoreNeedsCgroup2?: boolean;
}

/** The driver of an OCI runtime; an address is `runc:///run/runc`, the folder with the containers' state. */
export function ociRuntimeDriver({
  kind,
  stateFolder,
  restoreNeedsCgroup2 = false,
}: OciRuntimeKind): ProgramDriver {
  return {
    kind,
    usual: async (machine) =>
      machine.uid === 0 && (await isOnPath(kind, machine)) ? [`${kind}://${stateFolder}`] : [],
    async connect(path, machine, signal) {
      const folder = path === "" ? stateFolder : path;
      if (!isAbsolute(folder)) throw engineErrors.badAddress(`${kind}://${path}`);
      const { stdout } = await machine.run(kind, ["--version"], { signal, timeout: 10_000 });
      const version = /version ([\w.+~-]+)/.exec(stdout)?.[1] ?? "";
      if (version === "") throw engineErrors.commandFailed(kind, "it doesn't tell its version");
      const restores =
        !restoreNeedsCgroup2 || (await isReadable(join(machine.cgroups, "cgroup.controllers")));
      return new OciRuntime(kind, version, folder, machine, restores ? undefined : cgroup1(kind));
    },
  };
}

class OciRuntime implements Engine {
  readonly name: string;
  readonly endpoint: string;
  readonly host = "127.0.0.1";
  readonly capabilities: Engine["capabilities"];
  readonly exec?: NonNullable<Engine["exec"]>;

  constructor(
    readonly kind: string,
    readonly version: string,
    private readonly folder: string,
    private readonly machine: Machine,
    noRestore: Advice | undefined,
  ) {
    const able: Capability = rootCapability(kind, machine);
    const switches = ["tcpEstablished", "fileLocks", "externalUnix", "shellJob"] as const;
    this.name = `${kind} ${brief(version)}`;
    this.endpoint = `${kind}://${folder}`;
    const { start, uid } = machine;
    if (start !== undefined && uid === 0)
      this.exec = (container, argv, options = {}) =>
        Promise.resolve().then(() => start(kind, this.execArgs(container, argv, options), options.signal));
    this.capabilities = {
      checkpoint: able,
      restore: able.can && noRestore ? { can: false, ...noRestore } : able,
      keepsCheckpoints: false,
      archives: false,
      folders: true,
      containerImages: false,
      preCheckpoints: true,
      lists: "containers",
      checkpointOptions: ["leaveRunning", ...switches],
      restoreOptions: ["name", "replace", ...switches],
    };
  }

  readonly holds = "freezer" as const;

  async list({ signal }: EngineWork = {}): Promise<readonly Container[]> {
    const { code, stdout, stderr } = await this.runtime(["list", "--format", "json"], signal);
    if (code !== 0) throw engineErrors.commandFailed(this.kind, runtimeWords(stderr));
    return Promise.all(list(parseJson(stdout)).map((item) => this.toContainer(item)));
  }

  async inspect(container: string, { signal }: EngineWork = {}): Promise<ContainerDetails> {
    const state = await this.state(container, signal);
    const config = await readJsonFile(join(bundleOf(state), "config.json"));
    const pid = whole(at(state, "pid"));
    const tty = at(config, "process", "terminal") === true;
    const network = list(at(config, "linux", "namespaces")).find((one) => at(one, "type") === "network");
    return {
      ...(await this.toContainer(state)),
      pid: pid === 0 ? undefined : pid,
      argv: texts(at(config, "process", "args")),
      environment: texts(at(config, "process", "env")),
      workingDirectory: text(at(config, "process", "cwd")),
      tty,
      networkMode: network === undefined ? "host" : text(at(network, "path")) || "private",
      addresses: [],
      ports: [],
      mounts: list(at(config, "mounts"))
        .filter((mount) => text(at(mount, "type")) === "bind")
        .map((mount) => ({
          source: text(at(mount, "source")),
          destination: text(at(mount, "destination")),
        })),
      exitCode: undefined,
      warnings: tty
        ? [
            {
              code: `${this.kind}.terminal`,
              sentence: "It has a terminal, which a restore from here can't give it back.",
              next: `Restore it by hand: ${this.kind} restore --console-socket …`,
            },
          ]
        : [],
    };
  }

  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    const { details, place: folder } = await readyToFreeze(this, container, options, work);
    const bundle = bundleOf(await this.state(details.id, work.signal));
    const previous = previousOf(options, details.id, "folder");
    work.onProgress?.({ phase: "freezing" });
    await freezeInto(folder, work, async ({ root, images }) => {
      if (previous !== undefined) await linkFolder(previous, join(root, PREVIOUS));
      const steps = [
        ...(options.preCheckpoint === true ? ["--pre-dump"] : []),
        ...(options.leaveRunning === true && options.preCheckpoint !== true ? ["--leave-running"] : []),
        // Relative to the images.
        ...(previous === undefined ? [] : ["--parent-path", `../${PREVIOUS}/checkpoint`]),
      ];
      const args = ["checkpoint", "--image-path", images, "--work-path", root, ...steps];
      const result = await this.runtime([...args, ...switchArgs(options), details.id], undefined, Infinity);
      // What Podman calls it in its archives: the container's own configuration.
      if (result.code === 0)
        await copyFile(join(bundle, "config.json"), join(root, "spec.dump")).catch(() => undefined);
      return result;
    });
    const saved = { kind: "folder", path: folder, bundle } as const;
    return { snapshot: newSnapshot(this, details, saved, options), readable: { path: folder } };
  }

  /** As a new container of the old bundle, under the old id or `name`. `replace` removes the one that has the id. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertRestorable(this, snapshot);
    const { checkpoint } = snapshot;
    if (checkpoint.kind !== "folder" || checkpoint.bundle === undefined)
      throw engineErrors.badSnapshot("checkpoint.kind");
    const { bundle, path } = checkpoint;
    const id = options.name ?? snapshot.container.id;
    assertId(id);
    if (!(await isReadable(join(path, "checkpoint")))) throw engineErrors.notACheckpoint(path);
    if (!(await isReadable(join(bundle, "config.json")))) throw engineErrors.bundleGone(bundle);
    const standing = (await this.list(work)).find((one) => one.id === id);
    if (standing !== undefined) {
      if (options.replace !== true)
        throw standing.state === "running" ? engineErrors.stillRunning(id) : engineErrors.nameInUse(id);
      work.onProgress?.({ phase: "stopping" });
      await this.remove(id, work);
    }
    work.onProgress?.({ phase: "restoring" });
    const needs = Object.fromEntries(snapshot.needs.map((need) => [need, true]));
    await restoreWith(this.machine.temporary, work, async (folder) => {
      const images = join(path, "checkpoint");
      const where = ["--image-path", images, "--work-path", folder, "--bundle", bundle];
      const args = ["restore", "--detach", ...where, ...switchArgs({ ...needs, ...options }), id];
      return this.logged(args, join(folder, "runtime.log"));
    });
    return { container: await this.inspect(id, work) };
  }

  async locate(snapshot: Snapshot): Promise<Readable> {
    return locateFolder(this, snapshot);
  }

  async remove(container: string, { signal }: EngineWork = {}): Promise<void> {
    assertId(container);
    const { code, stderr } = await this.runtime(["delete", "--force", container], signal);
    if (code !== 0 && !GONE.test(stderr)) throw engineErrors.commandFailed(this.kind, runtimeWords(stderr));
  }

  private execArgs(
    container: string,
    argv: readonly string[],
    { privileged = false, environment = [] }: ExecOptions,
  ): readonly string[] {
    assertId(container);
    const capabilities = privileged ? DEBUGGERS_NEED.flatMap((name) => ["--cap", name]) : [];
    const variables = environment.flatMap((line) => ["--env", line]);
    // Options end before the container's id: what comes after it is the program's.
    return ["--root", this.folder, "exec", ...capabilities, ...variables, container, ...argv];
  }

  private runtime(
    args: readonly string[],
    signal: AbortSignal | undefined,
    timeout = 30_000,
  ): Promise<RunResult> {
    return this.machine.run(this.kind, ["--root", this.folder, ...args], { signal, timeout });
  }

  /**
   * A container that runs on would keep our pipes open for ever, so its outputs get none: what it wrote to a pipe
   * before goes nowhere now; files and devices are its own again. What the runtime itself says is in its log.
   */
  private async logged(args: readonly string[], log: string): Promise<RunResult> {
    const all = ["--root", this.folder, "--log", log, "--log-format", "json", ...args];
    const { code } = await this.machine.run(this.kind, all, { timeout: Infinity, output: "/dev/null" });
    const stderr = code === 0 ? "" : await readFile(log, "utf8").catch(() => "");
    await rm(log, { force: true });
    return { code, stdout: "", stderr };
  }

  private async state(container: string, signal: AbortSignal | undefined): Promise<unknown> {
    assertId(container);
    const { code, stdout, stderr } = await this.runtime(["state", container], signal);
    if (code !== 0)
      throw GONE.test(stderr)
        ? engineErrors.noSuchContainer(container)
        : engineErrors.commandFailed(this.kind, runtimeWords(stderr));
    return parseJson(stdout);
  }

  private async toContainer(item: unknown): Promise<Container> {
    const bundle = bundleOf(item);
    const config = bundle === "" ? undefined : await readJsonFile(join(bundle, "config.json"));
    const id = text(at(item, "id"));
    return {
      id,
      name: id,
      image: text(at(config, "root", "path")) || bundle,
      state: toState(text(at(item, "status"))),
      status: text(at(item, "status")),
      command: texts(at(config, "process", "args")).join(" "),
    };
  }
}

function cgroup1(kind: string): Advice {
  return {
    code: `${kind}.cgroup1`,
    sentence: `${kind} can't restore on a machine with cgroup v1, such as this one.`,
    next: "Use runc, or a machine with cgroup v2.",
  };
}

/** capabilities(7): tracing another's process, and bringing up the loopback of a network of its own. */
const DEBUGGERS_NEED = ["CAP_SYS_PTRACE", "CAP_NET_ADMIN"];

const GONE = /does not exist|No such file or directory/i;

function bundleOf(state: unknown): string {
  const bundle = text(at(state, "bundle"));
  return isAbsolute(bundle) ? bundle : "";
}

/** runc's own rule for ids; the first character keeps it from being an option. */
function assertId(id: string): void {
  if (!/^[\w+.][\w+.-]{0,1023}$/.test(id) || id === "." || id === "..") throw engineErrors.badName(id);
}
