import assert from "node:assert/strict";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectEngine } from "../../../src/engine/index.ts";
import { dockerd, json, startStub } from "./stub.ts";

describe("an engine that misbehaves", () => {
  it("by not answering is given up after the time it has", async () => {
    await using stub = await startStub(() => undefined);
    const start = performance.now();
    await assert.rejects(connectEngine(stub.address, { timeout: 200 }), { code: "engine.timeout" });
    assert.ok(performance.now() - start < 2000);
  });

  it("by never ending its answer is given up too", async () => {
    await using stub = await startStub((_request, response) => response.writeHead(200).write("O"));
    await assert.rejects(connectEngine(stub.address, { timeout: 200 }), { code: "engine.timeout" });
  });

  it("by hanging up in the middle gives an error, not a wait", async () => {
    await using stub = await startStub((request, response) => {
      if (request.url?.startsWith("/_ping")) return void dockerd(request, response);
      response.writeHead(200, { "Content-Length": "100" });
      response.write("{", () => response.destroy());
    });
    await assert.rejects(connectEngine(stub.address), { code: "engine.unreachable" });
  });

  it("by not speaking HTTP gives an error", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cryoscope-stub-"));
    const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.9\r\n"));
    await new Promise<void>((resolve) => server.listen(join(folder, "x.sock"), resolve));
    await assert.rejects(connectEngine(`unix://${folder}/x.sock`), { code: "engine.unreachable" });
    server.close();
    await rm(folder, { recursive: true });
  });

  it("by being no engine at all gives an error that says so", async () => {
    await using web = await startStub((_request, response) => response.end("<h1>Hello</h1>"));
    await assert.rejects(connectEngine(web.address), { code: "engine.badAnswer" });
    await using strange = await startStub((request, response) => {
      if (request.url?.startsWith("/_ping")) dockerd(request, response);
      else json(response, 200, [null]);
    });
    await assert.rejects(connectEngine(strange.address), { code: "engine.badAnswer" });
  });

  it("by sending without end is cut off in bounded memory", async () => {
    await using stub = await startStub((request, response) => {
      if (request.url?.startsWith("/_ping")) return void dockerd(request, response);
      const chunk = Buffer.alloc(1 << 20, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    await assert.rejects(connectEngine(stub.address), { code: "engine.badAnswer" });
  });

  it("can be left at any time", async () => {
    await using stub = await startStub(() => undefined);
    const signal = AbortSignal.timeout(100);
    await assert.rejects(connectEngine(stub.address, { signal }), { name: "TimeoutError" });
    await assert.rejects(connectEngine(stub.address, { signal: AbortSignal.abort() }), {
      name: "AbortError",
    });
  });

  it("by not being there, or not for us, is told apart", async () => {
    await assert.rejects(connectEngine("unix:///no/such/engine.sock"), { code: "engine.noSocket" });
    await assert.rejects(connectEngine("tcp://127.0.0.1:1"), { code: "engine.refusedConnection" });
    await assert.rejects(connectEngine("unix:///etc/passwd"), { code: "engine.refusedConnection" });
  });
});
