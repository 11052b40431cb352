import type * as EngineFace from "../engine/index.ts";
import type { DiscoveredEngine, Engine } from "../engine/index.ts";
import { cliErrors } from "./errors.ts";

/** What the command line uses of the engines: a bundle of their own, loaded when a command needs it. */
export type Engines = typeof EngineFace;

export function loadEngines(): Promise<Engines> {
  return import("../engine/index.ts");
}

/**
 * The engine that `wanted` names: by its address (`unix:///run/podman/podman.sock`, `runc:///run/runc`), or by its kind
 * when one of that kind is found. Throws `cli.usage` when none or several are, and why one can't be used.
 */
export async function chooseEngine(engines: Engines, wanted: string, command: string): Promise<Engine> {
  if (/[:/]/.test(wanted)) return engines.connectEngine(wanted);
  const found = await engines.discoverEngines();
  const [first, second] = found.filter(({ engine }) => engine?.kind === wanted);
  if (second !== undefined)
    throw cliErrors.usage(`There are several engines "${wanted}": name one by its address.`, command);
  if (first?.engine !== undefined) return first.engine;
  const names = [...new Set(found.map(nameOf))].join(", ");
  throw cliErrors.usage(`There is no engine "${wanted}"; found: ${names === "" ? "none" : names}.`, command);
}

function nameOf({ engine, endpoint }: DiscoveredEngine): string {
  return engine?.kind ?? endpoint;
}
