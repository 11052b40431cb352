// A small HTTP server on a Unix socket, for the failures that real engines can't be made to have.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Stub extends AsyncDisposable {
  readonly socket: string;
  readonly address: string;
  readonly folder: string;
  /** `METHOD path?query`, in order. */
  readonly requests: string[];
}

/** Serves until disposed. `answer` may leave a request without an answer. */
export async function startStub(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Stub> {
  const folder = await mkdtemp(join(tmpdir(), "cryoscope-stub-"));
  const socket = join(folder, "engine.sock");
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    request.resume();
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    address: `unix://${socket}`,
    folder,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { "Content-Type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export const CONTAINER_ID = "0123456789abcdef".repeat(4);

/** Answers as dockerd does when nothing is wrong: ping, version, info, and one container that exited. */
export function dockerd(
  request: IncomingMessage,
  response: ServerResponse,
  { version = "26.1.5", experimental = "true", networkMode = "none", status = "exited" } = {},
): void {
  const path = (request.url ?? "").split("?")[0] ?? "";
  const headers = { "Api-Version": "1.45", "Docker-Experimental": experimental };
  if (path === "/_ping") response.writeHead(200, headers).end("OK");
  else if (path === "/version") json(response, 200, { Version: version, Os: "linux" });
  else if (path === "/info") json(response, 200, { DockerRootDir: "/nowhere" });
  else if (path.endsWith("/json"))
    json(response, 200, {
      Id: CONTAINER_ID,
      Name: "/one",
      State: { Status: status, Pid: 0 },
      HostConfig: { NetworkMode: networkMode },
      Config: { Image: "busybox" },
    });
  else json(response, 404, { message: "page not found" });
}
