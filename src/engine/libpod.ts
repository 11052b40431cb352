// Calls of libpod, Podman's own REST API, with its refusals turned into errors.
import { refusal, refusalMessage, shortId } from "./answers.ts";
import { podmanLogs } from "./criu-log-places.ts";
import { explainCriuLog, unexplained } from "./criu-log.ts";
import type { CriuFailure } from "./criu-log.ts";
import { tellingPhases } from "./criu-phases.ts";
import type { Container, EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { readLogTail } from "./files.ts";
import { at, record, text } from "./json.ts";
import { PODMAN_RULES, RUNTIME_FAILED } from "./podman-rules.ts";
import type { EngineAnswer, EngineRequest, Transport } from "./transport.ts";

export interface LibpodRequest extends Omit<EngineRequest, "signal" | "path"> {
  /** Parts of the path after `/libpod/containers/`; encoded here. */
  readonly path: readonly string[];
  /** The container that the request is about, for its errors. */
  readonly about?: string;
}

/** What is being done when a request runs CRIU. */
export interface CriuWork {
  readonly verb: "freeze" | "restore";
  readonly container: Pick<Container, "id" | "name">;
  /** Of the container that CRIU works on; undefined when Podman gives it a new one. */
  readonly id: string | undefined;
  /** The checkpoint, in the words of an error. */
  readonly checkpoint: string;
}

export interface Libpod {
  /** Asks and gives the content of the answer. Throws what a refusal means. */
  ask(request: LibpodRequest, work: EngineWork): Promise<unknown>;
  /** Runs CRIU, for as long as it takes, and gives the answer with its body still to be read. */
  runCriu(request: LibpodRequest, criu: CriuWork, work: EngineWork): Promise<EngineAnswer>;
  inspect(container: string, work: EngineWork): Promise<unknown>;
}

/**
 * `api` is the version that the service says its API has: `5.4.2`; `containers` the folder on its machine with a folder
 * for each container, empty when it isn't known.
 */
export function openLibpod(transport: Transport, api: string, version: string, containers = ""): Libpod {
  const toPath = (parts: readonly string[]): string =>
    [`/v${api}/libpod/containers`, ...parts.map(encodeURIComponent)].join("/");

  const libpod: Libpod = {
    async ask({ path, about = "", ...request }, { signal }) {
      const { status, content } = await transport.ask({ ...request, path: toPath(path), signal });
      if (status >= 200 && status < 300) return content;
      const said = { status, message: refusalMessage({ content }), cause: record(content), version };
      throw refusal(PODMAN_RULES, { ...said, container: shortId(about), checkpoint: "" });
    },
    async runCriu({ path, ...request }, criu, work) {
      const { signal } = work;
      const phase = criu.verb === "freeze" ? "freezing" : "restoring";
      // On another machine its log can't be read.
      const logs = podmanLogs(transport.host === "127.0.0.1" ? containers : "", phase, criu.id);
      const answer = await tellingPhases(logs, phase, work, () =>
        transport.send({ ...request, path: toPath(path), signal, timeout: Infinity }),
      );
      if (answer.status === 200) return answer;
      throw await refused(await transport.read(answer.body, signal), answer.status, criu);
    },
    inspect: (container, work) =>
      libpod.ask({ method: "GET", path: [container, "json"], about: container }, work),
  };

  async function refused(content: unknown, status: number, criu: CriuWork): Promise<Error> {
    const message = refusalMessage({ content });
    const cause = record(content);
    if (RUNTIME_FAILED.test(message))
      return engineErrors.criuRefused(criu.verb, await explain(criu, message), cause);
    const container = criu.container.name || shortId(criu.container.id);
    return refusal(PODMAN_RULES, { status, message, container, checkpoint: criu.checkpoint, version, cause });
  }

  /** Podman tells where the log is when the container outlives the failure; the runtime's command line names it too. */
  async function explain({ verb, container }: CriuWork, message: string): Promise<CriuFailure> {
    const raw = await libpod.inspect(container.id, {}).catch(() => undefined);
    const work = /--work-path (\S+)/.exec(message)?.[1];
    const named = /log file: (\/\S+\.log)/.exec(message)?.[1];
    const logs = [
      text(at(raw, "State", verb === "freeze" ? "CheckpointLog" : "RestoreLog")),
      named ?? "",
      work === undefined ? "" : `${work}/${verb === "freeze" ? "dump" : "restore"}.log`,
    ].filter((log) => log !== "");
    for (const log of logs) {
      const tail = await readLogTail(log);
      const failure = tail === undefined ? undefined : explainCriuLog(tail, log);
      if (failure) return failure;
    }
    return explainCriuLog(message) ?? unexplained(logs[0]);
  }

  return libpod;
}
