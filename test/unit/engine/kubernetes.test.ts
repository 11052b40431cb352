import assert from "node:assert/strict";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectEngine, freezeAll } from "../../../src/engine/index.ts";
import type { Engine } from "../../../src/engine/index.ts";
import { ApiServer, ARCHIVE, PODS } from "./kube-server.ts";
import { startKubeStub } from "./kube-stub.ts";
import type { KubeStub } from "./kube-stub.ts";

describe("Kubernetes", () => {
  const api = new ApiServer();
  let stub: KubeStub;
  let cluster: Engine;

  before(async () => {
    stub = await startKubeStub((request, response) => {
      api.serve(request, response);
    });
    api.answerExec(stub.server);
    cluster = await connectEngine("kubernetes://");
  });
  beforeEach(() => {
    api.gate = "on";
    api.mayRun = true;
    api.clock = () => "2026-01-01T00:00:00Z";
    api.asked.length = 0;
  });
  afterEach(() => {
    assert.deepEqual(api.wrong, []);
  });
  after(() => stub[Symbol.asyncDispose]());

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
    assert.equal(api.asked.filter((one) => one === "GET /api/v1/pods").length, 3);
  });

  it("has a container frozen by the kubelet of its node, and says where the archive lies", async () => {
    const { snapshot, readable } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    assert.ok(api.asked.includes("POST /api/v1/nodes/node-1/proxy/checkpoint/shop/pod-1/main"));
    assert.deepEqual(snapshot.checkpoint, {
      kind: "node",
      node: "node-1",
      path: "/var/lib/kubelet/checkpoints/checkpoint-pod-1_shop-main-2026-01-01T00:00:00Z.tar",
    });
    assert.equal(snapshot.leftRunning, true);
    assert.ok(readable.path === undefined && readable.why.sentence.includes("node-1"));
  });

  it("lets no two archives of a container have one name, which has no more than seconds in it", async () => {
    api.clock = () => new Date().toISOString().replace(/\.\d+/, "");
    const freeze = async (): Promise<unknown> =>
      (await cluster.checkpoint("shop/pod-1/main", { name: "again" })).snapshot.checkpoint;
    const first = freeze();
    await assert.rejects(freeze(), { code: "engine.isFreezing", message: /shop\/pod-1\/main/ });
    const other = cluster.checkpoint("shop/pod-2/main", { name: "other" });
    const made = [await first, await freeze(), await freeze()];
    assert.equal(new Set(made.map((each) => JSON.stringify(each))).size, 3, JSON.stringify(made));
    await other;
  });

  it("gives no archive the name of one whose freezing was left, which the kubelet may still write", async () => {
    api.clock = () => new Date().toISOString().replace(/\.\d+/, "");
    const leave = new AbortController();
    const freeze = (work = {}) => cluster.checkpoint("shop/pod-1/main", { name: "left" }, work);
    const left = freeze({ signal: leave.signal });
    while (api.asked.every((line) => !line.includes("/proxy/checkpoint/"))) await sleep(1);
    const second = api.clock();
    leave.abort();
    await assert.rejects(left, { name: "AbortError" });
    await assert.rejects(freeze(), { code: "engine.isFreezing" });
    for (const end = Date.now() + 30_000; Date.now() < end; await sleep(50)) {
      const made = await freeze().catch((error: unknown) => error as { readonly code?: string });
      if ("code" in made) continue;
      assert.ok("snapshot" in made && !JSON.stringify(made.snapshot.checkpoint).includes(second));
      return;
    }
    assert.fail("it is never free again");
  });

  it("fetches the archive by a pod on the node that can do no more than read, and removes it", async () => {
    const { snapshot } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    const archive = join(stub.folder, "fetched.tar");
    assert.deepEqual(await cluster.fetch?.(snapshot, archive), { path: archive });
    assert.ok((await readFile(archive)).equals(ARCHIVE));
    assert.equal(api.readers.size, 0);
    const other = await cluster.checkpoint("shop/pod-0/main", { name: "zero" });
    await assert.rejects(
      cluster.fetch?.(other.snapshot, join(stub.folder, "none.tar")) ?? Promise.resolve(),
      {
        code: "engine.commandFailed",
        message: /No such file/,
      },
    );
    assert.equal(api.readers.size, 0);
    assert.deepEqual((await readdir(stub.folder)).sort(), ["config", "fetched.tar"]);
  });

  it("freezes what a label selector picks, on several nodes, no more at once than allowed", async () => {
    const picked = (await cluster.select?.("app=web")) ?? [];
    assert.equal(picked.length, 4);
    api.mostAtOnce = 0;
    const outcomes = await freezeAll(cluster, picked, ({ name }) => ({ name: name.replace("/", "-") }), {
      atOnce: 2,
    });
    assert.equal(api.mostAtOnce, 2);
    assert.deepEqual(
      outcomes.map(({ problem }) => problem?.code),
      [undefined, undefined, undefined, "engine.notRunning"],
    );
  });

  it("tells missing rights, a missing feature and a failure apart", async () => {
    api.gate = "forbidden";
    const freeze = (): Promise<unknown> => cluster.checkpoint("shop/pod-0/main", { name: "no" });
    await assert.rejects(freeze(), { code: "engine.mayNotCheckpoint" });
    api.gate = "off";
    await assert.rejects(freeze(), { code: "engine.noCheckpointApi" });
    api.gate = "unable";
    await assert.rejects(freeze(), { code: "engine.noCheckpointApi", message: /not implemented/ });
    api.gate = "gone";
    await assert.rejects(freeze(), { code: "engine.noSuchContainer" });
  });

  it("says what CRIU refused, where this is the node itself, and where the log lies where it isn't", async () => {
    api.gate = "refuses";
    api.criuLog = join(stub.folder, "criu-dump.log");
    const freeze = (): Promise<unknown> => cluster.checkpoint("shop/pod-0/main", { name: "no" });
    await assert.rejects(freeze(), { code: "engine.criuRefused" });
    await writeFile(
      api.criuLog,
      "(00.01) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option\n",
    );
    await assert.rejects(freeze(), { code: "engine.criuRefused", message: /open TCP connections/ });
    await rm(api.criuLog);
  });

  it("says which rights it takes to fetch, and removes its pod, when it may not run a command in it", async () => {
    const { snapshot } = await cluster.checkpoint("shop/pod-1/main", { name: "one" });
    api.mayRun = false;
    await assert.rejects(cluster.fetch?.(snapshot, join(stub.folder, "no.tar")) ?? Promise.resolve(), {
      code: "engine.mayNotRun",
      next: /get and create on pods\/exec/,
    });
    assert.equal(api.readers.size, 0);
  });

  it("never asks with names or selectors that would be paths or queries", async () => {
    for (const id of ["shop/../main", "shop/pod-0", "shop/pod-0/main/x", "a/b/c?d", "A/b/c"])
      await assert.rejects(cluster.checkpoint(id, { name: "no" }), { code: "engine.noSuchContainer" });
    await assert.rejects(async () => cluster.select?.("a=b&limit=1"), { code: "engine.badSelector" });
    assert.deepEqual(api.asked, []);
  });

  it("tells what the server finds wrong with a label selector", async () => {
    await assert.rejects(async () => cluster.select?.("app in (web"), {
      code: "engine.badSelector",
      message:
        /"app in \(web" is not a label selector: unable to parse requirement: found '', expected: ',' or '\)'/,
    });
  });

  it("can be left while it waits", async () => {
    const leave = new AbortController();
    const frozen = cluster.checkpoint("shop/pod-0/main", { name: "left" }, { signal: leave.signal });
    leave.abort();
    await assert.rejects(frozen, { name: "AbortError" });
  });
});
