import { pipeline } from "node:stream";
import type { Transform } from "node:stream";
import { lstat, open } from "node:fs/promises";
import type { Advice, Capability, CheckpointOptions, CheckpointResult, ContainerDetails } from "./engine.ts";
import type { Engine, EngineWork, Readable, RestoreOptions } from "./engine.ts";
import { refusal, refusalMessage, shortId } from "./answers.ts";
import type { RefusalRule } from "./answers.ts";
import type { EngineDriver } from "./driver.ts";
import { explainCriuLog } from "./criu-log.ts";
import { brief, engineErrors } from "./errors.ts";
import { assertFree, countBytes, isReadable, readLogTail, writeWhole } from "./files.ts";
import { parsePodmanInspect, parsePodmanList } from "./inspect.ts";
import { at, record, text } from "./json.ts";
import type { Snapshot } from "./snapshot.ts";
import { assertMadeBy, assertName, newSnapshot } from "./snapshots.ts";
import type { EngineAnswer, EngineRequest, Transport, WholeAnswer } from "./transport.ts";
import { toUnreachable } from "./transport.ts";

/** Podman by its own REST API, libpod; the API's version is what the service says it has. */
export const podmanDriver: EngineDriver = {
  kind: "podman",
  // Podman's service says so even on the paths that it has for Docker's clients.
  recognises: ({ headers }) => headers["libpod-api-version"] !== undefined,
  async connect(transport, { headers }, signal) {
    const api = text(headers["libpod-api-version"]);
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(api))
      throw engineErrors.badAnswer(transport.endpoint, "its API has no version");
    const base = `/v${api}/libpod`;
    const { status, content } = await transport.ask({
      method: "GET",
      path: `${base}/info`,
      signal,
      timeout: 10_000,
    });
    if (status !== 200)
      throw engineErrors.badAnswer(transport.endpoint, `status ${status} to a question about itself`);
    const version = text(at(content, "version", "Version")) || api;
    const rootless = at(content, "host", "security", "rootless") === true;
    return new Podman(transport, base, version, rootless);
  },
};

const NEEDS_ROOT: Advice = {
  code: "podman.rootless",
  sentence: "This Podman runs without root, and CRIU needs root to freeze and restore.",
  next: "Use the system's Podman: sudo systemctl start podman.socket, address unix:///run/podman/podman.sock.",
};

const RULES: readonly RefusalRule[] = [
  { status: 404, error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause) },
  {
    message: /no such container/i,
    error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause),
  },
  {
    message: /is not running, cannot checkpoint|cannot checkpoint .*not running/i,
    error: ({ container, cause }) => engineErrors.notRunning(container, cause),
  },
  {
    message: /is running or paused, cannot restore/,
    error: ({ container, cause }) => engineErrors.stillRunning(container, cause),
  },
  {
    message: /(name|ID) .*is (already )?in use/i,
    error: ({ container, cause }) => engineErrors.nameInUse(container, cause),
  },
  {
    message: /checkpoint\/restore requires at least CRIU|criu.*(executable file not found|not installed)/i,
    error: ({ cause }) => engineErrors.noCriu(cause),
  },
  {
    message: /a checkpoint for this container cannot be found|is not a checkpoint|no such image/i,
    error: ({ checkpoint, container, cause }) => engineErrors.noSuchCheckpoint(checkpoint, container, cause),
  },
];

class Podman implements Engine {
  readonly kind = "podman";
  readonly name: string;
  readonly endpoint: string;
  readonly host: string;
  readonly capabilities: Engine["capabilities"];
  private readonly transport: Transport;
  /** `/v5.4.2/libpod` */
  private readonly base: string;
  readonly version: string;

  constructor(transport: Transport, base: string, version: string, rootless: boolean) {
    const root: Capability = rootless ? { can: false, ...NEEDS_ROOT } : { can: true };
    this.transport = transport;
    this.base = base;
    this.version = version;
    this.name = `Podman ${brief(version)}`;
    this.endpoint = transport.endpoint;
    this.host = transport.host;
    this.capabilities = {
      checkpoint: root,
      restore: root,
      keepsCheckpoints: false,
      archives: true,
      checkpointOptions: ["leaveRunning", "tcpEstablished", "fileLocks", "ignoreRootFs", "keep"],
      restoreOptions: ["name", "replace", "tcpEstablished", "fileLocks", "ignoreRootFs", "keep"],
    };
  }

  async list(work: EngineWork = {}) {
    const answer = await this.ask({ method: "GET", path: "/containers/json", query: { all: true } }, work);
    return parsePodmanList(this.good(answer, ""));
  }

