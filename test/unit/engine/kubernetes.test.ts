// An API server that answers as one of Kubernetes 1.36.2 with its kubelet and containerd 2.1.9 did when it was asked the same
// (statuses, content types, bodies, the frames of exec), and refuses what the API doesn't have.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { connectEngine, freezeAll } from "../../../src/engine/index.ts";
import type { Engine } from "../../../src/engine/index.ts";

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

const TOKEN = "a-token";
const PODS = Array.from({ length: 6 }, (_, index) => ({
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

/** What the server saw that the documented API doesn't allow. */
const wrong: string[] = [];
const asked: string[] = [];
let atOnce = 0;
let mostAtOnce = 0;
let gate: "on" | "off" | "forbidden" | "unable" | "refuses" | "gone" = "on";
let mayRun = true;
/** Where the runtime says that CRIU's log lies. */
let criuLog = "";

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

function serve(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "", "http://server");
  asked.push(`${request.method ?? ""} ${url.pathname}`);
  if (request.method !== "POST") request.resume();
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    status(response, 401, "Unauthorized");
    return;
  }
  if (request.method === "POST" && url.pathname === "/api/v1/namespaces/shop/pods") {
    void createPod(request, response);
    return;
  }
  const reader = READER.exec(url.pathname);
  if (reader !== null && request.method === "DELETE") {
    readers.delete(reader[1] ?? "");
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
  if (kubelet !== null) checkpoint(request, response, url, kubelet);
  else if (request.method !== "GET") {
    wrong.push(`${request.method ?? ""} ${url.pathname}`);
    status(response, 405, "method not allowed");
  } else if (url.pathname === "/version") ok(response, { gitVersion: "v1.33.1", major: "1", minor: "33" });
  else if (url.pathname === "/api/v1/pods") pods(response, url);
  else {
    const match = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(url.pathname);
    const pod = PODS.find(({ metadata }) => metadata.namespace === match?.[1] && metadata.name === match[2]);
    if (pod === undefined) status(response, 404, `pods "${match?.[2] ?? ""}" not found`);
    else ok(response, pod);
  }
}

const READER = /^\/api\/v1\/namespaces\/shop\/pods\/(cryoscope-reader-\w+)$/;
const readers = new Map<string, { readonly hostPath: string; readonly nodeName: string }>();
/** What lies on the nodes. */
const ARCHIVE = Buffer.alloc(3 * 1024 * 1024, "frozen");

/** Takes the manifest of a pod that reads: the fields that the API requires, and no rights that it doesn't need. */
async function createPod(request: IncomingMessage, response: ServerResponse): Promise<void> {
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
  if (request.headers["content-type"] !== "application/json") wrong.push("content type of a pod");
  if (pod.apiVersion !== "v1" || pod.kind !== "Pod") wrong.push("kind of a pod");
  const { spec } = pod;
  if (!(spec.activeDeadlineSeconds > 0) || spec.restartPolicy !== "Never") wrong.push("a reader that stays");
  if (spec.automountServiceAccountToken) wrong.push("a reader with a token");
  const [container] = spec.containers;
  if (container?.securityContext.privileged === true || container?.volumeMounts[0]?.readOnly !== true)
    wrong.push("a reader that may write");
  const name = `${pod.metadata.generateName}x${readers.size}`;
  readers.set(name, { hostPath: spec.volumes[0]?.hostPath.path ?? "", nodeName: spec.nodeName });
  response.writeHead(201, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ kind: "Pod", metadata: { name, namespace: "shop" } }));
}

