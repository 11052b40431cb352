import type { Capability, CheckpointOptions, CheckpointResult, ContainerDetails } from "./engine.ts";
import type { Engine, EngineWork, Readable, RestoreOptions, RestoreResult } from "./engine.ts";
import type { EngineDriver } from "./driver.ts";
import { brief, engineErrors } from "./errors.ts";
import { execIn } from "./exec.ts";
import type { ExecOptions, Execution } from "./exec.ts";
import { assertFree, countBytes, isReadable, openTar, through, writeWhole } from "./files.ts";
import { parsePodmanInspect, parsePodmanList } from "./inspect.ts";
import { at, text } from "./json.ts";
import { labelFilter } from "./label-filter.ts";
import { followLines } from "./log-lines.ts";
import { openLibpod } from "./libpod.ts";
import type { Libpod } from "./libpod.ts";
import { archiveGone, insideStorage, NEEDS_ROOT } from "./podman-rules.ts";
import { previousOf, withPrevious } from "./previous.ts";
import { assertRestorable } from "./ready.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName, assertReference, newSnapshot } from "./snapshots.ts";
import { toUnreachable } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** Podman by its own REST API, in the version that the service says it has. */
export const podmanDriver: EngineDriver = {
  kind: "podman",
  // Podman's service says so even on the paths that it has for Docker's clients.
  recognises: ({ headers }) => headers["libpod-api-version"] !== undefined,
  async connect(transport, { headers }, signal) {
    const api = text(headers["libpod-api-version"]);
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(api))
      throw engineErrors.badAnswer(transport.endpoint, "its API has no version");
    const path = `/v${api}/libpod/info`;
    const { status, content } = await transport.ask({ method: "GET", path, signal, timeout: 10_000 });
    if (status !== 200)
      throw engineErrors.badAnswer(transport.endpoint, `status ${status} to a question about itself`);
    const version = text(at(content, "version", "Version")) || api;
    const rootless = at(content, "host", "security", "rootless") === true;
    const storage = text(at(content, "store", "graphRoot"));
    const containers = `${storage}/${text(at(content, "store", "graphDriverName"))}-containers`;
    const libpod = openLibpod(transport, api, version, storage === "" ? "" : containers);
    return new Podman(transport, libpod, version, rootless);
  },
};

const RESTORE_OPTIONS: readonly (keyof RestoreOptions)[] = [
  ...(["name", "replace", "tcpEstablished", "fileLocks", "ignoreRootFs", "keep"] as const),
  ...(["ignoreVolumes", "ignoreStaticIp", "publishPorts", "pod"] as const),
];

/** Older services don't know `tcpClose` and, as with any key that they don't know, say nothing. */
function closesTcp(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 5 || (major === 5 && minor >= 8);
}

