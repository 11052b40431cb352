// CRIU alone: any process that the user may freeze, with what runs below it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freezeInto, locateFolder, restoreWith } from "./checkpoint-folder.ts";
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
import { isReadable } from "./files.ts";
import { isOnPath, rootCapability } from "./machine.ts";
import { linkFolder, PREVIOUS, previousOf } from "./previous.ts";
import { listPids, processTree, readProc, readProcess } from "./processes.ts";
import type { LiveProcess } from "./processes.ts";
import type { Machine, ProgramDriver } from "./program-driver.ts";
import { assertRestorable, readyToFreeze } from "./ready.ts";
import type { Snapshot } from "./snapshot.ts";
import { newSnapshot } from "./snapshots.ts";
import { switchArgs } from "./switches.ts";

/** criu by its command line; its address is `criu://`, for there is but one of it. */
export const criuDriver: ProgramDriver = {
  kind: "criu",
  usual: async (machine) => ((await isOnPath("criu", machine)) ? ["criu://"] : []),
  async connect(path, machine, signal) {
    if (path !== "") throw engineErrors.badAddress(`criu://${path}`);
    const { stdout } = await machine.run("criu", ["--version"], { signal, timeout: 10_000 });
    const version = /Version: ([\w.+~-]+)/.exec(stdout)?.[1] ?? "";
    if (version === "") throw engineErrors.commandFailed("criu", "it doesn't tell its version");
    return new Criu(version, machine);
  },
};

/** Debug messages: without them a log often doesn't tell which file or process was the cause. */
const VERBOSE = "-v4";

class Criu implements Engine {
  readonly kind = "criu";
  readonly name: string;
  readonly endpoint = "criu://";
  readonly host = "127.0.0.1";
  readonly capabilities: Engine["capabilities"];

  constructor(
    readonly version: string,
    private readonly machine: Machine,
  ) {
    const able: Capability = rootCapability("criu", machine);
    const switches = ["tcpEstablished", "fileLocks", "externalUnix", "shellJob"] as const;
    this.name = `CRIU ${brief(version)}`;
    this.capabilities = {
      checkpoint: able,
      restore: able,
      keepsCheckpoints: false,
      archives: false,
      folders: true,
      containerImages: false,
      preCheckpoints: true,
      lists: "processes",
      checkpointOptions: ["leaveRunning", ...switches],
      restoreOptions: ["replace", "leaveStopped", "tcpClose", ...switches],
    };
  }

  /** What this user may freeze; not threads of the kernel, process 1, and those that this process runs in. */
  async list(): Promise<readonly Container[]> {
    const { procfs, uid } = this.machine;
    const own = await ancestors(procfs);
    const all = await Promise.all((await listPids(procfs)).map((pid) => readProcess(procfs, pid)));
    return all
      .filter((one) => one !== undefined)
      .filter((one) => one.exe !== "" && one.pid !== 1 && !own.has(one.pid))
      .filter((one) => uid === 0 || one.uid === uid)
      .map(toContainer);
  }

  async inspect(container: string): Promise<ContainerDetails> {
    const found = await this.find(container);
    const folder = join(this.machine.procfs, String(found.pid));
    return {
      ...toContainer(found),
      pid: found.pid,
      argv: found.argv,
      environment: ((await readProc(folder, "environ")) ?? "").split("\0").slice(0, -1),
      workingDirectory: "",
      tty: found.terminal !== 0,
      networkMode: "host",
      addresses: [],
      ports: [],
      mounts: [],
      exitCode: undefined,
      warnings: [],
    };
  }

