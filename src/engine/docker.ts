import { setTimeout as sleep } from "node:timers/promises";
import type { Advice, Capability, CheckpointOptions, CheckpointResult, ContainerDetails } from "./engine.ts";
import type { Engine, EngineWork, Readable, RestoreOptions } from "./engine.ts";
import { refusal, refusalMessage, shortId } from "./answers.ts";
import type { EngineDriver } from "./driver.ts";
import { checkpointing } from "./docker-api.ts";
import { fetchFolder, READER_LABEL } from "./docker-fetch.ts";
import { criuFailure } from "./docker-log.ts";
import { DOCKER_RULES, networkWarnings } from "./docker-rules.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { brief, engineErrors, reasonOf } from "./errors.ts";
import { isReadable } from "./files.ts";
import { parseDockerInspect, parseDockerList } from "./inspect.ts";
import { at, list, text, whole } from "./json.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName, newSnapshot } from "./snapshots.ts";
import { toUnreachable } from "./transport.ts";
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

const EXPERIMENTAL_OFF: Advice = {
  code: "docker.experimental",
  sentence: "This Docker has its experimental features off, and checkpoints are one of them.",
  next: 'Set "experimental": true in /etc/docker/daemon.json (Docker Desktop: Settings, Docker Engine) and restart Docker.',
};
const WINDOWS: Advice = {
  code: "docker.windows",
  sentence: "Windows containers can't be frozen.",
  next: "Switch Docker to Linux containers.",
};

/** dockerd's own clean-up after a checkpoint takes up to 0.3 s; ten times that is given. */
const CONTENT_RETRIES = 60;
const CONTENT_RETRY_DELAY = 50;

