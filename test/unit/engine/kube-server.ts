// An API server that answers as one of Kubernetes 1.36.2 with its kubelet and containerd 2.1.9 did when it was asked the same
// (statuses, content types, bodies, the frames of exec), and refuses what the API doesn't have.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import { TOKEN } from "./kube-stub.ts";

interface Connection {
  send(bytes: Buffer): void;
  close(): void;
}

/** Of `ws`, which comes with the Kubernetes library and has no types of its own; only what is used here. */
const { WebSocketServer } = createRequire(import.meta.url)("ws") as {
  readonly WebSocketServer: new (options: object) => {
    handleUpgrade(
      request: IncomingMessage,
      socket: Duplex,
      head: Buffer,
      done: (connection: Connection) => void,
    ): void;
  };
};

export const PODS = Array.from({ length: 6 }, (_, index) => ({
  metadata: {
    namespace: index < 4 ? "shop" : "kube-system",
    name: `pod-${index}`,
    labels: { app: index < 4 ? "web" : "system" },
  },
  spec: { nodeName: `node-${index % 2}`, containers: [{ name: "main", image: "busybox", command: ["sh"] }] },
  status: {
    podIP: `10.0.0.${index}`,
    containerStatuses: [{ name: "main", state: index === 3 ? { waiting: {} } : { running: {} } }],
  },
}));

const READER = /^\/api\/v1\/namespaces\/shop\/pods\/(cryoscope-reader-\w+)$/;
/** What lies on the nodes. */
export const ARCHIVE = Buffer.alloc(3 * 1024 * 1024, "frozen");

const REASONS: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
};

/** The API server's own words. */
function status(response: ServerResponse, code: number, message: string): void {
  const said = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
  response.writeHead(code, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ ...said, reason: REASONS[code], details: {}, code }));
}

/** A kubelet's, which the API server hands on. */
function kubeletSays(response: ServerResponse, code: number, message: string): void {
  response.writeHead(code, { "Content-Type": "text/plain; charset=utf-8" }).end(message);
}

