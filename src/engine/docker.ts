import type { Capability, CheckpointOptions, CheckpointResult, ContainerDetails } from "./engine.ts";
import type { Engine, EngineWork, Readable, RestoreOptions, RestoreResult } from "./engine.ts";
import type { EngineDriver } from "./driver.ts";
import { shimLogs, taskFolders } from "./criu-log-places.ts";
import { tellingPhases } from "./criu-phases.ts";
import type { LogPlaces } from "./criu-phases.ts";
import { checkpointing } from "./docker-api.ts";
import { openDockerCalls } from "./docker-calls.ts";
import type { DockerCalls } from "./docker-calls.ts";
import { fetchFolder, READER_LABEL } from "./docker-fetch.ts";
import { DockerUploads } from "./docker-uploads.ts";
import { EXPERIMENTAL_OFF, networkWarnings, rootOnly, WINDOWS } from "./docker-rules.ts";
import { brief, engineErrors } from "./errors.ts";
import { execIn } from "./exec.ts";
import type { ExecOptions, Execution } from "./exec.ts";
import { isReadable } from "./files.ts";
import { parseDockerInspect, parseDockerList } from "./inspect.ts";
import { at, list, text } from "./json.ts";
import { labelFilter } from "./label-filter.ts";
import { followLines } from "./log-lines.ts";
import { assertRestorable, readyToFreeze } from "./ready.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName, newSnapshot } from "./snapshots.ts";
import type { Transport } from "./transport.ts";

/** Docker by its API, through dockerode. Checkpoints are there in experimental mode only. */
export const dockerDriver: EngineDriver = {
  kind: "docker",
  recognises: ({ headers }) =>
    headers["api-version"] !== undefined || headers["docker-experimental"] !== undefined,
  async connect(transport, { headers }, signal) {
    const answer = await transport.ask({ method: "GET", path: "/version", signal, timeout: 10_000 });
    const version = text(at(answer.content, "Version"));
    if (answer.status !== 200 || version === "")
      throw engineErrors.badAnswer(transport.endpoint, `status ${answer.status} to a question about itself`);
    const windows = text(at(answer.content, "Os")) === "windows";
    return new Docker(transport, version, headers["docker-experimental"] === "true", windows);
  },
};