class Docker implements Engine {
  readonly kind = "docker";
  readonly name: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];
  private readonly transport: Transport;
  readonly version: string;
  private root: string | undefined;

  constructor(transport: Transport, version: string, experimental: boolean, windows: boolean) {
    const why = windows ? WINDOWS : experimental ? undefined : EXPERIMENTAL_OFF;
    const able: Capability = why === undefined ? { can: true } : { can: false, ...why };
    this.transport = transport;
    this.version = version;
    this.name = `Docker ${brief(version)}`;
    this.endpoint = transport.endpoint;
    this.host = transport.host;
    this.capabilities = {
      checkpoint: able,
      restore: able,
      keepsCheckpoints: true,
      archives: false,
      checkpointOptions: ["leaveRunning"],
      restoreOptions: ["replace"],
    };
  }

  async list(work: EngineWork = {}) {
    return parseDockerList(await this.get("/containers/json", { all: true }, "", work), READER_LABEL);
  }

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    const path = `/containers/${encodeURIComponent(container)}/json`;
    const details = parseDockerInspect(await this.get(path, {}, container, work));
    return { ...details, warnings: networkWarnings(this.version, details.networkMode) };
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const { id } = await this.inspect(container, work);
    await this.call(id, "", work, (abort) =>
      this.transport.docker.getContainer(id).remove({ force: true, ...abort }),
    );
  }

  /** The checkpoint stays with the daemon, under its name; its files are in `<data root>/containers/<id>/checkpoints`. */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    if (!this.capabilities.checkpoint.can) throw engineErrors.cannot(this.capabilities.checkpoint);
    assertName(options.name);
    const details = await this.inspect(container, work);
    if (details.state !== "running") throw engineErrors.notRunning(details.name);
    work.onProgress?.({ phase: "freezing" });
    const create = { checkpointId: options.name, exit: options.leaveRunning !== true };
    await this.call(details.id, options.name, work, (abort) =>
      checkpointing(this.transport.docker, details.id).createCheckpoint({ ...create, ...abort }),
    );
    const snapshot = newSnapshot(this, details, { kind: "named", id: options.name }, options);
    return { snapshot, readable: await this.locate(snapshot, work) };
  }

  async restore(snapshot: Snapshot, options: RestoreOptions = {}, work: EngineWork = {}) {
    if (!this.capabilities.restore.can) throw engineErrors.cannot(this.capabilities.restore);
    assertMadeBy(this.kind, this.name, snapshot);
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
    assertMadeBy(this.kind, this.name, snapshot);
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
    assertMadeBy(this.kind, this.name, snapshot);
    const { container } = snapshot;
    const folder = await this.folderOf(snapshot, work);
    const checkpoint = named(snapshot);
    const raw = await this.get(`/containers/${container.id}/json`, {}, container.id, work);
    const image = text(at(raw, "Image"));
    const source = { folder, image, container: container.id, checkpoint, version: this.version };
    await this.call(container.id, checkpoint, work, () => fetchFolder(this.transport, source, archive, work));
    return { path: archive };
  }

  async listCheckpoints(container: string, work: EngineWork = {}): Promise<readonly string[]> {
    const { id } = await this.inspect(container, work);
    const answer = await this.call(id, "", work, (abort) =>
      checkpointing(this.transport.docker, id).listCheckpoint(abort),
    );
    return list(answer)
      .map((item) => text(at(item, "Name")))
      .filter((name) => name !== "");
  }

  async deleteCheckpoint(container: string, checkpoint: string, work: EngineWork = {}): Promise<void> {
    assertName(checkpoint);
    const { id } = await this.inspect(container, work);
    await this.call(id, checkpoint, work, (abort) =>
      checkpointing(this.transport.docker, id).deleteCheckpoint(checkpoint, abort),
    );
  }

  private async stop(id: string, work: EngineWork): Promise<void> {
    const container = this.transport.docker.getContainer(id);
    await this.call(id, "", work, (abort) => container.stop({ t: 0, ...abort })).catch((error: unknown) => {
      // 304: it ended by itself in the meantime.
      if (at(error, "code") !== "engine.unchanged") throw error;
    });
  }

  /**
   * Right after a checkpoint dockerd's containerd may still hold the upload of the last one: "content sha256:… already
   * exists" (moby#42900). It passes by itself within some tenths of a second.
   */
  private async start(details: ContainerDetails, checkpoint: string, work: EngineWork): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.call(details.id, checkpoint, work, (abort) =>
          checkpointing(this.transport.docker, details.id).start({
            _query: { checkpoint },
            _body: {},
            ...abort,
          }),
        );
        return;
      } catch (error) {
        if (at(error, "code") === "engine.networkRestore")
          throw engineErrors.networkRestore(this.version, details.networkMode, error);
        if (at(error, "code") !== "engine.contentExists" || attempt >= CONTENT_RETRIES) throw error;
        work.onProgress?.({ phase: "waiting" });
        await sleep(CONTENT_RETRY_DELAY, undefined, work.signal ? { signal: work.signal } : {});
      }
    }
  }

  /** A call through dockerode, its errors turned into ours. */
  private async call<T>(
    container: string,
    checkpoint: string,
    { signal }: EngineWork,
    run: (abort: { abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await run(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw await this.refused(error, container, checkpoint);
    }
  }

  private async refused(error: unknown, container: string, checkpoint: string): Promise<Error> {
    if (error instanceof CryoscopeError) return error;
    const status = whole(at(error, "statusCode"));
    if (status === undefined) return toUnreachable(this.endpoint, error);
    const json = at(error, "json");
    const message = text(at(json, "message")) || reasonOf(error);
    const failure = await criuFailure(message, container, () => this.dataRoot({}));
    if (failure) return engineErrors.criuRefused(failure.verb, failure, error);
    const version = this.version;
    return refusal(DOCKER_RULES, {
      status,
      message,
      container: shortId(container),
      checkpoint,
      version,
      cause: error,
    });
  }

  private async get(
    path: string,
    query: Readonly<Record<string, boolean>>,
    container: string,
    { signal }: EngineWork,
  ): Promise<unknown> {
    const answer = await this.transport.ask({ method: "GET", path, query, signal });
    if (answer.status === 200) return answer.content;
    const message = refusalMessage(answer);
    const context = {
      message,
      container: shortId(container),
      checkpoint: "",
      version: this.version,
      cause: undefined,
    };
    throw refusal(DOCKER_RULES, { status: answer.status, ...context });
  }

  private async folderOf(snapshot: Snapshot, work: EngineWork): Promise<string> {
    const checkpoint = named(snapshot);
    return `${await this.dataRoot(work)}/containers/${snapshot.container.id}/checkpoints/${checkpoint}`;
  }

  /** `DockerRootDir`, asked once: the answer takes seconds on some machines. */
  private async dataRoot(work: EngineWork): Promise<string> {
    this.root ??= text(at(await this.get("/info", {}, "", work), "DockerRootDir"));
    return this.root;
  }
}

function named(snapshot: Snapshot): string {
  if (snapshot.checkpoint.kind !== "named") throw engineErrors.badSnapshot("checkpoint.kind");
  // It becomes part of a path and of an address.
  assertName(snapshot.checkpoint.id);
  if (!/^[0-9a-f]{64}$/.test(snapshot.container.id)) throw engineErrors.badSnapshot("container.id");
  return snapshot.checkpoint.id;
}

function rootOnly(folder: string, host: string): Advice {
  const where = host === "127.0.0.1" ? "" : ` on ${brief(host)}`;
  return {
    code: "docker.rootOnly",
    sentence: `Docker keeps the checkpoint in ${folder}${where}, where you may not read.`,
    next: "Open a copy: fetched through Docker, or made by hand (sudo cp -r, then chown).",
  };
}
