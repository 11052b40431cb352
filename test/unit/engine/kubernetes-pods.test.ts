// Whole pods: an API server that has PodCheckpoint objects as they are documented (KEP-5823; kubernetes.io, "Checkpoint
// and restore Pods") and refuses what the documents don't allow: fields of the other version, a pod that isn't the
// frozen one's template, rights that are missing.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { connectEngine } from "../../../src/engine/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { startKubeStub } from "./kube-stub.ts";
import type { KubeStub } from "./kube-stub.ts";

/** The two forms that the alpha has had: which fields its spec knows, and how a pod names what it is restored from. */
const FORMS = [
  {
    group: "checkpoint.k8s.io/v1alpha1",
    fields: ["sourcePodName", "sourcePodUID", "timeoutSeconds"],
    source: (spec: Body) => [spec.sourcePodName, spec.sourcePodUID],
    restoreFrom: (value: unknown) => (typeof value === "string" ? value : undefined),
  },
  {
    group: "node.k8s.io/v1alpha1",
    fields: ["sourcePod", "timeoutSeconds", "checkpointOptions"],
    source: ({ sourcePod }: Body) => [
      (sourcePod as Body | undefined)?.name,
      (sourcePod as Body | undefined)?.uid,
    ],
    restoreFrom: (value: unknown) => {
      const name = typeof value === "object" && value !== null ? (value as Body).name : undefined;
      return typeof name === "string" ? name : undefined;
    },
  },
] as const;

type Body = Record<string, unknown>;
interface ApiObject {
  readonly metadata: Body & { name?: string; generateName?: string };
  readonly spec: Body;
  status?: Body;
}

const SPEC = {
  containers: [
    { name: "main", image: `registry.example/web@sha256:${"a".repeat(64)}`, command: ["web"] },
    { name: "log", image: `registry.example/log@sha256:${"b".repeat(64)}` },
  ],
  terminationGracePeriodSeconds: 30,
};

/** A cluster of one namespace, `shop`, with one pod, `web`. */
class Cluster {
  readonly wrong: string[] = [];
  readonly pods = new Map<string, ApiObject>();
  readonly checkpoints = new Map<string, ApiObject>();
  form: (typeof FORMS)[number] | undefined = FORMS[0];
  /** What the kubelet makes of the next checkpoint. */
  kubelet: "completes" | "fails" | "sleeps" = "completes";
  mayRestore = true;
  private uid = 0;

  constructor() {
    this.pods.set("web", this.running("web", "uid-of-web", SPEC));
  }