class Docker implements Engine {
  readonly kind = "docker";
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];
  private readonly transport: Transport;
  private readonly calls: DockerCalls;
  private readonly uploads: DockerUploads;

  constructor(transport: Transport, version: string, experimental: boolean, windows: boolean) {
    const why = windows ? WINDOWS : experimental ? undefined : EXPERIMENTAL_OFF;
    const able: Capability = why === undefined ? { can: true } : { can: false, ...why };
    this.transport = transport;
    this.calls = openDockerCalls(transport, version);
    this.uploads = new DockerUploads(transport, this.calls);
    this.version = version;
    this.name = `Docker ${brief(version)}`;
    this.endpoint = transport.endpoint;
    this.host = transport.host;
    this.capabilities = {
      checkpoint: able,
      restore: able,
      keepsCheckpoints: true,
      archives: false,
      folders: false,
      containerImages: false,
      preCheckpoints: false,
      lists: "containers",
      checkpointOptions: ["leaveRunning"],
      restoreOptions: ["replace"],
    };
  }

  async list(work: EngineWork = {}) {
    const answer = await this.calls.get("/containers/json", { all: true }, {}, work);
    return parseDockerList(answer, READER_LABEL);
  }

  async select(selector: string, work: EngineWork = {}) {
    const query = { all: true, filters: labelFilter(selector) };
    return parseDockerList(await this.calls.get("/containers/json", query, {}, work), READER_LABEL);
  }

  async *follow(container: string, work: EngineWork = {}): AsyncIterable<string> {
    const { id, tty } = await this.inspect(container, work);
    yield* followLines(this.transport, id, tty, work);
  }

  exec(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Execution> {
    return execIn(this.transport, container, argv, options);
  }

  /** Docker pauses what it freezes, and fails where somebody else has: it must have done it itself. */
  readonly holds = {
    pause: (container: string) => this.holding(container, "pause"),
    resume: (container: string) => this.holding(container, "unpause"),
  };

  private holding(container: string, how: "pause" | "unpause"): Promise<void> {
    return this.calls.call({ container }, {}, async () => {
      await this.transport.docker.getContainer(container)[how]();
    });
  }

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    const details = parseDockerInspect(await this.inspectRaw(container, work));
    return { ...details, warnings: networkWarnings(this.version, details.networkMode) };
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const { id } = await this.inspect(container, work);
    const target = this.transport.docker.getContainer(id);
    await this.calls.call({ container: id }, work, (abort) => target.remove({ force: true, ...abort }));
  }

  /** The checkpoint stays with the daemon, under its name; its files are in `<data root>/containers/<id>/checkpoints`. */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    const { details } = await readyToFreeze(this, container, options, work);
    work.onProgress?.({ phase: "freezing" });
    const about = { container: details.id, checkpoint: options.name, timeout: Infinity };
    const create = { checkpointId: options.name, exit: options.leaveRunning !== true };
    const frozen = checkpointing(this.transport.docker, details.id);
    await tellingPhases(this.logsOf(details.id, "freezing", work), "freezing", work, () =>
      this.uploads.past({ container: details.name, once: create.exit }, work, () =>
        this.calls.call(about, work, (abort) => frozen.createCheckpoint({ ...create, ...abort })),
      ),
    );
    const snapshot = newSnapshot(this, details, { kind: "named", id: options.name }, options);
    return { snapshot, readable: await this.locate(snapshot, work) };
  }

  /** Into the container that the checkpoint was made of; Docker knows no other way. `replace` stops it first. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertRestorable(this, snapshot);
    if (options.name !== undefined)
      throw engineErrors.cannotRestoreAs(
        "Docker restores a checkpoint only into the container it was made of.",
        "Restore it without a new name.",
      );
    const checkpoint = named(snapshot);
    const details = await this.inspect(snapshot.container.id, work);
    if (details.state === "running" || details.state === "paused") {
      if (options.replace !== true) throw engineErrors.stillRunning(details.name);
      work.onProgress?.({ phase: "stopping" });
      await this.stop(details.id, work);
    }
    work.onProgress?.({ phase: "restoring" });
    await this.start(details, checkpoint, work);
    return { container: await this.inspect(details.id, work) };
  }

  async locate(snapshot: Snapshot, work: EngineWork = {}): Promise<Readable> {
    assertMadeBy(this, snapshot);
    const folder = await this.folderOf(snapshot, work);
    return (await isReadable(folder))
      ? { path: folder }
      : { path: undefined, why: rootOnly(folder, this.host) };
  }

  async fetch(
    snapshot: Snapshot,
    archive: string,
    work: EngineWork = {},
  ): Promise<{ readonly path: string }> {
    assertMadeBy(this, snapshot);
    const folder = await this.folderOf(snapshot, work);
    const container = snapshot.container.id;
    const image = text(at(await this.inspectRaw(container, work), "Image"));
    const about = { container, checkpoint: named(snapshot), timeout: Infinity };
    const source = { ...about, folder, image, version: this.version };
    await this.calls.call(about, work, () => fetchFolder(this.transport, source, archive, work));
    return { path: archive };
  }

  async listCheckpoints(container: string, work: EngineWork = {}): Promise<readonly string[]> {
    const { id } = await this.inspect(container, work);
    const target = checkpointing(this.transport.docker, id);
    const answer = await this.calls.call({ container: id }, work, (abort) => target.listCheckpoint(abort));
    return list(answer)
      .map((item) => text(at(item, "Name")))
      .filter((name) => name !== "");
  }

  async deleteCheckpoint(container: string, checkpoint: string, work: EngineWork = {}): Promise<void> {
    assertName(checkpoint);
    const { id } = await this.inspect(container, work);
    const target = checkpointing(this.transport.docker, id);
    await this.calls.call({ container: id, checkpoint }, work, (abort) =>
      target.deleteCheckpoint(checkpoint, abort),
    );
  }

  private inspectRaw(container: string, work: EngineWork): Promise<unknown> {
    const path = `/containers/${encodeURIComponent(container)}/json`;
    return this.calls.get(path, {}, { container }, work);
  }

  private async stop(container: string, work: EngineWork): Promise<void> {
    const target = this.transport.docker.getContainer(container);
    const stopped = this.calls.call({ container }, work, (abort) => target.stop({ t: 0, ...abort }));
    await stopped.catch((error: unknown) => {
      // It ended by itself in the meantime.
      if (at(error, "code") !== "engine.unchanged") throw error;
    });
  }

  private async start(
    { id, networkMode }: ContainerDetails,
    checkpoint: string,
    work: EngineWork,
  ): Promise<void> {
    const about = { container: id, checkpoint, timeout: Infinity };
    const target = checkpointing(this.transport.docker, id);
    try {
      await tellingPhases(this.logsOf(id, "restoring", work), "restoring", work, () =>
        this.uploads.past({ container: id }, work, () =>
          this.calls.call(about, work, (abort) =>
            target.start({ _query: { checkpoint }, _body: {}, ...abort }),
          ),
        ),
      );
    } catch (error) {
      if (at(error, "code") === "engine.networkRestore")
        throw engineErrors.networkRestore(this.version, networkMode, error);
      throw error;
    }
  }

  /** Where CRIU's log is while it works; on another machine nowhere. */
  private logsOf(container: string, verb: "freezing" | "restoring", work: EngineWork): LogPlaces {
    if (this.host !== "127.0.0.1") return () => [];
    let logs: Promise<readonly string[]> | undefined;
    const find = async (): Promise<readonly string[]> =>
      shimLogs(taskFolders(await this.calls.dataRoot(work).catch(() => ""), "moby", container), verb);
    return () => (logs ??= find());
  }

  private async folderOf(snapshot: Snapshot, work: EngineWork): Promise<string> {
    const checkpoint = named(snapshot);
    const root = await this.calls.dataRoot(work);
    return `${root}/containers/${snapshot.container.id}/checkpoints/${checkpoint}`;
  }
}

/** The checkpoint's name, and a container id that can be trusted as well: both become parts of paths. */
function named(snapshot: Snapshot): string {
  if (snapshot.checkpoint.kind !== "named") throw engineErrors.badSnapshot("checkpoint.kind");
  assertName(snapshot.checkpoint.id);
  if (!/^[0-9a-f]{64}$/.test(snapshot.container.id)) throw engineErrors.badSnapshot("container.id");
  return snapshot.checkpoint.id;
}
