// Docker and Podman as far as the editor asks them: they say what the real ones say (which test/lab hears), and can be
// made to wait or to fail.
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pack } from "tar-stream";
import { dockerd, json, startStub } from "../unit/engine/stub.ts";
import type { Stub } from "../unit/engine/stub.ts";

export interface StandInContainer {
  readonly id: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A process of this machine that is looked at as the container's first. */
  readonly pid?: number;
}

export const idOf = (digit: number): string => String(digit).repeat(64);

/** What the stand-ins give as a frozen container. */
export async function frozenTar(name = "checkpoint"): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: `${name}/`, type: "directory" });
  tar.entry({ name: `${name}/inventory.img` }, "what was in its memory");
  tar.finalize();
  return buffer(tar);
}

abstract class StandIn {
  /** Freezing waits for it. */
  gate: Promise<void> = Promise.resolve();
  /** `NAME` and the query or body of each freezing. */
  readonly frozen: string[] = [];
  protected constructor(
    readonly containers: readonly StandInContainer[],
    protected readonly stub: Stub,
  ) {}

  get address(): string {
    return this.stub.address;
  }
  get requests(): readonly string[] {
    return this.stub.requests;
  }
  async stop(): Promise<void> {
    await this.stub[Symbol.asyncDispose]();
  }

  /** As `GET /containers/json` lists them, with the filter of labels. */
  protected listed(url: URL): readonly unknown[] {
    const { label = [] } = JSON.parse(url.searchParams.get("filters") ?? "{}") as { label?: string[] };
    return this.containers
      .filter(({ labels = {} }) =>
        label.every((one) => Object.entries(labels).some(([key, value]) => one === `${key}=${value}`)),
      )
      .map(({ id, name, labels = {} }) => ({
        Id: id,
        Names: [`/${name}`],
        Image: "busybox",
        ImageID: "",
        State: "running",
        Status: "Up",
        Command: "sh",
        Labels: labels,
      }));
  }

  protected find(path: string): StandInContainer | undefined {
    return this.containers.find(({ id, name }) => path.includes(`/${id}/`) || path.includes(`/${name}/`));
  }
}

export class DockerStandIn extends StandIn {
  /** What the archive call answers. */
  archive: { readonly status: number; readonly body: Buffer } = { status: 500, body: Buffer.alloc(0) };
  private readonly followers = new Set<ServerResponse>();

  static async start(containers: readonly StandInContainer[]): Promise<DockerStandIn> {
    const made: DockerStandIn[] = [];
    const stub = await startStub((request, response) => made[0]?.answer(request, response));
    return (made[0] = new DockerStandIn(containers, stub));
  }

  get followed(): number {
    return this.followers.size;
  }
  /** A line on the output of whatever is followed, with the header that Docker puts before it. */
  say(line: string): void {
    const text = Buffer.from(`${line}\n`);
    const header = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
    header.writeUInt32BE(text.length, 4);
    for (const follower of this.followers) follower.write(Buffer.concat([header, text]));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://docker");
    const path = url.pathname.replace(/^\/v[\d.]+/, "");
    const container = this.find(path);
    if (path === "/containers/json") json(response, 200, this.listed(url));
    else if (path === "/containers/create") json(response, 201, { Id: "reader" });
    else if (path === "/containers/reader/archive") {
      if (this.archive.status === 200)
        response.writeHead(200, { "Content-Type": "application/x-tar" }).end(this.archive.body);
      else json(response, this.archive.status, { message: "no space left on device" });
    } else if (request.method === "DELETE") response.writeHead(204).end();
    else if (path.endsWith("/logs")) {
      this.followers.add(response);
      response.once("close", () => this.followers.delete(response));
      response.writeHead(200).flushHeaders();
    } else if (request.method === "POST" && path.endsWith("/checkpoints") && container !== undefined)
      void this.gate.then(() => {
        this.frozen.push(container.name);
        response.writeHead(201).end();
      });
    else if (request.method === "POST" && /\/(start|stop)$/.test(path)) response.writeHead(204).end();
    else if (container !== undefined && path.endsWith("/json"))
      json(response, 200, {
        Id: container.id,
        Name: `/${container.name}`,
        State: { Status: "running", Pid: 0 },
        HostConfig: { NetworkMode: "none" },
        Config: { Image: "busybox", Labels: container.labels },
      });
    else dockerd(request, response);
  }
}

export class PodmanStandIn extends StandIn {
  static async start(containers: readonly StandInContainer[]): Promise<PodmanStandIn> {
    const made: PodmanStandIn[] = [];
    const stub = await startStub((request, response) => made[0]?.answer(request, response));
    return (made[0] = new PodmanStandIn(containers, stub));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://podman");
    const container = this.find(url.pathname);
    if (url.pathname === "/_ping") response.writeHead(200, { "Libpod-API-Version": "5.8.0" }).end("OK");
    else if (url.pathname.endsWith("/info"))
      json(response, 200, { version: { Version: "5.8.0" }, host: { security: { rootless: false } } });
    else if (url.pathname.endsWith("/libpod/containers/json")) json(response, 200, this.listed(url));
    else if (url.pathname.endsWith("/checkpoint") && container !== undefined)
      void this.gate.then(async () => {
        this.frozen.push(`${container.name} ${url.searchParams.toString()}`);
        const pre = url.searchParams.get("preCheckpoint") === "true";
        response.writeHead(200).end(await frozenTar(pre ? "pre-checkpoint" : "checkpoint"));
      });
    else if (container !== undefined)
      json(response, 200, {
        Id: container.id,
        Name: container.name,
        State: { Status: "running", Pid: container.pid ?? 0 },
      });
    else json(response, 404, { message: "no such container" });
  }
}