/** The exec call as the API has it: a WebSocket whose messages begin with the number of their stream. */
function execServer(server: Server): void {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered: Set<string>) =>
      offered.has("v4.channel.k8s.io") ? "v4.channel.k8s.io" : false,
  });
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url ?? "", "http://server");
    const pod = /\/pods\/([^/]+)\/exec$/.exec(url.pathname)?.[1] ?? "";
    if (request.headers.authorization !== `Bearer ${TOKEN}` || !readers.has(pod)) wrong.push("exec refused");
    const [program, file = ""] = url.searchParams.getAll("command");
    if (!mayRun) {
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

function pods(response: ServerResponse, { searchParams }: URL): void {
  for (const name of searchParams.keys())
    if (!["limit", "continue", "labelSelector"].includes(name)) wrong.push(`query ${name}`);
  const selector = searchParams.get("labelSelector");
  const match = selector === null ? null : /^app=(\w+)$/.exec(selector);
  if (selector !== null && match === null) {
    status(response, 400, "unable to parse requirement");
    return;
  }
  const found = PODS.filter(({ metadata }) => match === null || metadata.labels.app === match[1]);
  // Pages of two, whatever the limit: a server may give fewer than asked.
  const from = Number(searchParams.get("continue") ?? 0);
  const next = from + 2 < found.length ? { continue: String(from + 2) } : {};
  ok(response, { kind: "PodList", apiVersion: "v1", metadata: next, items: found.slice(from, from + 2) });
}

function checkpoint(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  [, node = "", namespace = "", name = "", container = ""]: readonly string[],
): void {
  const pod = PODS.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);
  const timeout = url.searchParams.get("timeout");
  if (request.method !== "POST") wrong.push(`${request.method ?? ""} on checkpoint`);
  if (timeout !== null && !/^\d+$/.test(timeout)) wrong.push(`timeout ${timeout}`);
  if (pod?.spec.nodeName !== node) wrong.push(`${name} isn't on ${node}`);
  const failed = (what: string): string =>
    `checkpointing of ${namespace}/${name}/${container} failed (rpc error: code = ${what})`;
  if (gate === "forbidden")
    status(
      response,
      403,
      `nodes "${node}" is forbidden: User "me" cannot create resource "nodes/proxy" in API group "" at the cluster scope`,
    );
  else if (gate === "off") kubeletSays(response, 404, "404 page not found\n");
  else if (gate === "gone" || pod === undefined) kubeletSays(response, 404, "pod does not exist");
  else if (container !== "main") kubeletSays(response, 404, `container ${container} does not exist`);
  else if (gate === "unable")
    kubeletSays(response, 500, failed("Unimplemented desc = method CheckpointContainer not implemented"));
  else if (gate === "refuses")
    kubeletSays(
      response,
      500,
      failed(
        `Unknown desc = checkpointing container "e8f7" failed: runc did not terminate successfully: exit status 1: criu failed: type DUMP errno 0 path= ${criuLog}`,
      ),
    );
  else {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    setTimeout(() => {
      atOnce--;
      const file = `checkpoint-${name}_${namespace}-${container}-2026-01-01T00:00:00Z.tar`;
      ok(response, { items: [`/var/lib/kubelet/checkpoints/${file}`] });
    }, 20);
  }
}

