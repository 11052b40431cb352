// Containers of the lab for the tests of src/engine and src/debug; both engines take Docker's own calls for this.
import { createServer } from "node:net";
import Docker from "dockerode";
import { connectEngine } from "../../src/engine/index.ts";
import type { ContainerDetails, Engine, EngineWork } from "../../src/engine/index.ts";
import { DOCKER_SOCKET, LAB_IMAGES, PODMAN_SOCKET } from "./sockets.ts";

export type LabEngine = "docker" | "podman";

const SOCKETS: Readonly<Record<LabEngine, string>> = { docker: DOCKER_SOCKET, podman: PODMAN_SOCKET };

/** Counts on its output, five steps a second. */
export const COUNTER = ["/bin/sh", "-c", "i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done"];

/** Two processes with an open TCP connection between them; prints 0 when it stands. */
export function connected(port: number): readonly string[] {
  // Not `sleep`: its one system call comes back interrupted after a restore, and it ends.
  const listen = `tail -f /dev/null | nc -l -p ${port} >/dev/null &`;
  const connect = `tail -f /dev/null | nc 127.0.0.1 ${port} >/dev/null &`;
  return ["/bin/sh", "-c", `${listen} sleep 0.5; ${connect} sleep 0.5; echo 0; wait`];
}

/** A TCP port of the loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no TCP port");
  return address.port;
}

export interface LabContainer {
  readonly image?: keyof typeof LAB_IMAGES;
  readonly command?: readonly string[];
  readonly network?: string;
  readonly environment?: readonly string[];
  /** Bind mounts, as `/here:/there`. Of what the engines see too: the lab's shared folder. */
  readonly binds?: readonly string[];
}

export function labSocket(kind: LabEngine): string {
  return SOCKETS[kind];
}

export function connectLab(kind: LabEngine): Promise<Engine> {
  return connectEngine(`unix://${SOCKETS[kind]}`);
}

function client(kind: LabEngine): Docker {
  return new Docker({ socketPath: SOCKETS[kind], host: undefined, protocol: "http" });
}

/** Starts a container in place of an old one of that name, and gives what the engine says of it. */
export async function startContainer(
  engine: Engine,
  kind: LabEngine,
  name: string,
  { image = "busybox", command = COUNTER, network = "host", environment = [], binds = [] }: LabContainer = {},
): Promise<ContainerDetails> {
  await removeContainer(kind, name);
  const [program = "", ...args] = command;
  const created = await client(kind).createContainer({
    name,
    Image: LAB_IMAGES[image],
    Entrypoint: [program],
    Cmd: args,
    Env: [...environment],
    // A shell as the first process ignores SIGTERM, and Podman would wait for it.
    StopTimeout: 0,
    HostConfig: { NetworkMode: network, Binds: [...binds] },
  });
  await created.start();
  return engine.inspect(created.id);
}

export async function stopContainer(kind: LabEngine, name: string): Promise<void> {
  await client(kind).getContainer(name).stop({ t: 0 });
}

export async function removeContainer(kind: LabEngine, name: string): Promise<void> {
  await client(kind)
    .getContainer(name)
    .remove({ force: true })
    .catch((error: unknown) => {
      if (!/no such container|no container with/i.test(String(error))) throw error;
    });
}

/** The numbers that the counter has printed so far. */
export async function counted(kind: LabEngine, name: string): Promise<readonly number[]> {
  const output = await client(kind).getContainer(name).logs({ stdout: true, stderr: false });
  // Each piece of output has a header of 8 bytes; digits and newlines are all that the counter writes itself.
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= output.length;) {
    const length = output.readUInt32BE(at + 4);
    pieces.push(output.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces)
    .toString("latin1")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
}

/** Waits until `ask` gives something, for at most `timeout` milliseconds: long, since the machine may be busy. */
export async function until<T>(ask: () => Promise<T | undefined>, timeout = 50_000): Promise<T> {
  const end = performance.now() + timeout;
  for (;;) {
    const got = await ask();
    if (got !== undefined) return got;
    if (performance.now() > end) throw new Error(`not within ${timeout} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The counter's last number once it has printed at least `count` numbers. */
export function countedAtLeast(kind: LabEngine, name: string, count: number): Promise<number> {
  return until(async () => {
    const numbers = await counted(kind, name);
    return numbers.length >= count ? numbers.at(-1) : undefined;
  });
}

/** The names of the processes in a checkpoint, as its images have them. */
export async function frozenProcesses(path: string): Promise<readonly string[]> {
  // Loaded by the tests alone that look into images.
  const { openTree } = await import("../../src/archive/index.ts");
  const { openCheckpoint } = await import("../../src/checkpoint/index.ts");
  const checkpoint = await openCheckpoint(await openTree(path));
  try {
    return checkpoint.processes.map(({ comm }) => comm);
  } finally {
    await checkpoint.close();
  }
}

/** Gathers what an engine tells of CRIU meanwhile: `freezing: memory`. */
export function phasesTold(): { readonly told: string[]; readonly work: EngineWork } {
  const told: string[] = [];
  return {
    told,
    work: {
      onProgress: ({ phase, criu }) => {
        if (criu !== undefined) told.push(`${phase}: ${criu}`);
      },
    },
  };
}

/** A command with so much memory that a freeze takes a while; prints 0 when it has it. */
export const LARGE = [
  "/bin/busybox",
  "sh",
  "-c",
  "x=$(head -c 134217728 /dev/zero | tr '\\0' x); echo 0; while true; do sleep 1; done",
];

/** How many containers there are, also such as the engine's list leaves out. */
export async function containerCount(kind: LabEngine): Promise<number> {
  return (await client(kind).listContainers({ all: true })).length;
}

export async function removeImage(reference: string): Promise<void> {
  await client("podman").getImage(reference).remove({ force: true });
}
