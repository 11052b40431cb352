import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { readFile } from "node:fs/promises";
import type Dockerode from "dockerode";
import { engineErrors, reasonOf } from "./errors.ts";
import { engineHost, formatEndpoint } from "./endpoint.ts";
import type { Endpoint, TlsFiles } from "./endpoint.ts";
import { at, parseJson, text } from "./json.ts";

/** Answers that are read whole are cut off here: no list of containers is larger. */
const MAX_ANSWER = 64 * 1024 * 1024;
const ANSWER_TIMEOUT = 30_000;

export interface EngineRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Without the query; its parts must be encoded already. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | boolean | number>>;
  /** A tar archive as the body. */
  readonly archive?: Readable;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the headers of the answer must be there; 30 s. Infinity: as long as it takes. */
  readonly timeout?: number;
}

export interface EngineAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed when it is JSON, else the text. */
  readonly content: unknown;
}

/** HTTP to one engine: dockerode for Docker's own API, and bare requests over the same connection settings. */
export interface Transport {
  readonly endpoint: string;
  readonly host: string;
  readonly docker: Dockerode;
  /** Sends a request and gives the answer, whatever its status. Throws when no answer comes. */
  send(request: EngineRequest): Promise<EngineAnswer>;
  /** The same, with the body read (at most 64 MiB). */
  ask(request: EngineRequest): Promise<WholeAnswer>;
  /** Reads an answer's body whole (at most 64 MiB): JSON when it is, else the text. */
  read(body: IncomingMessage, signal?: AbortSignal): Promise<unknown>;
}

/** Prepares a connection; nothing is sent yet. Loads dockerode. Throws `engine.unreachable` for unreadable certificates. */
export async function openTransport(address: Endpoint): Promise<Transport> {
  const endpoint = formatEndpoint(address);
  const { default: Docker } = await import("dockerode");
  const options = await connection(address, endpoint);
  const docker = withoutDockerHost(() => new Docker(options));
  const send = (request: EngineRequest): Promise<EngineAnswer> => dial(docker, endpoint, request);
  return {
    endpoint,
    host: engineHost(address),
    docker,
    send,
    async ask(request) {
      const { status, headers, body } = await send(request);
      return { status, headers, content: await readAnswer(body, endpoint, request) };
    },
    read: (body, signal) => readAnswer(body, endpoint, { signal }),
  };
}

async function connection(address: Endpoint, endpoint: string): Promise<Dockerode.DockerOptions> {
  if (address.transport !== "tcp") return { socketPath: address.path, protocol: "http" };
  const { host, port, tls } = address;
  if (tls === undefined) return { host, port, protocol: "http" };
  const certificates = await readCertificates(tls).catch((cause: unknown) => {
    throw engineErrors.unreachable(endpoint, reasonOf(cause), cause);
  });
  return { host, port, protocol: "https", ...certificates };
}

/**
 * docker-modem's constructor mixes DOCKER_HOST and DOCKER_CERT_PATH into whatever it is given, and throws when they are
 * wrong, which would take all other engines along. It is synchronous, so nobody else sees the variable missing.
 */
function withoutDockerHost<T>(construct: () => T): T {
  const { DOCKER_HOST } = process.env;
  delete process.env.DOCKER_HOST;
  try {
    return construct();
  } finally {
    if (DOCKER_HOST !== undefined) process.env.DOCKER_HOST = DOCKER_HOST;
  }
}

async function readCertificates(tls: TlsFiles) {
  const [ca, cert, key] = await Promise.all(
    [tls.ca, tls.cert, tls.key].map((file) => (file === undefined ? undefined : readFile(file))),
  );
  return { ca, cert, key };
}

/** Any status is an answer; docker-modem would otherwise turn the unknown ones into errors without their headers. */
const ANY_STATUS: Readonly<Record<number, boolean>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [100 + index, true]),
);

function dial(docker: Dockerode, endpoint: string, request: EngineRequest): Promise<EngineAnswer> {
  const { method, path, query = {}, archive, signal, timeout = ANSWER_TIMEOUT } = request;
  const late = new AbortController();
  const timer = Number.isFinite(timeout)
    ? setTimeout(() => {
        late.abort();
      }, timeout)
    : undefined;
  // Only the user's signal may end the body: the timeout is for the headers.
  const abort = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
  return new Promise<EngineAnswer>((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    docker.modem.dial(
      {
        method,
        path: `${path}?`,
        // docker-modem cuts the last character off a path with `?` unless there are options.
        options: { _query: query, _body: {} },
        ...(archive && { file: archive, headers: { "Content-Type": "application/x-tar" } }),
        isStream: true,
        statusCodes: ANY_STATUS,
        abortSignal: abort,
      },
      (error, answer) => {
        if (error !== null || answer === null) {
          if (signal?.aborted) reject(signal.reason as Error);
          else
            reject(
              late.signal.aborted ? engineErrors.timeout(endpoint, timeout) : toUnreachable(endpoint, error),
            );
          return;
        }
        // With `isStream` and a known status docker-modem hands back the plain answer.
        const body = answer as IncomingMessage;
        resolve({ status: body.statusCode ?? 0, headers: body.headers, body });
      },
    );
  }).finally(() => {
    clearTimeout(timer);
  });
}

async function readAnswer(
  body: IncomingMessage,
  endpoint: string,
  { signal, timeout = ANSWER_TIMEOUT }: Pick<EngineRequest, "signal" | "timeout">,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = Number.isFinite(timeout)
    ? setTimeout(() => {
        body.destroy(engineErrors.timeout(endpoint, timeout));
      }, timeout)
    : undefined;
  try {
    for await (const chunk of body) {
      // An IncomingMessage without an encoding gives Buffers.
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MAX_ANSWER) throw engineErrors.badAnswer(endpoint, "it is longer than 64 MiB");
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw toUnreachable(endpoint, error);
  } finally {
    clearTimeout(timer);
  }
  const content = Buffer.concat(chunks).toString("utf8");
  return parseJson(content) ?? content;
}

/** An error of the connection (or of docker-modem) as one of ours. */
export function toUnreachable(endpoint: string, error: unknown): Error {
  if (error instanceof Error && error.name === "CryoscopeError") return error;
  switch (text(at(error, "code"))) {
    case "ENOENT":
      return engineErrors.noSocket(endpoint, error);
    case "EACCES":
    case "EPERM":
      return engineErrors.permission(endpoint, error);
    case "ECONNREFUSED":
      return engineErrors.refusedConnection(endpoint, error);
    default:
      return engineErrors.unreachable(endpoint, reasonOf(error), error);
  }
}