  private running(name: string, uid: string, spec: Body): ApiObject {
    return {
      metadata: { name, namespace: "shop", uid, labels: { app: "web" } },
      spec: { ...spec, nodeName: "node-1" },
      status: {
        phase: "Running",
        containerStatuses: SPEC.containers.map((one) => ({ name: one.name, state: { running: {} } })),
      },
    };
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://server");
    const sent = Buffer.concat((await request.toArray()) as Buffer[]).toString("utf8");
    const body =
      sent === "" ? undefined : (JSON.parse(sent) as ApiObject & { apiVersion: string; kind: string });
    const answer = (code: number, content: unknown): void => {
      response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(content));
    };
    const refuse = (code: number, message: string): void => {
      answer(code, { kind: "Status", apiVersion: "v1", status: "Failure", message, code });
    };
    const method = request.method ?? "";
    if (body !== undefined && request.headers["content-type"] !== "application/json")
      this.wrong.push("content type");
    if (pathname === "/version") return answer(200, { gitVersion: "v1.37.0" });
    const group = this.form?.group ?? "none";
    if (method === "GET" && pathname === `/apis/${group}`)
      return answer(200, {
        kind: "APIResourceList",
        groupVersion: group,
        resources: [{ name: "podcheckpoints", namespaced: true, kind: "PodCheckpoint", verbs: ["create"] }],
      });
    const objects = `/apis/${group}/namespaces/shop/podcheckpoints`;
    const pods = "/api/v1/namespaces/shop/pods";
    for (const [path, kept] of [
      [objects, this.checkpoints],
      [pods, this.pods],
    ] as const) {
      if (pathname === path && method === "GET") return answer(200, { items: [...kept.values()] });
      const name = pathname.startsWith(`${path}/`) ? pathname.slice(path.length + 1) : undefined;
      if (name === undefined) continue;
      const found = kept.get(name);
      if (found === undefined) return refuse(404, `${name} not found`);
      if (method === "DELETE") {
        if (path === pods && !/^[1-9]/.test(searchParams.get("gracePeriodSeconds") ?? "30"))
          this.wrong.push("a pod is taken out of the cluster without waiting for its node");
        kept.delete(name);
        return answer(200, found);
      }
      if (method === "GET") return answer(200, this.seen(found));
    }
    if (method === "POST" && body !== undefined && pathname === objects)
      return this.freeze(body, answer, refuse);
    if (method === "POST" && body !== undefined && pathname === pods) return this.start(body, answer, refuse);
    if (method !== "GET") this.wrong.push(`${method} ${pathname}`);
    refuse(404, "the server could not find the requested resource");
  }

  /** The kubelet has worked meanwhile: pending at the first look, done at the next. */
  private seen(object: ApiObject): unknown {
    const now = structuredClone(object);
    if (object.status?.conditions === undefined || this.kubelet === "sleeps") return now;
    const done = { status: "True", reason: "CheckpointCompleted" };
    const failed = {
      status: "False",
      reason: "CheckpointFailed",
      message: "CRI: CheckpointPod is unimplemented",
    };
    object.status = {
      nodeName: "node-1",
      checkpointLocation: { type: "NodeLocal", nodeLocal: { path: "checkpoint-one" } },
      checkpointedPodTemplate: { metadata: { labels: { app: "web" } }, spec: SPEC },
      conditions: [{ type: "Ready", ...(this.kubelet === "completes" ? done : failed) }],
    };
    return now;
  }

  private freeze(
    body: ApiObject & { apiVersion: string; kind: string },
    answer: (code: number, content: unknown) => void,
    refuse: (code: number, message: string) => void,
  ): void {
    const { form } = this;
    if (body.apiVersion !== form?.group || body.kind !== "PodCheckpoint")
      return refuse(400, "apiVersion or kind");
    const unknown = Object.keys(body.spec).filter((name) => !form.fields.some((field) => field === name));
    // Field validation is strict for what isn't an old client.
    if (unknown.length > 0)
      return refuse(400, `strict decoding error: unknown field "spec.${unknown[0] ?? ""}"`);
    const [pod, uid] = form.source(body.spec);
    if (pod !== "web" || uid !== "uid-of-web") return refuse(422, "spec.sourcePod: Required value");
    const prefix = body.metadata.generateName ?? "";
    if (!/^[a-z0-9][a-z0-9-]{0,57}$/.test(prefix)) return refuse(422, `metadata.generateName: ${prefix}`);
    const name = `${prefix}x${++this.uid}`;
    const conditions = [{ type: "Ready", status: "False", reason: "Pending" }];
    const made = { ...body, metadata: { ...body.metadata, name }, status: { conditions } };
    this.checkpoints.set(name, made);
    answer(201, made);
  }

  private start(
    body: ApiObject & { apiVersion: string; kind: string },
    answer: (code: number, content: unknown) => void,
    refuse: (code: number, message: string) => void,
  ): void {
    const { restoreFrom, ...spec } = body.spec;
    const from = this.form?.restoreFrom(restoreFrom);
    if (body.apiVersion !== "v1" || body.kind !== "Pod") return refuse(400, "apiVersion or kind");
    if (from === undefined)
      return refuse(400, "json: cannot unmarshal into Go struct field PodSpec.spec.restoreFrom");
    if (!this.mayRestore) return refuse(403, `podcheckpoints "${from}" is forbidden: no verb restore`);
    if (!this.checkpoints.has(from)) return refuse(404, `podcheckpoints "${from}" not found`);
    // Admission compares with the frozen template, field by field.
    if (!isDeepStrictEqual(spec, SPEC))
      return refuse(422, "spec: differs from the checkpointed pod template");
    const name = body.metadata.name ?? "";
    if (this.pods.has(name)) return refuse(409, "already exists");
    this.pods.set(name, this.running(name, `uid-${++this.uid}`, body.spec));
    answer(201, this.pods.get(name));
  }
}