  /** With all that runs below the process. Without `leaveRunning` CRIU ends them when they are written. */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    const { details, place: folder } = await readyToFreeze(this, container, options, work);
    const found = await this.find(details.id);
    const tree = await processTree(this.machine.procfs, found.pid);
    // criu wants the session's leader in the tree; --shell-job says that it will be someone else (criu/cr-dump.c).
    const shellJob = options.shellJob ?? !tree.some(({ pid }) => pid === found.session);
    const all = { ...options, shellJob };
    const pre = options.preCheckpoint === true;
    const previous = previousOf(options, idOf(found), "folder");
    work.onProgress?.({ phase: "freezing" });
    await freezeInto(folder, work, async ({ root, images }) => {
      if (previous !== undefined) await linkFolder(previous, join(root, PREVIOUS));
      const steps = [
        ...(options.leaveRunning === true && !pre ? ["--leave-running"] : []),
        ...(pre || previous !== undefined ? ["--track-mem"] : []),
        // Relative to the images.
        ...(previous === undefined ? [] : ["--prev-images-dir", `../${PREVIOUS}/checkpoint`]),
      ];
      const where = ["--images-dir", images, "--work-dir", root, "--log-file", "dump.log", VERBOSE];
      const verb = pre ? "pre-dump" : "dump";
      const args = [verb, "--tree", String(found.pid), ...where, ...steps, ...switchArgs(all)];
      return this.machine.run("criu", args, { timeout: Infinity, asRoot: true, writes: root });
    });
    const saved = { kind: "folder", path: folder } as const;
    return { snapshot: newSnapshot(this, toContainer(found), saved, all), readable: { path: folder } };
  }

  /** Under the same process ids, as CRIU does. `replace` ends the processes that have them if they are the frozen ones. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertRestorable(this, snapshot);
    if (options.name !== undefined)
      throw engineErrors.cannotRestoreAs("A process comes back under its own number.", "Leave the name out.");
    const { checkpoint } = snapshot;
    if (checkpoint.kind !== "folder") throw engineErrors.badSnapshot("checkpoint.kind");
    const images = join(checkpoint.path, "checkpoint");
    if (!(await isReadable(images))) throw engineErrors.notACheckpoint(checkpoint.path);
    const standing = await this.find(snapshot.container.id).catch(() => undefined);
    if (standing !== undefined) {
      if (options.replace !== true) throw engineErrors.stillRunning(snapshot.container.name);
      work.onProgress?.({ phase: "stopping" });
      await this.remove(snapshot.container.id, work);
    }
    work.onProgress?.({ phase: "restoring" });
    const needs = Object.fromEntries(snapshot.needs.map((need) => [need, true]));
    const extra = [
      ...(options.leaveStopped === true ? ["--leave-stopped"] : []),
      ...(options.tcpClose === true ? ["--tcp-close"] : []),
    ];
    let pid = Number.NaN;
    await restoreWith(this.machine.temporary, work, async (folder) => {
      const pidFile = join(folder, "pid");
      const where = ["--images-dir", images, "--work-dir", folder, "--log-file", "restore.log", VERBOSE];
      const detached = ["--restore-detached", "--pidfile", pidFile];
      const switches = switchArgs({ ...needs, ...options });
      const result = await this.machine.run(
        "criu",
        ["restore", ...where, ...detached, ...switches, ...extra],
        {
          timeout: Infinity,
          output: "/dev/null",
          asRoot: true,
          writes: folder,
        },
      );
      pid = Number(await readFile(pidFile, "utf8").catch(() => "NaN"));
      return result;
    });
    const woken = Number.isSafeInteger(pid) ? await readProcess(this.machine.procfs, pid) : undefined;
    if (woken === undefined) throw engineErrors.noSuchProcess(snapshot.container.name);
    return { container: await this.inspect(idOf(woken)) };
  }

  async locate(snapshot: Snapshot): Promise<Readable> {
    return locateFolder(this, snapshot);
  }

  /** Ends the process and all below it (SIGKILL). */
  async remove(container: string, { signal }: EngineWork = {}): Promise<void> {
    const found = await this.find(container);
    const tree = await processTree(this.machine.procfs, found.pid);
    const pids = tree.map(({ pid }) => String(pid));
    // By the machine's own kill: the numbers are those of its PID namespace.
    await this.machine.run("kill", ["-KILL", "--", ...pids], { signal });
    for (let round = 0; round < 100; round++) {
      const left = await readProcess(this.machine.procfs, found.pid);
      if (left?.startTime !== found.startTime || left.state === "Z") return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw engineErrors.stillRunning(found.comm);
  }

  /** By `PID-STARTTIME`, or by a bare pid. */
  private async find(container: string): Promise<LiveProcess> {
    const match = /^(\d{1,10})(?:-(\d{1,20}))?$/.exec(container);
    const found = match ? await readProcess(this.machine.procfs, Number(match[1])) : undefined;
    const other = match?.[2] !== undefined && match[2] !== found?.startTime;
    if (found === undefined || other || found.state === "Z") throw engineErrors.noSuchProcess(container);
    return found;
  }
}

function idOf({ pid, startTime }: LiveProcess): string {
  return `${pid}-${startTime}`;
}

function toContainer(one: LiveProcess): Container {
  const stopped = one.state === "T" || one.state === "t";
  return {
    id: idOf(one),
    name: one.comm,
    image: one.exe,
    state: one.state === "Z" || one.state === "X" ? "dead" : stopped ? "paused" : "running",
    status: `process ${one.pid}`,
    command: one.argv.join(" "),
  };
}

/** This process and those above it; criu can't freeze what it runs in. */
async function ancestors(procfs: string): Promise<ReadonlySet<number>> {
  const own = new Set<number>();
  // In another machine's /proc `self` doesn't lead anywhere.
  const self = Number((await readProc(procfs, "self", "stat"))?.split(" ")[0] ?? Number.NaN);
  for (let pid = self; pid > 0 && !own.has(pid);) {
    own.add(pid);
    pid = (await readProcess(procfs, pid))?.ppid ?? 0;
  }
  return own;
}
