// The Kubernetes client library's part: kubeconfig, contexts, certificates, tokens and their helpers. A bundle of its
// own, loaded when a cluster is asked for; the few calls that are needed go over plain HTTP.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage, RequestOptions } from "node:http";
import { PassThrough } from "node:stream";
import type { Readable } from "node:stream";
import { Exec, KubeConfig } from "@kubernetes/client-node";
import { engineErrors, reasonOf } from "./errors.ts";
import { text } from "./json.ts";
import { kubeErrors } from "./kube-errors.ts";

export interface KubeRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Path and query below the API server's address; its parts must be encoded already. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
}

export interface KubeCluster {
  /** Name of the context. */
  readonly context: string;
  /** The API server's address. */
  readonly server: string;
  /** Namespace of the context; `default`. */
  readonly namespace: string;
  /** Sends a request with the context's identity. Throws what the connection throws, and what a login helper says. */
  send(request: KubeRequest): Promise<IncomingMessage>;
  /**
   * Runs a command in a container and gives what it writes, no faster than it is read. The stream breaks when the
   * command fails.
   */
  output(where: KubeContainer, command: readonly string[]): Promise<Readable>;
}

export interface KubeContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** What is held of a command's output at most; then the connection waits. */
const HELD = 4 * 1024 * 1024;

/** All contexts of the kubeconfig (KUBECONFIG, ~/.kube/config, or the cluster's own when this runs in one). */
export function contexts(): readonly string[] {
  return load()
    .getContexts()
    .map(({ name }) => name);
}

/** The cluster of a context; of the current one when `context` is empty. Undefined when there is none. */
export function openCluster(context: string): KubeCluster | undefined {
  const config = load();
  if (context !== "") {
    if (config.getContextObject(context) === null) return undefined;
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null || !URL.canParse(cluster.server)) return undefined;
  const name = config.getCurrentContext();
  const server = new URL(cluster.server);
  return {
    context: name,
    server: cluster.server,
    namespace: config.getContextObject(name)?.namespace ?? "default",
    async send({ method, path, body, signal }) {
      const prefix = server.pathname.replace(/\/$/, "");
      const options: RequestOptions = {
        method,
        host: server.hostname,
        ...(server.port !== "" && { port: server.port }),
        path: `${prefix}${path}`,
        headers: {
          Accept: "application/json",
          ...(body !== undefined && { "Content-Type": "application/json" }),
        },
        ...(signal && { signal }),
      };
      await config.applyToHTTPSOptions(options);
      const dial = server.protocol === "http:" ? httpRequest : httpsRequest;
      return new Promise<IncomingMessage>((resolve, reject) => {
        const request = dial(options, resolve).once("error", reject);
        request.end(body === undefined ? undefined : JSON.stringify(body));
      });
    },
    output: (where, command) => outputOf(config, where, command),
  };
}

async function outputOf(
  config: KubeConfig,
  { namespace, pod, container }: KubeContainer,
  command: readonly string[],
): Promise<Readable> {
  const output = new PassThrough({ highWaterMark: HELD });
  // A command may fail before anyone listens; the reader asks for that (`errored`).
  output.on("error", () => undefined);
  const errors = new PassThrough();
  let said = "";
  errors.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-1000)));
  let ended = false;
  // The library ends the output at the status, before it calls us: a failure must be seen first.
  const pieces = new PassThrough({ highWaterMark: HELD });
  const socket = await new Exec(config)
    .exec(namespace, pod, container, [...command], pieces, errors, null, false, ({ status, message }) => {
      ended = true;
      if (status !== "Success")
        output.destroy(engineErrors.commandFailed(command[0] ?? "", said || (message ?? "")));
    })
    .catch((event: unknown) => {
      throw notOpened(event, namespace);
    });
  pieces.on("data", (chunk: Buffer) => {
    if (output.write(chunk)) return;
    socket.pause();
    output.once("drain", () => {
      socket.resume();
    });
  });
  pieces.on("end", () => {
    if (!output.destroyed) output.end();
  });
  socket.on("close", () => {
    if (!ended) output.destroy(engineErrors.commandFailed(command[0] ?? "", "the connection broke off"));
  });
  output.once("close", () => {
    socket.close();
  });
  return output;
}

/** The library rejects with the WebSocket's event, which is no Error; its message has the status of the API server's answer. */
function notOpened(event: unknown, namespace: string): Error {
  // A getter of the event's class.
  const said = typeof event === "object" && event !== null && "message" in event ? text(event.message) : "";
  if (/Unexpected server response: 403/.test(said)) return kubeErrors.mayNotRun(namespace);
  return engineErrors.commandFailed("The API server", said === "" ? reasonOf(event) : said, event);
}

function load(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
