import { DRIVERS } from "./drivers.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Engine } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { openTransport } from "./transport.ts";

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for each question; 5 s. */
  readonly timeout?: number;
}

/**
 * Connects to the engine at an address (a URL as `parseEndpoint` takes it). Throws `engine.badAddress`,
 * `engine.noSocket`, `engine.permission`, `engine.timeout`, `engine.badAnswer`, …
 */
export async function connectEngine(
  address: string | Endpoint,
  { signal, timeout = 5000 }: ConnectOptions = {},
): Promise<Engine> {
  const transport = await openTransport(typeof address === "string" ? parseEndpoint(address) : address);
  const ping = await transport.ask({ method: "GET", path: "/_ping", signal, timeout });
  const driver = ping.status === 200 ? DRIVERS.find((one) => one.recognises(ping)) : undefined;
  if (!driver) throw engineErrors.badAnswer(transport.endpoint, `status ${ping.status} to a sign of life`);
  return driver.connect(transport, ping, signal);
}
