import assert from "node:assert/strict";
import { connectEngine } from "../../../src/engine/index.ts";
import type { Snapshot } from "../../../src/engine/index.ts";
import { CONTAINER_ID, dockerd, json, startStub } from "./stub.ts";

const CONTENT = `failed to upload checkpoint to containerd: commit failed: content sha256:${"a".repeat(64)}: already exists`;
const NETWORK =
  "failed to create task: bind-mount /proc/0/ns/net -> /run/docker/netns/0123456789ab: no such file or directory: unknown";

function snapshotOf(
  endpoint: string,
  checkpoint: Snapshot["checkpoint"] = { kind: "named", id: "one" },
): Snapshot {
  return {
    format: 1,
    id: "1",
    name: "one",
    note: "",
    time: "2026-01-01T00:00:00Z",
    engine: { kind: "docker", version: "26.1.5", endpoint },
    container: { id: CONTAINER_ID, name: "one", image: "busybox" },
    checkpoint,
    leftRunning: false,
    needs: [],
  };
}

// What the real daemons can't be made to do at will; all else is in the lab's tests.
describe("Docker", () => {
  it("is asked again, without the user noticing, while the last checkpoint is being cleaned up", async () => {
    let left = 3;
    await using stub = await startStub((request, response) => {
      if (request.method !== "POST") dockerd(request, response);
      else if (left-- > 0) json(response, 500, { message: CONTENT });
      else response.writeHead(204).end();
    });
    const docker = await connectEngine(stub.address);
    await docker.restore(snapshotOf(docker.endpoint));
    const starts = stub.requests.filter((line) => line.startsWith("POST"));
    assert.deepEqual(starts, Array(4).fill(`POST /containers/${CONTAINER_ID}/start?checkpoint=one`));
  });

  it("that never finishes cleaning up is told after some seconds, and can be left before", async () => {
    await using stub = await startStub((request, response) => {
      if (request.method === "POST") json(response, 500, { message: CONTENT });
      else dockerd(request, response);
    });
    const docker = await connectEngine(stub.address);
    await assert.rejects(docker.restore(snapshotOf(docker.endpoint)), { code: "engine.contentExists" });
    const signal = AbortSignal.timeout(120);
    await assert.rejects(docker.restore(snapshotOf(docker.endpoint), {}, { signal }), /abort|timeout/i);
  });

  it("waits before it stops a container when another client has just frozen one, and not otherwise", async () => {
    let made = 0;
    const other = Date.now();
    await using stub = await startStub((request, response) => {
      if (request.method === "POST") {
        made = Date.now();
        response.writeHead(201).end();
      } else if (request.url?.startsWith("/events") === true) {
        const event = (time: number): string =>
          JSON.stringify({ Action: "checkpoint", timeNano: `@${time}` });
        // As dockerd writes them: one after the other, with a number that is too large for JavaScript.
        const lines = [event(other - 900), event(other)].map((line) => line.replace(/"@(\d+)"/, "$1000000"));
        response.writeHead(200).end(lines.join("\n"));
      } else dockerd(request, response, { status: "running" });
    });
    const docker = await connectEngine(stub.address);
    await docker.checkpoint(CONTAINER_ID, { name: "stopping" });
    assert.ok(made - other >= 290, String(made - other));
    const asked = stub.requests.filter((line) => line.includes("/events"));
    assert.equal(asked.length, 1);
    assert.match(decodeURIComponent(asked[0] ?? ""), /"event":\["checkpoint","start"\]/);
    // One that lets it run on can be made again, so nobody is asked.
    await docker.checkpoint(CONTAINER_ID, { name: "live", leaveRunning: true });
    assert.equal(stub.requests.filter((line) => line.includes("/events")).length, 1);
  });

  it("says that a container was lost when Docker stopped it and had no room for the checkpoint", async () => {
    let first = true;
    await using stub = await startStub((request, response) => {
      if (request.method !== "POST") dockerd(request, response, { status: "running" });
      else if (first) {
        first = false;
        json(response, 500, { message: CONTENT });
      } else json(response, 409, { message: `container ${CONTAINER_ID} is not running` });
    });
    const docker = await connectEngine(stub.address);
    await assert.rejects(docker.checkpoint(CONTAINER_ID, { name: "lost" }), {
      code: "engine.checkpointLost",
      next: /Start the container anew/,
    });
  });

  it("starts with a checkpoint without sending a body, which it would refuse", async () => {
    const bodies: (string | undefined)[] = [];
    await using stub = await startStub((request, response) => {
      if (request.method !== "POST") return void dockerd(request, response);
      bodies.push(request.headers["content-length"] ?? request.headers["transfer-encoding"]);
      response.writeHead(204).end();
    });
    const docker = await connectEngine(stub.address);
    await docker.restore(snapshotOf(docker.endpoint));
    assert.ok(
      bodies.every((length) => length === undefined || length === "0"),
      String(bodies),
    );
  });

  it("without experimental mode can list but not freeze, and says what to set", async () => {
    await using stub = await startStub((request, response) => {
      dockerd(request, response, { experimental: "false" });
    });
    const docker = await connectEngine(stub.address);
    const { checkpoint } = docker.capabilities;
    assert.ok(!checkpoint.can && checkpoint.next.includes('"experimental": true'));
    await assert.rejects(docker.checkpoint("one", { name: "first" }), { code: "engine.cannot" });
    await assert.rejects(docker.restore(snapshotOf(docker.endpoint)), { code: "engine.cannot" });
    assert.deepEqual(await docker.list(), []);
  });

  it("whose experimental mode went off meanwhile says so as well", async () => {
    const message =
      "This experimental feature is disabled by default. Start the Docker daemon in experimental mode…";
    await using stub = await startStub((request, response) => {
      if (request.method === "POST") json(response, 501, { message });
      else dockerd(request, response, { status: "running" });
    });
    const docker = await connectEngine(stub.address);
    await assert.rejects(docker.checkpoint("one", { name: "first" }), { code: "engine.cannot" });
  });

  it("28 warns that some networks can't be restored before anyone freezes, and 26 doesn't", async () => {
    for (const [version, networkMode, warned] of [
      ["28.5.2", "none", true],
      ["28.5.2", "bridge", true],
      ["28.5.2", "host", false],
      ["26.1.5", "none", false],
    ] as const) {
      await using stub = await startStub((request, response) => {
        dockerd(request, response, { version, networkMode });
      });
      const { warnings } = await (await connectEngine(stub.address)).inspect("one");
      assert.equal(
        warnings.some(({ code }) => code === "docker.networkRestore"),
        warned,
        `${version} ${networkMode}`,
      );
    }
  });

  it("that can't bring the network back names the network", async () => {
    await using stub = await startStub((request, response) => {
      if (request.method === "POST") json(response, 500, { message: NETWORK });
      else dockerd(request, response, { version: "28.5.2", networkMode: "bridge" });
    });
    const docker = await connectEngine(stub.address);
    await assert.rejects(docker.restore(snapshotOf(docker.endpoint)), {
      code: "engine.networkRestore",
      message: /28\.5\.2 .* bridge/,
    });
  });

  it("that breaks off in the middle of an answer doesn't hold anyone who leaves", async () => {
    await using stub = await startStub((request, response) => {
      if (!request.url?.includes("/checkpoints")) return void dockerd(request, response);
      response.writeHead(200, { "Content-Length": "100" });
      response.write("[", () => response.destroy());
    });
    const docker = await connectEngine(stub.address);
    const signal = AbortSignal.timeout(150);
    const listed = docker.listCheckpoints?.(CONTAINER_ID, { signal }) ?? Promise.resolve([]);
    await assert.rejects(listed, { name: "TimeoutError" });
  });

  it("isn't asked with names from a damaged snapshot that would be paths", async () => {
    await using stub = await startStub(dockerd);
    const docker = await connectEngine(stub.address);
    const bad = snapshotOf(docker.endpoint, { kind: "named", id: "../../x" });
    await assert.rejects(docker.restore(bad), { code: "engine.badName" });
    await assert.rejects(docker.locate(bad), { code: "engine.badName" });
    const elsewhere = { ...snapshotOf(docker.endpoint), container: { id: "../..", name: "", image: "" } };
    await assert.rejects(docker.locate(elsewhere), { code: "engine.badSnapshot" });
    assert.ok(stub.requests.every((line) => !line.includes("..")));
  });

  it("doesn't restore what another engine made, or under another name", async () => {
    await using stub = await startStub(dockerd);
    const docker = await connectEngine(stub.address);
    const other = snapshotOf(docker.endpoint);
    await assert.rejects(docker.restore({ ...other, engine: { ...other.engine, kind: "podman" } }), {
      code: "engine.wrongEngine",
    });
    await assert.rejects(docker.restore(other, { name: "two" }), { code: "engine.cannotRestoreAs" });
  });

  it("that may not be looked into says where the checkpoint lies and what to do", async () => {
    await using stub = await startStub(dockerd);
    const docker = await connectEngine(stub.address);
    const readable = await docker.locate(snapshotOf(docker.endpoint));
    assert.ok(
      readable.path === undefined && readable.why.sentence.includes(`/nowhere/containers/${CONTAINER_ID}`),
    );
  });
});