class Podman implements Engine {
  readonly kind = "podman";
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];
  private readonly transport: Transport;
  private readonly libpod: Libpod;

  constructor(transport: Transport, libpod: Libpod, version: string, rootless: boolean) {
    const root: Capability = rootless ? { can: false, ...NEEDS_ROOT } : { can: true };
    this.transport = transport;
    this.libpod = libpod;
    this.version = version;
    this.name = `Podman ${brief(version)}`;
    this.endpoint = transport.endpoint;
    this.host = transport.host;
    this.capabilities = {
      checkpoint: root,
      restore: root,
      keepsCheckpoints: false,
      archives: true,
      folders: false,
      containerImages: true,
      preCheckpoints: true,
      lists: "containers",
      checkpointOptions: ["leaveRunning", "tcpEstablished", "fileLocks", "ignoreRootFs", "keep"],
      restoreOptions: [...RESTORE_OPTIONS, ...(closesTcp(version) ? (["tcpClose"] as const) : [])],
    };
  }

  async list(work: EngineWork = {}) {
    return parsePodmanList(
      await this.libpod.ask({ method: "GET", path: ["json"], query: { all: true } }, work),
    );
  }

  async select(selector: string, work: EngineWork = {}) {
    const query = { all: true, filters: labelFilter(selector) };
    return parsePodmanList(await this.libpod.ask({ method: "GET", path: ["json"], query }, work));
  }

  async *follow(container: string, work: EngineWork = {}): AsyncIterable<string> {
    const { id, tty } = await this.inspect(container, work);
    yield* followLines(this.transport, id, tty, work);
  }

  exec(container: string, argv: readonly string[], options: ExecOptions = {}): Promise<Execution> {
    return execIn(this.transport, container, argv, options);
  }

  readonly holds = "freezer" as const;

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    return parsePodmanInspect(await this.libpod.inspect(container, work));
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const query = { force: true, timeout: 0 };
    await this.libpod.ask({ method: "DELETE", path: [container], query, about: container }, work);
  }

  /**
   * With `archive` the checkpoint is streamed into that file as an uncompressed tar, with `containerImage` it becomes
   * one; else it stays in the container's own storage, where the next restore uses it up unless `keep` is set.
   */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    if (!this.capabilities.checkpoint.can) throw engineErrors.cannot(this.capabilities.checkpoint);
    assertName(options.name);
    const { containerImage, preCheckpoint } = options;
    const archive = containerImage === undefined ? options.archive : undefined;
    if (containerImage !== undefined) assertReference(containerImage);
    if (archive !== undefined) await assertFree(archive);
    const details = await this.inspect(container, work);
    const previous = previousOf(options, details.id, "archive");
    if (preCheckpoint === true && archive === undefined) throw engineErrors.needsArchive(this.name);
    work.onProgress?.({ phase: "freezing" });
    const query = switches({
      preCheckpoint,
      withPrevious: previous !== undefined,
      export: archive !== undefined,
      leaveRunning: options.leaveRunning,
      tcpEstablished: options.tcpEstablished,
      fileLocks: options.fileLocks,
      ignoreRootFS: options.ignoreRootFs,
      keep: options.keep,
      createImage: containerImage,
    });
    const { body } = await this.libpod.runCriu(
      { method: "POST", path: [details.id, "checkpoint"], query },
      { verb: "freeze", container: details, id: details.id, checkpoint: options.name },
      work,
    );
    if (archive === undefined) {
      body.resume();
      const saved =
        containerImage === undefined
          ? ({ kind: "container" } as const)
          : ({ kind: "image", reference: containerImage } as const);
      return this.frozen(newSnapshot(this, details, saved, options), work);
    }
    const whole = previous === undefined ? body : await withPrevious(previous, body);
    await writeWhole(archive, whole, {
      signal: work.signal,
      onBytes: (bytes) => work.onProgress?.({ phase: "writing", bytes }),
      failed: (cause) => toUnreachable(this.endpoint, cause),
    });
    return this.frozen(newSnapshot(this, details, { kind: "archive", path: archive }, options), work);
  }

  /** An archive comes back as the container it was made of (`replace` removes what is left of that), or under a name. */
  async restore(
    snapshot: Snapshot,
    options: RestoreOptions = {},
    work: EngineWork = {},
  ): Promise<RestoreResult> {
    assertRestorable(this, snapshot);
    for (const name of [options.name, options.pod]) if (name !== undefined) assertName(name);
    for (const port of options.publishPorts ?? []) assertPublishedPort(port);
    const { checkpoint, container } = snapshot;
    if (checkpoint.kind === "named") throw engineErrors.badSnapshot("checkpoint.kind");
    if (checkpoint.kind === "container" && options.name !== undefined)
      throw engineErrors.cannotRestoreAs(
        "A checkpoint that stays in its container can't become a new container.",
        "Freeze into an archive to be able to do that.",
      );
    // Opened before anything is removed: without the archive there'd be nothing to come back to.
    const archive = checkpoint.kind === "archive" ? await openTar(checkpoint.path) : undefined;
    try {
      if (options.replace === true && options.name === undefined) await this.makeRoom(snapshot, work);
      work.onProgress?.({ phase: "restoring" });
      const counter = countBytes((bytes) => work.onProgress?.({ phase: "restoring", bytes }));
      const query = switches({
        import: archive !== undefined,
        name: options.name,
        tcpEstablished: options.tcpEstablished ?? snapshot.needs.includes("tcpEstablished"),
        fileLocks: options.fileLocks ?? snapshot.needs.includes("fileLocks"),
        ignoreRootFS: options.ignoreRootFs,
        keep: options.keep,
        tcpClose: options.tcpClose,
        ignoreVolumes: options.ignoreVolumes,
        // A copy has neither: both would be taken.
        ignoreStaticIP: options.ignoreStaticIp,
        ignoreStaticMAC: options.ignoreStaticIp,
        publishPorts: options.publishPorts?.join(" ") || undefined,
        pod: options.pod,
      });
      const { body } = await this.libpod.runCriu(
        {
          method: "POST",
          path: [source(snapshot), "restore"],
          query,
          ...(archive && { archive: through(archive, counter.stream) }),
        },
        {
          verb: "restore",
          container,
          // From an image or under a name it gets a new one.
          id: checkpoint.kind === "image" || options.name !== undefined ? undefined : container.id,
          checkpoint: checkpoint.kind === "archive" ? checkpoint.path : snapshot.name,
        },
        work,
      );
      const report = await this.transport.read(body, work.signal);
      // From a container image comes a new container; its id is in the report.
      const id = text(at(report, "Id")) || options.name || container.id;
      return { container: await this.inspect(id, work) };
    } finally {
      archive?.destroy();
    }
  }

  async locate(snapshot: Snapshot, work: EngineWork = {}): Promise<Readable> {
    assertMadeBy(this, snapshot);
    const { checkpoint, container } = snapshot;
    if (checkpoint.kind === "archive")
      return (await isReadable(checkpoint.path))
        ? { path: checkpoint.path }
        : { path: undefined, why: archiveGone(checkpoint.path) };
    if (checkpoint.kind !== "container") return { path: undefined, why: insideStorage("") };
    const path = text(at(await this.libpod.inspect(container.id, work), "State", "CheckpointPath"));
    return path !== "" && (await isReadable(path)) ? { path } : { path: undefined, why: insideStorage(path) };
  }

  private async frozen(snapshot: Snapshot, work: EngineWork): Promise<CheckpointResult> {
    return { snapshot, readable: await this.locate(snapshot, work) };
  }

  /** An archive brings its container along, id and name; a checkpoint in the container needs that to stay. */
  private async makeRoom({ checkpoint, container }: Snapshot, work: EngineWork): Promise<void> {
    work.onProgress?.({ phase: "stopping" });
    if (checkpoint.kind !== "container")
      return this.remove(container.id, work).catch((error: unknown) => {
        if (at(error, "code") !== "engine.noSuchContainer") throw error;
      });
    const { state } = await this.inspect(container.id, work);
    if (state !== "running") return;
    const query = { timeout: 0 };
    await this.libpod.ask({ method: "POST", path: [container.id, "stop"], query, about: container.id }, work);
  }
}

/** `[ADDRESS:][HOST:]CONTAINER[/tcp]`, as `podman container restore --publish` takes it. */
function assertPublishedPort(port: string): void {
  if (!/^([\d.]+:|\[[\da-f:]+\]:)?(\d{1,5}:)?\d{1,5}(\/(tcp|udp|sctp))?$/i.test(port))
    throw engineErrors.badPort(port);
}

/** What the restore's path names: with an archive any word does, the archive knows its container. */
function source({ checkpoint, container }: Snapshot): string {
  if (checkpoint.kind === "image") return checkpoint.reference;
  return checkpoint.kind === "archive" ? "import" : container.id;
}

/** Only the switches that are set. */
function switches(
  all: Readonly<Record<string, string | boolean | undefined>>,
): Record<string, string | boolean> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === false ? [] : [[name, value]],
    ),
  );
}
