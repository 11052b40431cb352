import { DRIVERS, PROGRAM_DRIVERS } from "./drivers.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Engine } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { thisMachine } from "./machine.ts";
import type { Machine, ProgramDriver } from "./program-driver.ts";
import { openTransport } from "./transport.ts";

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds for each question; 5 s. */
  readonly timeout?: number;
  /** Where programs (`runc://`, `criu://`) are run; this machine. */
  readonly machine?: Machine;
}

/** `runc:///run/runc` and the like, taken apart; undefined for addresses of sockets. */
export function programAddress(
  address: string,
): { readonly driver: ProgramDriver; readonly path: string } | undefined {
  const match = /^([a-z][a-z0-9]*):(?:\/\/)?(.*)$/i.exec(address.trim());
  const driver = PROGRAM_DRIVERS.find(({ kind }) => kind === match?.[1]?.toLowerCase());
  return driver && { driver, path: match?.[2] ?? "" };
}

/**
 * Connects to the engine at an address (a URL as `parseEndpoint` takes it, or `runc:///run/runc`, `crun:///run/crun`,
 * `criu://`). Throws `engine.badAddress`, `engine.noSocket`, `engine.permission`, `engine.timeout`, `engine.badAnswer`,
 * `engine.noProgram`, …
 */
export async function connectEngine(
  address: string | Endpoint,
  { signal, timeout = 5000, machine = thisMachine() }: ConnectOptions = {},
): Promise<Engine> {
  const program = typeof address === "string" ? programAddress(address) : undefined;
  if (program) return program.driver.connect(program.path, machine, signal);
  const transport = await openTransport(typeof address === "string" ? parseEndpoint(address) : address);
  const ping = await transport.ask({ method: "GET", path: "/_ping", signal, timeout });
  const driver = ping.status === 200 ? DRIVERS.find((one) => one.recognises(ping)) : undefined;
  if (!driver) throw engineErrors.badAnswer(transport.endpoint, `status ${ping.status} to a sign of life`);
  return driver.connect(transport, ping, signal);
}