describe("Kubernetes", () => {
  let server: Server;
  let folder: string;
  let cluster: Engine;
  const before_ = process.env.KUBECONFIG;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-kube-"));
    server = createServer(serve);
    execServer(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const user = (name: string, token: string) => ({ name, user: { token } });
    const context = (name: string, who: string) => ({
      name,
      context: { cluster: "test", user: who, namespace: "shop" },
    });
    const config = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "test",
      clusters: [
        { name: "test", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
      ],
      users: [user("me", TOKEN), user("stranger", "wrong")],
      contexts: [context("test", "me"), context("stranger@test", "stranger")],
    };
    await writeFile(join(folder, "config"), JSON.stringify(config));
    process.env.KUBECONFIG = join(folder, "config");
    cluster = await connectEngine("kubernetes://");
  });
  beforeEach(() => {
    gate = "on";
    mayRun = true;
    asked.length = 0;
  });
  afterEach(() => {
    assert.deepEqual(wrong, []);
  });
  after(async () => {
    if (before_ === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = before_;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  });

  it("is the kubeconfig's current context, or the one that the address names", async () => {
    assert.equal(cluster.endpoint, "kubernetes://test");
    assert.equal(cluster.version, "v1.33.1");
    await assert.rejects(connectEngine("kubernetes://nowhere"), { code: "engine.noContext" });
    await assert.rejects(connectEngine("kubernetes://stranger%40test"), { code: "engine.notSignedIn" });
  });

  it("lists the containers of all pods, page by page", async () => {
    const all = await cluster.list();
    assert.deepEqual(
      all.map(({ id }) => id),
      PODS.map(({ metadata }) => `${metadata.namespace}/${metadata.name}/main`),
    );
    assert.equal(all[3]?.state, "created");
    assert.equal(asked.filter((one) => one === "GET /api/v1/pods").length, 3);
  });

  it("has a container frozen by the kubelet of its node, and says where the archive lies", async () => {
    const { snapshot, readable } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    assert.ok(asked.includes("POST /api/v1/nodes/node-1/proxy/checkpoint/shop/pod-1/main"));
    assert.deepEqual(snapshot.checkpoint, {
      kind: "node",
      node: "node-1",
      path: "/var/lib/kubelet/checkpoints/checkpoint-pod-1_shop-main-2026-01-01T00:00:00Z.tar",
    });
    assert.equal(snapshot.leftRunning, true);
    assert.ok(readable.path === undefined && readable.why.sentence.includes("node-1"));
  });

  it("fetches the archive by a pod on the node that can do no more than read, and removes it", async () => {
    const { snapshot } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    const archive = join(folder, "fetched.tar");
    assert.deepEqual(await cluster.fetch?.(snapshot, archive), { path: archive });
    assert.ok((await readFile(archive)).equals(ARCHIVE));
    assert.equal(readers.size, 0);
    const other = await cluster.checkpoint("shop/pod-0/main", { name: "zero" });
    await assert.rejects(cluster.fetch?.(other.snapshot, join(folder, "none.tar")) ?? Promise.resolve(), {
      code: "engine.commandFailed",
      message: /No such file/,
    });
    assert.equal(readers.size, 0);
    assert.deepEqual((await readdir(folder)).sort(), ["config", "fetched.tar"]);
  });

  it("freezes what a label selector picks, on several nodes, no more at once than allowed", async () => {
    const picked = (await cluster.select?.("app=web")) ?? [];
    assert.equal(picked.length, 4);
    mostAtOnce = 0;
    const outcomes = await freezeAll(cluster, picked, ({ name }) => ({ name: name.replace("/", "-") }), {
      atOnce: 2,
    });
    assert.equal(mostAtOnce, 2);
    assert.deepEqual(
      outcomes.map(({ problem }) => problem?.code),
      [undefined, undefined, undefined, "engine.notRunning"],
    );
  });

  it("tells missing rights, a missing feature and a failure apart", async () => {
    gate = "forbidden";
    const freeze = (): Promise<unknown> => cluster.checkpoint("shop/pod-0/main", { name: "no" });
    await assert.rejects(freeze(), { code: "engine.mayNotCheckpoint" });
    gate = "off";
    await assert.rejects(freeze(), { code: "engine.noCheckpointApi" });
    gate = "unable";
    await assert.rejects(freeze(), { code: "engine.noCheckpointApi", message: /not implemented/ });
    gate = "gone";
    await assert.rejects(freeze(), { code: "engine.noSuchContainer" });
  });

  it("says what CRIU refused, where this is the node itself, and where the log lies where it isn't", async () => {
    gate = "refuses";
    criuLog = join(folder, "criu-dump.log");
    const freeze = (): Promise<unknown> => cluster.checkpoint("shop/pod-0/main", { name: "no" });
    await assert.rejects(freeze(), { code: "engine.criuRefused" });
    await writeFile(
      criuLog,
      "(00.01) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option\n",
    );
    await assert.rejects(freeze(), { code: "engine.criuRefused", message: /open TCP connections/ });
    await rm(criuLog);
  });

  it("says which rights it takes to fetch, and removes its pod, when it may not run a command in it", async () => {
    const { snapshot } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    mayRun = false;
    await assert.rejects(cluster.fetch?.(snapshot, join(folder, "no.tar")) ?? Promise.resolve(), {
      code: "engine.mayNotRun",
      next: /get and create on pods\/exec/,
    });
    assert.equal(readers.size, 0);
  });

  it("never asks with names or selectors that would be paths or queries", async () => {
    for (const id of ["shop/../main", "shop/pod-0", "shop/pod-0/main/x", "a/b/c?d", "A/b/c"])
      await assert.rejects(cluster.checkpoint(id, { name: "no" }), { code: "engine.noSuchContainer" });
    assert.throws(() => cluster.select?.("a=b&limit=1"), { code: "engine.badSelector" });
    assert.deepEqual(asked, []);
  });

  it("can be left while it waits", async () => {
    const leave = new AbortController();
    const frozen = cluster.checkpoint("shop/pod-0/main", { name: "left" }, { signal: leave.signal });
    leave.abort();
    await assert.rejects(frozen, { name: "AbortError" });
  });
});
