// Calls of Docker's API, with its refusals turned into errors.
import { refusal, refusalMessage, shortId } from "./answers.ts";
import { criuFailure } from "./docker-log.ts";
import { readEngineFile } from "./docker-read.ts";
import { DOCKER_RULES } from "./docker-rules.ts";
import type { EngineWork } from "./engine.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { engineErrors, reasonOf } from "./errors.ts";
import { at, text, whole } from "./json.ts";
import { toUnreachable } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** What a call is about, for its errors. */
export interface About {
  readonly container?: string;
  readonly checkpoint?: string;
  /** Milliseconds; 30 s. Infinity for what CRIU does. */
  readonly timeout?: number;
}

export interface Abortable {
  readonly abortSignal?: AbortSignal;
}

export interface DockerCalls {
  /** A question, asked with bounds on time and size. */
  get(
    path: string,
    query: Readonly<Record<string, boolean | string>>,
    about: About,
    work: EngineWork,
  ): Promise<unknown>;
  /** A call through dockerode; `run` passes on what it is given. */
  call<T>(about: About, work: EngineWork, run: (abort: Abortable) => Promise<T>): Promise<T>;
  /** `DockerRootDir`, asked once: the answer takes seconds on some machines. */
  dataRoot(work: EngineWork): Promise<string>;
}

export function openDockerCalls(transport: Transport, version: string): DockerCalls {
  let root: string | undefined;

  const calls: DockerCalls = {
    async get(path, query, about, { signal }) {
      const answer = await transport.ask({ method: "GET", path, query, signal });
      if (answer.status === 200) return answer.content;
      throw refuse(about, answer.status, refusalMessage(answer), undefined);
    },
    async call(about, { signal }, run) {
      signal?.throwIfAborted();
      try {
        return await atMost(run(signal === undefined ? {} : { abortSignal: signal }), about, signal);
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw await translate(error, about);
      }
    },
    async dataRoot(work) {
      root ??= text(at(await calls.get("/info", {}, {}, work), "DockerRootDir"));
      return root;
    },
  };

  /** dockerode waits for ever when an answer breaks off in the middle, whatever the signal says. */
  async function atMost<T>(work: Promise<T>, { timeout = 30_000 }: About, signal?: AbortSignal): Promise<T> {
    const over = new AbortController();
    const timer = Number.isFinite(timeout)
      ? setTimeout(() => {
          over.abort(engineErrors.timeout(transport.endpoint, timeout));
        }, timeout)
      : undefined;
    const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    const left = new Promise<never>((_resolve, reject) => {
      either.addEventListener("abort", () => {
        reject(either.reason as Error);
      });
    });
    try {
      return await Promise.race([work, left]);
    } finally {
      clearTimeout(timer);
    }
  }

  async function translate(error: unknown, about: About): Promise<Error> {
    if (error instanceof CryoscopeError) return error;
    const status = whole(at(error, "statusCode"));
    if (status === undefined) return toUnreachable(transport.endpoint, error);
    const message = text(at(error, "json", "message")) || reasonOf(error);
    const id = about.container ?? "";
    const failure = await criuFailure(
      message,
      id,
      () => calls.dataRoot({}),
      async (log) => {
        const path = `/containers/${encodeURIComponent(id)}/json`;
        const details = await calls.get(path, {}, about, {}).catch(() => undefined);
        return readEngineFile(transport, text(at(details, "Image")), log);
      },
    );
    return failure
      ? engineErrors.criuRefused(failure.verb, failure, error)
      : refuse(about, status, message, error);
  }

  function refuse(
    { container = "", checkpoint = "" }: About,
    status: number,
    message: string,
    cause: unknown,
  ) {
    return refusal(DOCKER_RULES, {
      status,
      message,
      container: shortId(container),
      checkpoint,
      version,
      cause,
    });
  }

  return calls;
}