  async inspect(container: string, work: EngineWork = {}): Promise<ContainerDetails> {
    return parsePodmanInspect(await this.inspectRaw(container, work));
  }

  async remove(container: string, work: EngineWork = {}): Promise<void> {
    const answer = await this.ask(
      { method: "DELETE", path: `/containers/${segment(container)}`, query: { force: true, timeout: 0 } },
      work,
    );
    this.good(answer, container);
  }

  /**
   * With `archive` the checkpoint is streamed into that file as an uncompressed tar; else it stays in the container's
   * own storage, where the next restore uses it up unless `keep` is set.
   */
  async checkpoint(
    container: string,
    options: CheckpointOptions,
    work: EngineWork = {},
  ): Promise<CheckpointResult> {
    if (!this.capabilities.checkpoint.can) throw engineErrors.cannot(this.capabilities.checkpoint);
    assertName(options.name);
    const { archive } = options;
    if (archive !== undefined) await assertFree(archive);
    const details = await this.inspect(container, work);
    work.onProgress?.({ phase: "freezing" });
    const answer = await this.send(
      {
        method: "POST",
        path: `/containers/${segment(details.id)}/checkpoint`,
        query: switches({
          export: archive !== undefined,
          leaveRunning: options.leaveRunning,
          tcpEstablished: options.tcpEstablished,
          fileLocks: options.fileLocks,
          ignoreRootFS: options.ignoreRootFs,
          keep: options.keep,
        }),
        timeout: Infinity,
      },
      work,
    );
    if (answer.status !== 200) throw await this.refused("freeze", answer, details, options.name);
    const saved =
      archive === undefined
        ? ({ kind: "container" } as const)
        : ({ kind: "archive", path: archive } as const);
    if (archive === undefined) answer.body.resume();
    else
      await writeWhole(archive, answer.body, {
        signal: work.signal,
        onBytes: (bytes) => work.onProgress?.({ phase: "writing", bytes }),
        failed: (cause) => toUnreachable(this.endpoint, cause),
      });
    const snapshot = newSnapshot(this, details, saved, options);
    return { snapshot, readable: await this.locate(snapshot, work) };
  }

  async restore(snapshot: Snapshot, options: RestoreOptions = {}, work: EngineWork = {}) {
    if (!this.capabilities.restore.can) throw engineErrors.cannot(this.capabilities.restore);
    assertMadeBy(this.kind, this.name, snapshot);
    if (options.name !== undefined) assertName(options.name);
    const { checkpoint } = snapshot;
    if (checkpoint.kind === "named")
      throw engineErrors.cannotRestoreAs(
        "Podman keeps no named checkpoints.",
        "Freeze into an archive instead.",
      );
    if (checkpoint.kind === "container" && options.name !== undefined)
      throw engineErrors.cannotRestoreAs(
        "A checkpoint that stays in its container can't become a new container.",
        "Freeze into an archive to be able to do that.",
      );
    // Opened before anything is removed: without the archive there'd be nothing to come back to.
    const archive = checkpoint.kind === "archive" ? await openArchive(checkpoint.path) : undefined;
    try {
      if (options.replace === true && options.name === undefined && checkpoint.kind !== "container")
        await this.removeIfThere(snapshot.container.id, work);
      work.onProgress?.({ phase: "restoring" });
      const counter = countBytes((bytes) => work.onProgress?.({ phase: "restoring", bytes }));
      const answer = await this.send(
        {
          method: "POST",
          path: `/containers/${segment(source(snapshot))}/restore`,
          query: switches({
            import: archive !== undefined,
            name: options.name,
            tcpEstablished: options.tcpEstablished ?? snapshot.needs.includes("tcpEstablished"),
            fileLocks: options.fileLocks ?? snapshot.needs.includes("fileLocks"),
            ignoreRootFS: options.ignoreRootFs,
            keep: options.keep,
          }),
          ...(archive && { archive: through(archive, counter.stream) }),
          timeout: Infinity,
        },
        work,
      );
      if (answer.status !== 200)
        throw await this.refused("restore", answer, snapshot.container, snapshot.name);
      const restored = await this.transportRead(answer, work);
      const id = text(at(restored, "Id")) || options.name || snapshot.container.id;
      return { container: await this.inspect(id, work) };
    } finally {
      archive?.destroy();
    }
  }