for (const form of FORMS)
  describe(`whole pods of Kubernetes (${form.group})`, () => {
    let stub: KubeStub;
    let cluster: Cluster;
    let engine: Engine;

    before(async () => {
      stub = await startKubeStub((request, response) => void cluster.serve(request, response));
    });
    beforeEach(async () => {
      cluster = new Cluster();
      cluster.form = form;
      engine = await connectEngine("kubernetes://");
    });
    afterEach(() => {
      assert.deepEqual(cluster.wrong, []);
    });
    after(() => stub[Symbol.asyncDispose]());

    const freeze = () => engine.checkpoint("shop/web/main", { name: "Before_it.broke", wholePod: true });

    it("are offered where the cluster's discovery has them, and nowhere else", async () => {
      assert.deepEqual(engine.capabilities.restore, { can: true });
      assert.deepEqual(engine.capabilities.checkpointOptions, ["wholePod"]);
      cluster.form = undefined;
      const without = await connectEngine("kubernetes://");
      assert.equal(without.capabilities.restore.can, false);
      assert.deepEqual(without.capabilities.checkpointOptions, []);
      await assert.rejects(without.checkpoint("shop/web/main", { name: "no", wholePod: true }), {
        code: "engine.cannot",
      });
    });

    it("are frozen by their kubelet, and it is said where and by whom the files can be read", async () => {
      const { snapshot, readable } = await freeze();
      assert.deepEqual(snapshot.checkpoint, { kind: "named", id: "before-it-broke-x1" });
      assert.ok(readable.path === undefined && /node-1.*checkpoint-one/.test(readable.why.sentence));
      assert.deepEqual(await engine.listCheckpoints?.("shop/web/main"), ["before-it-broke-x1"]);
      await assert.rejects(engine.fetch?.(snapshot, join(stub.folder, "none.tar")) ?? Promise.resolve(), {
        code: "engine.cannot",
      });
    });

    it("come back as a new pod of the frozen template", async () => {
      const { snapshot } = await freeze();
      const { container } = await engine.restore(snapshot, { name: "web-again" });
      assert.equal(container.id, "shop/web-again/main");
      assert.equal(container.state, "running");
      assert.deepEqual([...cluster.pods.keys()], ["web", "web-again"]);
      assert.deepEqual(cluster.pods.get("web-again")?.metadata.labels, { app: "web" });
    });

    it("take the place of a pod only when that is asked for", async () => {
      const { snapshot } = await freeze();
      await assert.rejects(engine.restore(snapshot), { code: "engine.stillRunning" });
      assert.equal(cluster.pods.get("web")?.metadata.uid, "uid-of-web");
      await engine.restore(snapshot, { replace: true });
      assert.notEqual(cluster.pods.get("web")?.metadata.uid, "uid-of-web");
      await assert.rejects(engine.restore(snapshot, { name: "../nodes" }), { code: "engine.badName" });
    });

    it("that can't be frozen leave no object behind, and the runtime's reason is told", async () => {
      cluster.kubelet = "fails";
      await assert.rejects(freeze(), {
        code: "engine.podNotFrozen",
        message: /CheckpointPod is unimplemented/,
      });
      assert.equal(cluster.checkpoints.size, 0);
      cluster.kubelet = "sleeps";
      const leave = new AbortController();
      const left = engine.checkpoint(
        "shop/web/main",
        { name: "left", wholePod: true },
        { signal: leave.signal },
      );
      setTimeout(() => {
        leave.abort();
      }, 50);
      await assert.rejects(left, { name: "AbortError" });
      assert.equal(cluster.checkpoints.size, 0);
    });

    it("aren't restored without the right to, or when their checkpoint is gone", async () => {
      const { snapshot } = await freeze();
      cluster.mayRestore = false;
      await assert.rejects(engine.restore(snapshot, { name: "again" }), {
        code: "engine.mayNotRestorePods",
        message: /no verb restore/,
      });
      await engine.deleteCheckpoint?.("shop/web/main", "before-it-broke-x1");
      assert.equal(cluster.checkpoints.size, 0);
      await assert.rejects(engine.restore(snapshot, { name: "again" }), { code: "engine.noSuchCheckpoint" });
    });
  });
