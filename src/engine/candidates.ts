// Where engines may listen: what the settings, the environment and the Docker context say, and the usual places.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CryoscopeError } from "../bytes/index.ts";
import { engineErrors } from "./errors.ts";
import type { TlsFiles } from "./endpoint.ts";
import { at, parseJson, text } from "./json.ts";

/** What of the process's surroundings matters here; given by tests. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home?: string;
}

/** An address to try. */
export interface Candidate {
  readonly source: string;
  readonly address: string;
  readonly tls?: TlsFiles;
  /** Nobody asked for it: it is no problem when nothing is there. */
  readonly usual: boolean;
  /** Why there is no address to try. */
  readonly problem?: CryoscopeError;
}

const MAX_CONFIG = 1024 * 1024;

/** All addresses, the ones that were asked for first. */
export async function candidates(
  settings: readonly string[],
  { environment, platform, home = homedir() }: Surroundings,
): Promise<readonly Candidate[]> {
  const { DOCKER_HOST, CONTAINER_HOST } = environment;
  const tls = environmentTls(environment);
  // As in the docker command: DOCKER_HOST wins over the context.
  const context = DOCKER_HOST ? [] : await contextCandidate(environment, home);
  return [
    ...settings.filter((address) => address.trim() !== "").map((address) => asked("settings", address)),
    ...(DOCKER_HOST ? [{ ...asked("DOCKER_HOST", DOCKER_HOST), ...(tls && { tls }) }] : []),
    ...(CONTAINER_HOST ? [asked("CONTAINER_HOST", CONTAINER_HOST)] : []),
    ...context,
    ...usualPlaces(environment, platform, home).map((address) => ({
      source: "usual place",
      address,
      usual: true,
    })),
  ];
}

function asked(source: string, address: string): Candidate {
  return { source, address, usual: false };
}

function usualPlaces(
  environment: Surroundings["environment"],
  platform: NodeJS.Platform,
  home: string,
): readonly string[] {
  if (platform === "win32")
    return ["npipe:////./pipe/docker_engine", "npipe:////./pipe/podman-machine-default"];
  const runtime = environment.XDG_RUNTIME_DIR;
  const own = runtime ? [join(runtime, "podman/podman.sock"), join(runtime, "docker.sock")] : [];
  const paths = [
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
    ...own,
    join(home, ".docker/run/docker.sock"),
  ];
  return paths.map((path) => `unix://${path}`);
}

function environmentTls({
  DOCKER_TLS_VERIFY,
  DOCKER_CERT_PATH,
}: Surroundings["environment"]): TlsFiles | undefined {
  if (!DOCKER_TLS_VERIFY) return undefined;
  return DOCKER_CERT_PATH ? inFolder(DOCKER_CERT_PATH) : {};
}

function inFolder(folder: string): Required<TlsFiles> {
  return { ca: join(folder, "ca.pem"), cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
}

/** The context that `docker context use` chose: `~/.docker/contexts/meta/<sha256 of its name>/meta.json`. */
async function contextCandidate(
  environment: Surroundings["environment"],
  home: string,
): Promise<readonly Candidate[]> {
  const folder = environment.DOCKER_CONFIG ?? join(home, ".docker");
  const config = await readJson(join(folder, "config.json"));
  const name = environment.DOCKER_CONTEXT ?? text(at(config, "currentContext"));
  if (name === "" || name === "default") return [];
  const source = `Docker context "${name}"`;
  const hash = createHash("sha256").update(name).digest("hex");
  const address = text(
    at(await readJson(join(folder, "contexts/meta", hash, "meta.json")), "Endpoints", "docker", "Host"),
  );
  if (address === "") return [{ ...asked(source, name), problem: engineErrors.badContext(name) }];
  const tls = inFolder(join(folder, "contexts/tls", hash, "docker"));
  const hasTls = await isFile(tls.ca);
  const isTcp = /^(tcp|https):/i.test(address);
  return [{ ...asked(source, address), ...(isTcp && hasTls && { tls }) }];
}

async function readJson(file: string): Promise<unknown> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  );
  if (size === undefined || size > MAX_CONFIG) return undefined;
  return parseJson(await readFile(file, "utf8").catch(() => ""));
}

function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
}
