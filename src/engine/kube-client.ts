// The Kubernetes client library's part: kubeconfig, contexts, certificates, tokens and their helpers. A bundle of its
// own, loaded when a cluster is asked for; the few calls that are needed go over plain HTTP.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { IncomingMessage, RequestOptions } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";

export interface KubeRequest {
  readonly method: "GET" | "POST";
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
}

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
    async send({ method, path, signal }) {
      const prefix = server.pathname.replace(/\/$/, "");
      const options: RequestOptions = {
        method,
        host: server.hostname,
        ...(server.port !== "" && { port: server.port }),
        path: `${prefix}${path}`,
        headers: { Accept: "application/json" },
        ...(signal && { signal }),
      };
      await config.applyToHTTPSOptions(options);
      const dial = server.protocol === "http:" ? httpRequest : httpsRequest;
      return new Promise<IncomingMessage>((resolve, reject) => {
        dial(options, resolve).once("error", reject).end();
      });
    },
  };
}

function load(): KubeConfig {
  const config = new KubeConfig();
  config.loadFromDefault();
  return config;
}
