/**
 * Kubernetes' CRI over a runtime's socket, and crictl's commands made of it: Debian has no crictl. What it prints has the
 * form that the real one printed (test/fixtures/crictl).
 */
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { join } from "node:path";
import protobuf from "protobufjs";
import type { RunResult } from "../../src/engine/index.ts";

type Message = Readonly<Record<string, unknown>>;

const TYPES = protobuf.loadSync(join(import.meta.dirname, "cri.proto"));
/** Requests and answers by the method's name in `runtime.v1.RuntimeService`. */
const METHODS = {
  Version: ["Nothing", "VersionResponse"],
  RunPodSandbox: ["RunPod", "PodId"],
  StopPodSandbox: ["PodId", "Nothing"],
  RemovePodSandbox: ["PodId", "Nothing"],
  PodSandboxStatus: ["PodId", "PodStatusResponse"],
  CreateContainer: ["CreateContainer", "ContainerId"],
  StartContainer: ["ContainerId", "Nothing"],
  ListContainers: ["Nothing", "Containers"],
  ContainerStatus: ["ContainerStatusRequest", "ContainerStatusResponse"],
  CheckpointContainer: ["Checkpoint", "Nothing"],
} as const;
const TIMEOUT = 30_000;

/** Calls one method. Throws an Error with gRPC's words: `rpc error: code = 2 desc = …`. */
export async function callCri(
  socket: string,
  method: keyof typeof METHODS,
  request: Message,
): Promise<Message> {
  const [asked, answered] = METHODS[method];
  const body = TYPES.lookupType(`runtime.v1.${asked}`)
    .encode(TYPES.lookupType(`runtime.v1.${asked}`).fromObject(request))
    .finish();
  const session = connectHttp2("http://localhost", { createConnection: () => connect(socket) });
  try {
    const stream = session.request(
      {
        ":method": "POST",
        ":path": `/runtime.v1.RuntimeService/${method}`,
        "content-type": "application/grpc",
        te: "trailers",
      },
      { signal: AbortSignal.timeout(TIMEOUT) },
    );
    const failed = once(session, "error").then(([error]) => Promise.reject(error as Error));
    // gRPC's frame: not compressed, the length, the message.
    const frame = Buffer.alloc(5 + body.length);
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, 5);
    stream.end(frame);
    let status: Message = {};
    stream.on("trailers", (trailers: Message) => (status = trailers));
    stream.on("response", (headers: Message) => {
      if (headers["grpc-status"] !== undefined) status = headers;
    });
    const answer = Buffer.concat(await Promise.race([stream.toArray() as Promise<Buffer[]>, failed]));
    if (String(status["grpc-status"]) !== "0") {
      const words = decodeURIComponent(String(status["grpc-message"] ?? ""));
      throw new Error(`rpc error: code = ${String(status["grpc-status"])} desc = ${words}`);
    }
    const type = TYPES.lookupType(`runtime.v1.${answered}`);
    return type.toObject(type.decode(answer.subarray(5)), { longs: String, defaults: true });
  } finally {
    session.destroy();
  }
}

const STATES = ["CONTAINER_CREATED", "CONTAINER_RUNNING", "CONTAINER_EXITED", "CONTAINER_UNKNOWN"];

/** Runs `crictl --runtime-endpoint unix://SOCKET …` with the commands that src/engine/crictl.ts has. */
export async function crictl(args: readonly string[]): Promise<RunResult> {
  const [option, endpoint = "", ...rest] = args;
  if (option !== "--runtime-endpoint" || !endpoint.startsWith("unix:///"))
    throw new Error(`crictl doesn't know ${args.join(" ")}`);
  const socket = endpoint.slice("unix://".length);
  const words = rest[0] === "--timeout" ? rest.slice(2) : rest;
  try {
    return { code: 0, stdout: await command(socket, words), stderr: "" };
  } catch (error) {
    const said = JSON.stringify(error instanceof Error ? error.message : String(error));
    return { code: 1, stdout: "", stderr: `time="2026-01-01T00:00:00Z" level=fatal msg=${said}\n` };
  }
}

async function command(socket: string, words: readonly string[]): Promise<string> {
  const id = words.at(-1) ?? "";
  switch (words.slice(0, -1).join(" ") || words[0]) {
    case "version": {
      const { runtimeName, runtimeVersion } = await callCri(socket, "Version", {});
      return `Version:  0.1.0\nRuntimeName:  ${String(runtimeName)}\nRuntimeVersion:  ${String(runtimeVersion)}\nRuntimeApiVersion:  v1\n`;
    }
    case "ps --all --output": {
      const { containers } = await callCri(socket, "ListContainers", {});
      const named = (containers as readonly Message[]).map((one) => ({
        ...one,
        state: STATES[one["state"] as number],
      }));
      return JSON.stringify({ containers: named });
    }
    case "inspect --output json": {
      const answer = await callCri(socket, "ContainerStatus", { containerId: id, verbose: true });
      // What the runtime tells more is JSON already.
      const { info } = answer["info"] as Readonly<Record<string, string>>;
      return JSON.stringify({ status: answer["status"], info: JSON.parse(info ?? "{}") as unknown });
    }
    case "inspectp --output json": {
      const { status } = await callCri(socket, "PodSandboxStatus", { podSandboxId: id });
      const { network, linux } = status as { network: Message; linux: { namespaces: { options: Message } } };
      const options = { network: linux.namespaces.options["network"] === 2 ? "NODE" : "POD" };
      return JSON.stringify({ status: { network, linux: { namespaces: { options } } } });
    }
    default: {
      const location = /^--export=(\/.*)$/.exec(words[1] ?? "")?.[1];
      if (words[0] !== "checkpoint" || location === undefined || words.length !== 3)
        throw new Error(`crictl doesn't know ${words.join(" ")}`);
      await callCri(socket, "CheckpointContainer", { containerId: id, location }).catch((error: unknown) => {
        throw new Error(`checkpointing the container "${id}" failed: ${(error as Error).message}`);
      });
      return `${id}\n`;
    }
  }
}