  async locate(snapshot: Snapshot, work: EngineWork = {}): Promise<Readable> {
    assertMadeBy(this.kind, this.name, snapshot);
    switch (snapshot.checkpoint.kind) {
      case "archive":
        return (await isReadable(snapshot.checkpoint.path))
          ? { path: snapshot.checkpoint.path }
          : { path: undefined, why: archiveGone(snapshot.checkpoint.path) };
      case "container": {
        const raw = await this.inspectRaw(snapshot.container.id, work);
        const path = text(at(raw, "State", "CheckpointPath"));
        return path !== "" && (await isReadable(path))
          ? { path }
          : { path: undefined, why: insideStorage(path) };
      }
      default:
        return { path: undefined, why: insideStorage("") };
    }
  }

  private async inspectRaw(container: string, work: EngineWork): Promise<unknown> {
    const answer = await this.ask({ method: "GET", path: `/containers/${segment(container)}/json` }, work);
    return this.good(answer, container);
  }

  private async removeIfThere(container: string, work: EngineWork): Promise<void> {
    work.onProgress?.({ phase: "stopping" });
    await this.remove(container, work).catch((error: unknown) => {
      if (at(error, "code") !== "engine.noSuchContainer") throw error;
    });
  }

  /** Turns a refusal into an error, with CRIU's own words where the engine keeps its log and we may read it. */
  private async refused(
    verb: "freeze" | "restore",
    answer: EngineAnswer,
    container: { readonly id: string; readonly name: string },
    checkpoint: string,
  ): Promise<Error> {
    const content = await this.transportRead(answer, {});
    const message = refusalMessage({ content });
    if (/criu/i.test(message) && !/requires at least CRIU/.test(message)) {
      const failure = await this.criuFailure(verb, container.id, message);
      if (failure) return engineErrors.criuRefused(verb, failure, record(content));
    }
    const known = { status: answer.status, message, container: container.name || shortId(container.id) };
    return refusal(RULES, { ...known, checkpoint, version: this.version, cause: record(content) });
  }

  private async criuFailure(verb: "freeze" | "restore", container: string, message: string) {
    const raw = await this.inspectRaw(container, {}).catch(() => undefined);
    const log = text(at(raw, "State", verb === "freeze" ? "CheckpointLog" : "RestoreLog"));
    const tail = log === "" ? undefined : await readLogTail(log);
    return (tail === undefined ? undefined : explainCriuLog(tail, log)) ?? explainCriuLog(message);
  }

  private good({ status, content }: WholeAnswer, container: string): unknown {
    if (status >= 200 && status < 300) return content;
    const message = refusalMessage({ content });
    const known = { status, message, container: shortId(container) };
    throw refusal(RULES, { ...known, checkpoint: "", version: this.version, cause: record(content) });
  }

  private ask(request: EngineRequest, { signal }: EngineWork): Promise<WholeAnswer> {
    return this.transport.ask({ ...request, path: this.base + request.path, signal });
  }

  private send(request: EngineRequest, { signal }: EngineWork): Promise<EngineAnswer> {
    return this.transport.send({ ...request, path: this.base + request.path, signal });
  }

  private async transportRead(answer: EngineAnswer, { signal }: EngineWork): Promise<unknown> {
    return this.transport.read(answer, signal);
  }
}

/** What the restore's path names: with an archive any word does, the archive knows its container. */
function source({ checkpoint, container }: Snapshot): string {
  if (checkpoint.kind === "image") return checkpoint.reference;
  return checkpoint.kind === "archive" ? "import" : container.id;
}

function segment(nameOrId: string): string {
  return encodeURIComponent(nameOrId);
}

/** Only the switches that are set: an older Podman refuses names that it doesn't know with a value. */
function switches(
  all: Readonly<Record<string, string | boolean | undefined>>,
): Record<string, string | boolean> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === false ? [] : [[name, value]],
    ),
  );
}

/** Pipes so that a read error ends the receiver too, and with it the request. */
function through(from: NodeJS.ReadableStream, counter: Transform): Transform {
  pipeline(from, counter, () => undefined);
  return counter;
}

async function openArchive(file: string) {
  const stat = await lstat(file).catch((cause: unknown) => {
    throw engineErrors.archiveUnreadable(file, cause);
  });
  if (!stat.isFile()) throw engineErrors.notACheckpoint(file);
  const handle = await open(file).catch((cause: unknown) => {
    throw engineErrors.archiveUnreadable(file, cause);
  });
  return handle.createReadStream();
}

function archiveGone(file: string): Advice {
  return {
    code: "engine.archiveGone",
    sentence: `The archive ${brief(file)} is gone or may not be read.`,
    next: "Put it back, or remove the snapshot from the catalog.",
  };
}

function insideStorage(path: string): Advice {
  return {
    code: "podman.insideStorage",
    sentence: `The checkpoint lies in Podman's own storage${path === "" ? "" : ` (${brief(path)})`}, which you may not read.`,
    next: "Freeze into an archive to be able to open it.",
  };
}