function ok(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

/** Some pods on two nodes, and the kubelets that freeze them. */
export class ApiServer {
  /** What it saw that the documented API doesn't allow. */
  readonly wrong: string[] = [];
  readonly asked: string[] = [];
  /** The pods that read archives, by name. */
  readonly readers = new Map<string, { readonly hostPath: string; readonly nodeName: string }>();
  mostAtOnce = 0;
  /** How the kubelets take it to freeze. */
  gate: "on" | "off" | "forbidden" | "unable" | "refuses" | "gone" = "on";
  mayRun = true;
  /** What the nodes' clocks show, in RFC 3339. */
  clock = (): string => "2026-01-01T00:00:00Z";
  /** Where the runtime says that CRIU's log lies. */
  criuLog = "";
  private atOnce = 0;

  serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://server");
    this.asked.push(`${request.method ?? ""} ${url.pathname}`);
    if (request.method !== "POST") request.resume();
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      status(response, 401, "Unauthorized");
      return;
    }
    if (request.method === "POST" && url.pathname === "/api/v1/namespaces/shop/pods") {
      void this.createPod(request, response);
      return;
    }
    const reader = READER.exec(url.pathname);
    if (reader !== null && request.method === "DELETE") {
      this.readers.delete(reader[1] ?? "");
      ok(response, { kind: "Status", status: "Success" });
      return;
    }
    if (reader !== null && request.method === "GET") {
      ok(response, { metadata: { name: reader[1] }, status: { phase: "Running" } });
      return;
    }
    const kubelet = /^\/api\/v1\/nodes\/([^/]+)\/proxy\/checkpoint\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(
      url.pathname,
    );
    if (kubelet !== null) this.checkpoint(request, response, url, kubelet);
    else if (request.method !== "GET") {
      this.wrong.push(`${request.method ?? ""} ${url.pathname}`);
      status(response, 405, "method not allowed");
    } else if (url.pathname === "/version") ok(response, { gitVersion: "v1.33.1", major: "1", minor: "33" });
    else if (url.pathname === "/api/v1/pods") this.pods(response, url);
    else {
      const match = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(url.pathname);
      const pod = PODS.find(
        ({ metadata }) => metadata.namespace === match?.[1] && metadata.name === match[2],
      );
      if (pod === undefined) status(response, 404, `pods "${match?.[2] ?? ""}" not found`);
      else ok(response, pod);
    }
  }

  /** The exec call as the API has it: a WebSocket whose messages begin with the number of their stream. */
  answerExec(server: Server): void {
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered: Set<string>) =>
        offered.has("v4.channel.k8s.io") ? "v4.channel.k8s.io" : false,
    });
    server.on("upgrade", (request, socket, head) => {
      const url = new URL(request.url ?? "", "http://server");
      const pod = /\/pods\/([^/]+)\/exec$/.exec(url.pathname)?.[1] ?? "";
      if (request.headers.authorization !== `Bearer ${TOKEN}` || !this.readers.has(pod))
        this.wrong.push("exec refused");
      const [program, file = ""] = url.searchParams.getAll("command");
      if (!this.mayRun) {
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
        return;
      }
      sockets.handleUpgrade(request, socket, head, (connection: Connection) => {
        const send = (stream: number, bytes: Buffer): void => {
          connection.send(Buffer.concat([Buffer.from([stream]), bytes]));
        };
        // Each stream is opened by a message without bytes.
        send(1, Buffer.alloc(0));
        send(2, Buffer.alloc(0));
        if (program === "cat" && file.includes("pod-1")) {
          for (let at = 0; at < ARCHIVE.length; at += 65_536) send(1, ARCHIVE.subarray(at, at + 65_536));
          send(3, Buffer.from('{"metadata":{},"status":"Success"}'));
        } else {
          send(2, Buffer.from(`cat: can't open '${file}': No such file or directory\n`));
          const message = `command terminated with non-zero exit code: error executing command [cat ${file}], exit code 1`;
          const causes = [{ reason: "ExitCode", message: "1" }];
          const said = {
            metadata: {},
            status: "Failure",
            message,
            reason: "NonZeroExitCode",
            details: { causes },
          };
          send(3, Buffer.from(JSON.stringify(said)));
        }
        connection.close();
      });
    });
  }

  /** Takes the manifest of a pod that reads: the fields that the API requires, and no rights that it doesn't need. */
  private async createPod(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat((await request.toArray()) as Buffer[]).toString("utf8");
    // What the code under test has sent; each field is checked below.
    const pod = JSON.parse(body) as {
      apiVersion: string;
      kind: string;
      metadata: { generateName: string };
      spec: {
        nodeName: string;
        restartPolicy: string;
        activeDeadlineSeconds: number;
        automountServiceAccountToken: boolean;
        containers: { volumeMounts: { readOnly: boolean }[]; securityContext: { privileged?: boolean } }[];
        volumes: { hostPath: { path: string } }[];
      };
    };
    if (request.headers["content-type"] !== "application/json") this.wrong.push("content type of a pod");
    if (pod.apiVersion !== "v1" || pod.kind !== "Pod") this.wrong.push("kind of a pod");
    const { spec } = pod;
    if (!(spec.activeDeadlineSeconds > 0) || spec.restartPolicy !== "Never")
      this.wrong.push("a reader that stays");
    if (spec.automountServiceAccountToken) this.wrong.push("a reader with a token");
    const [container] = spec.containers;
    if (container?.securityContext.privileged === true || container?.volumeMounts[0]?.readOnly !== true)
      this.wrong.push("a reader that may write");
    const name = `${pod.metadata.generateName}x${this.readers.size}`;
    this.readers.set(name, { hostPath: spec.volumes[0]?.hostPath.path ?? "", nodeName: spec.nodeName });
    response.writeHead(201, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ kind: "Pod", metadata: { name, namespace: "shop" } }));
  }

  private pods(response: ServerResponse, { searchParams }: URL): void {
    for (const name of searchParams.keys())
      if (!["limit", "continue", "labelSelector"].includes(name)) this.wrong.push(`query ${name}`);
    const selector = searchParams.get("labelSelector");
    const match = selector === null ? null : /^app=(\w+)$/.exec(selector);
    if (selector !== null && match === null) {
      // Of its selector.go, for a parenthesis that isn't closed.
      status(response, 400, "unable to parse requirement: found '', expected: ',' or ')'");
      return;
    }
    const found = PODS.filter(({ metadata }) => match === null || metadata.labels.app === match[1]);
    // Pages of two, whatever the limit: a server may give fewer than this.asked.
    const from = Number(searchParams.get("continue") ?? 0);
    const next = from + 2 < found.length ? { continue: String(from + 2) } : {};
    ok(response, { kind: "PodList", apiVersion: "v1", metadata: next, items: found.slice(from, from + 2) });
  }

  private checkpoint(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    [, node = "", namespace = "", name = "", container = ""]: readonly string[],
  ): void {
    const pod = PODS.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
    const timeout = url.searchParams.get("timeout");
    if (request.method !== "POST") this.wrong.push(`${request.method ?? ""} on checkpoint`);
    if (timeout !== null && !/^\d+$/.test(timeout)) this.wrong.push(`timeout ${timeout}`);
    if (pod?.spec.nodeName !== node) this.wrong.push(`${name} isn't on ${node}`);
    const failed = (what: string): string =>
      `checkpointing of ${namespace}/${name}/${container} failed (rpc error: code = ${what})`;
    if (this.gate === "forbidden")
      status(
        response,
        403,
        `nodes "${node}" is forbidden: User "me" cannot create resource "nodes/proxy" in API group "" at the cluster scope`,
      );
    else if (this.gate === "off") kubeletSays(response, 404, "404 page not found\n");
    else if (this.gate === "gone" || pod === undefined) kubeletSays(response, 404, "pod does not exist");
    else if (container !== "main") kubeletSays(response, 404, `container ${container} does not exist`);
    else if (this.gate === "unable")
      kubeletSays(response, 500, failed("Unimplemented desc = method CheckpointContainer not implemented"));
    else if (this.gate === "refuses")
      kubeletSays(
        response,
        500,
        failed(
          `Unknown desc = checkpointing container "e8f7" failed: runc did not terminate successfully: exit status 1: criu failed: type DUMP errno 0 path= ${this.criuLog}`,
        ),
      );
    else {
      this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
      const file = `checkpoint-${name}_${namespace}-${container}-${this.clock()}.tar`;
      setTimeout(() => {
        this.atOnce--;
        ok(response, { items: [`/var/lib/kubelet/checkpoints/${file}`] });
      }, 20);
    }
  }
}
