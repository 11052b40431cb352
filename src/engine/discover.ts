import { realpath } from "node:fs/promises";
import { toCryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import { candidates } from "./candidates.ts";
import type { Candidate, Surroundings } from "./candidates.ts";
import { connectEngine, programAddress } from "./connect.ts";
import { PROGRAM_DRIVERS } from "./drivers.ts";
import { formatEndpoint, parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Engine } from "./engine.ts";
import { thisMachine } from "./machine.ts";
import type { Machine } from "./program-driver.ts";

export interface DiscoverOptions extends Partial<Surroundings> {
  /** Addresses from the settings; they come first. */
  readonly endpoints?: readonly string[];
  readonly signal?: AbortSignal;
  /** Milliseconds that each address has for each answer; 3 s. */
  readonly timeout?: number;
  /** Where programs (runc, crun, criu) are looked for; this machine. */
  readonly machine?: Machine;
}

/** What stands at an address that was tried. */
export type DiscoveredEngine = {
  /** Where the address comes from: `settings`, `DOCKER_HOST`, `Docker context "x"`, `usual place`. */
  readonly source: string;
  readonly endpoint: string;
} & (
  | { readonly engine: Engine; readonly problem: undefined }
  | { readonly engine: undefined; readonly problem: CryoscopeError }
);

/** Codes that mean "nothing is there", which is no problem at an address that nobody asked for. */
const ABSENT: readonly string[] = [
  "engine.noSocket",
  "engine.refusedConnection",
  "engine.noProgram",
  "engine.noCri",
];

/**
 * Tries all addresses that the settings, the environment, the Docker context and custom name; side by side. Never
 * throws: an address that can't be used is given with its problem; usual places where nothing is are left out.
 */
export async function discoverEngines(options: DiscoverOptions = {}): Promise<readonly DiscoveredEngine[]> {
  const environment = options.environment ?? process.env;
  const platform = options.platform ?? process.platform;
  const machine = options.machine ?? thisMachine(environment);
  const sockets = await candidates(options.endpoints ?? [], {
    environment,
    platform,
    ...(options.home !== undefined && { home: options.home }),
  });
  const all = [...sockets, ...(platform === "linux" ? await programs(machine) : [])];
  const seen = new Set<string>();
  const fresh: {
    candidate: Candidate;
    endpoint: Endpoint | string | undefined;
    problem: CryoscopeError | undefined;
  }[] = [];
  for (const candidate of all) {
    const parsed = parse(candidate);
    const key = parsed.endpoint === undefined ? candidate.address : await identity(parsed.endpoint);
    if (seen.has(key)) continue;
    seen.add(key);
    fresh.push({ candidate, ...parsed });
  }
  const found = await Promise.all(
    fresh.map(({ candidate, endpoint, problem }) =>
      probe(candidate, endpoint, problem, { ...options, machine }),
    ),
  );
  return found.filter((one) => one !== undefined);
}

async function programs(machine: Machine): Promise<readonly Candidate[]> {
  const addresses = await Promise.all(PROGRAM_DRIVERS.map((driver) => driver.usual(machine)));
  return addresses.flat().map((address) => ({ source: "usual place", address, usual: true }));
}

async function probe(
  candidate: Candidate,
  endpoint: Endpoint | string | undefined,
  problem: CryoscopeError | undefined,
  { signal, timeout = 3000, machine }: DiscoverOptions,
): Promise<DiscoveredEngine | undefined> {
  const address =
    endpoint === undefined || typeof endpoint === "string" ? candidate.address : formatEndpoint(endpoint);
  const found = { source: candidate.source, endpoint: address };
  if (endpoint === undefined || problem !== undefined)
    return problem && { ...found, engine: undefined, problem };
  try {
    const engine = await connectEngine(endpoint, {
      timeout,
      ...(signal && { signal }),
      ...(machine && { machine }),
    });
    return { ...found, engine, problem: undefined };
  } catch (error) {
    const why = toCryoscopeError(error);
    return candidate.usual && ABSENT.includes(why.code)
      ? undefined
      : { ...found, engine: undefined, problem: why };
  }
}

function parse(candidate: Candidate): {
  endpoint: Endpoint | string | undefined;
  problem: CryoscopeError | undefined;
} {
  if (candidate.problem) return { endpoint: undefined, problem: candidate.problem };
  if (programAddress(candidate.address)) return { endpoint: candidate.address, problem: undefined };
  try {
    return { endpoint: parseEndpoint(candidate.address, candidate.tls), problem: undefined };
  } catch (error) {
    return { endpoint: undefined, problem: toCryoscopeError(error) };
  }
}

/** The same for two addresses of one socket: /var/run is usually a link to /run. */
async function identity(endpoint: Endpoint | string): Promise<string> {
  if (typeof endpoint === "string") return endpoint;
  if (endpoint.transport !== "unix") return formatEndpoint(endpoint);
  return `unix://${await realpath(endpoint.path).catch(() => endpoint.path)}`;
}
