import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectEngine } from "../../../src/engine/index.ts";
import type { Snapshot } from "../../../src/engine/index.ts";
import { CONTAINER_ID, json, startStub } from "./stub.ts";
import type { Stub } from "./stub.ts";

/** Answers as Podman's service does when nothing is wrong. */
function podman(version: string): Promise<Stub> {
  return startStub((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    if (path === "/_ping") response.writeHead(200, { "Libpod-API-Version": version }).end("OK");
    else if (path.endsWith("/info")) json(response, 200, { version: { Version: version }, host: {} });
    else if (path.endsWith("/restore") || path.endsWith("/checkpoint"))
      json(response, 200, { Id: CONTAINER_ID });
    else json(response, 200, { Id: CONTAINER_ID, Name: "one", State: { Status: "running", Pid: 7 } });
  });
}

function archived(path: string): Snapshot {
  return {
    format: 1,
    id: "a",
    name: "frozen",
    note: "",
    time: "2026-01-01T00:00:00.000Z",
    engine: { kind: "podman", version: "5.8.0", endpoint: "unix:///x" },
    container: { id: CONTAINER_ID, name: "one", image: "busybox" },
    checkpoint: { kind: "archive", path },
    leftRunning: false,
    needs: ["tcpEstablished"],
  };
}

describe("Podman", () => {
  it("is asked for what the switches say, in libpod's own words", async () => {
    await using stub = await podman("5.8.0");
    const engine = await connectEngine(stub.address);
    await engine.checkpoint("one", {
      name: "as-image",
      containerImage: "localhost/one:frozen",
      fileLocks: true,
    });
    assert.ok(
      stub.requests.includes(
        `POST /v5.8.0/libpod/containers/${CONTAINER_ID}/checkpoint?fileLocks=true&createImage=localhost%2Fone%3Afrozen`,
      ),
      stub.requests.join("\n"),
    );
  });

  it("restores a copy with other ports, in a pod, with its connections closed", async () => {
    await using stub = await podman("5.8.0");
    const engine = await connectEngine(stub.address);
    const archive = join(stub.folder, "a.tar");
    const header = Buffer.alloc(1024);
    header.write("ustar", 257);
    await writeFile(archive, header);
    await engine.restore(archived(archive), {
      name: "copy",
      tcpEstablished: false,
      tcpClose: true,
      publishPorts: ["8080:80", "127.0.0.1:53:53/udp"],
      pod: "mypod",
      ignoreVolumes: true,
      ignoreStaticIp: true,
    });
    const asked = stub.requests.find((one) => one.includes("/restore")) ?? "";
    assert.deepEqual(Object.fromEntries(new URL(`http://x${asked.split(" ")[1] ?? ""}`).searchParams), {
      import: "true",
      name: "copy",
      tcpClose: "true",
      ignoreVolumes: "true",
      ignoreStaticIP: "true",
      ignoreStaticMAC: "true",
      publishPorts: "8080:80 127.0.0.1:53:53/udp",
      pod: "mypod",
    });
  });

  it("before 5.8 isn't said to close connections, which it would silently not do", async () => {
    await using old = await podman("5.4.2");
    await using young = await podman("5.8.0");
    assert.ok(!(await connectEngine(old.address)).capabilities.restoreOptions.includes("tcpClose"));
    assert.ok((await connectEngine(young.address)).capabilities.restoreOptions.includes("tcpClose"));
  });

  it("isn't asked with ports, pods or images that are something else", async () => {
    await using stub = await podman("5.8.0");
    const engine = await connectEngine(stub.address);
    const snapshot = archived("/nowhere.tar");
    await assert.rejects(engine.restore(snapshot, { publishPorts: ["80 --privileged"] }), {
      code: "engine.badPort",
    });
    await assert.rejects(engine.restore(snapshot, { pod: "../x" }), { code: "engine.badName" });
    await assert.rejects(engine.checkpoint("one", { name: "ok", containerImage: "a b" }), {
      code: "engine.badName",
    });
  });
});
