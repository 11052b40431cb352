import { at, list, port, record, text, texts, whole } from "./json.ts";
import { toState } from "./states.ts";
import type { Container, ContainerDetails, Mount, PublishedPort } from "./engine.ts";

/** Reads an answer of `GET /libpod/containers/json`. */
export function parsePodmanList(answer: unknown): readonly Container[] {
  return list(answer).map((item) => ({
    id: text(at(item, "Id")),
    name: texts(at(item, "Names"))[0] ?? "",
    image: text(at(item, "Image")),
    state: toState(text(at(item, "State"))),
    status: text(at(item, "Status")),
    command: texts(at(item, "Command")).join(" "),
  }));
}

/** Reads an answer of Docker's `GET /containers/json`; containers with the label `hidden` are left out. */
export function parseDockerList(answer: unknown, hidden = ""): readonly Container[] {
  const shown = list(answer).filter((item) => hidden === "" || at(item, "Labels", hidden) === undefined);
  return shown.map((item) => ({
    id: text(at(item, "Id")),
    name: plainName(texts(at(item, "Names"))[0] ?? ""),
    image: text(at(item, "Image")),
    state: toState(text(at(item, "State"))),
    status: text(at(item, "Status")),
    command: text(at(item, "Command")),
  }));
}

/** Reads an answer of Docker's `GET /containers/{id}/json`. */
export function parseDockerInspect(answer: unknown): ContainerDetails {
  const details = parsePodmanInspect(answer);
  return { ...details, name: plainName(details.name), image: text(at(answer, "Config", "Image")) };
}

/** Docker writes a slash before the name of a container. */
function plainName(name: string): string {
  return name.replace(/^\//, "");
}

/** Reads an answer of `GET /libpod/containers/{name}/json`. */
export function parsePodmanInspect(answer: unknown): ContainerDetails {
  const state = toState(text(at(answer, "State", "Status")));
  const argv = [text(at(answer, "Path")), ...texts(at(answer, "Args"))].filter((word) => word !== "");
  const pid = whole(at(answer, "State", "Pid"));
  return {
    id: text(at(answer, "Id")),
    name: text(at(answer, "Name")),
    image: text(at(answer, "ImageName")),
    state,
    status: text(at(answer, "State", "Status")),
    command: argv.join(" "),
    pid: pid === 0 ? undefined : pid,
    argv,
    environment: texts(at(answer, "Config", "Env")),
    workingDirectory: text(at(answer, "Config", "WorkingDir")),
    tty: at(answer, "Config", "Tty") === true,
    networkMode: text(at(answer, "HostConfig", "NetworkMode")),
    addresses: parseAddresses(at(answer, "NetworkSettings")),
    ports: parsePorts(at(answer, "NetworkSettings", "Ports")),
    mounts: parseMounts(at(answer, "Mounts")),
    labels: Object.fromEntries(
      Object.entries(record(at(answer, "Config", "Labels"))).map(([name, value]) => [name, text(value)]),
    ),
    exitCode: whole(at(answer, "State", "ExitCode")),
    warnings: [],
  };
}

/** `NetworkSettings` of an inspect answer; Docker and Podman write it alike. */
function parseAddresses(settings: unknown): readonly string[] {
  const networks = Object.values(record(at(settings, "Networks"))).map((network) =>
    text(at(network, "IPAddress")),
  );
  return [...new Set([text(at(settings, "IPAddress")), ...networks])].filter((address) => address !== "");
}

/** `{"9229/tcp": [{"HostIp": "0.0.0.0", "HostPort": "9329"}]}`, as Docker and Podman write it. */
function parsePorts(ports: unknown): readonly PublishedPort[] {
  return Object.entries(record(ports)).flatMap(([key, bindings]) => {
    const match = /^(\d{1,5})\/(\w+)$/.exec(key);
    const containerPort = port(match?.[1]);
    if (containerPort === undefined) return [];
    return list(bindings).flatMap((binding) => {
      const hostPort = port(at(binding, "HostPort"));
      if (hostPort === undefined) return [];
      const address = text(at(binding, "HostIp"));
      const hostAddress = address === "0.0.0.0" || address === "::" ? "" : address;
      return [{ containerPort, protocol: match?.[2] ?? "tcp", hostAddress, hostPort }];
    });
  });
}

function parseMounts(mounts: unknown): readonly Mount[] {
  return list(mounts).map((mount) => ({
    source: text(at(mount, "Source")) || text(at(mount, "Name")),
    destination: text(at(mount, "Destination")),
  }));
}
