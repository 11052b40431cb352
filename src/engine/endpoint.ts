import { engineErrors } from "./errors.ts";

/** Files of a client certificate, as `docker context` and DOCKER_CERT_PATH name them. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where an engine listens. */
export type Endpoint =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "npipe"; readonly path: string }
  | { readonly transport: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles };

const DEFAULT_PORT = { plain: 2375, tls: 2376 };

/**
 * Reads an address: `unix:///path`, `/path`, `npipe:////./pipe/name`, `tcp://host[:port]`, `http(s)://…`, `host:port`.
 * Throws `engine.badAddress`, and `engine.sshUnsupported` for `ssh://`.
 */
export function parseEndpoint(address: string, tls?: TlsFiles): Endpoint {
  const trimmed = address.trim();
  if (/^ssh:\/\//i.test(trimmed)) throw engineErrors.sshUnsupported(trimmed);
  const unix = /^(?:unix:\/\/)?(\/.*)$/i.exec(trimmed);
  if (unix?.[1] !== undefined && unix[1].length > 1) return { transport: "unix", path: unix[1] };
  const pipe = /^npipe:\/\/(.+)$/i.exec(trimmed);
  if (pipe?.[1] !== undefined) return { transport: "npipe", path: pipe[1] };
  return parseTcp(trimmed, tls);
}

/** The address as a URL, the same for the same endpoint. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.transport !== "tcp") return `${endpoint.transport}://${endpoint.path}`;
  return `tcp://${endpoint.host}:${endpoint.port}`;
}

/** Where ports opened on the engine's machine are reached: for a socket of this machine, its loopback address. */
export function engineHost(endpoint: Endpoint): string {
  return endpoint.transport === "tcp" ? endpoint.host.replace(/^\[|\]$/g, "") : "127.0.0.1";
}

function parseTcp(address: string, tls: TlsFiles | undefined): Endpoint {
  const secure = tls !== undefined || /^https:/i.test(address);
  const rest = address.replace(/^(tcp|https?):\/\//i, "");
  // An http URL of the rest drops the port when it is 80, so the port is read by hand.
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\/?$/i.exec(rest);
  const port = match?.[2] === undefined ? DEFAULT_PORT[secure ? "tls" : "plain"] : Number(match[2]);
  if (match?.[1] === undefined || port < 1 || port > 65535) throw engineErrors.badAddress(address);
  return { transport: "tcp", host: match[1], port, ...(secure && { tls: tls ?? {} }) };
}
