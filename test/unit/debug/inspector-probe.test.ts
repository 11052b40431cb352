import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { parseTargets, waitForInspector } from "../../../src/debug/index.ts";

async function serve(answer: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => {
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A TCP server's address is an object.
  const { port } = server.address() as AddressInfo;
  return {
    way: { address: "127.0.0.1", port },
    [Symbol.dispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("waiting for Node's inspector", () => {
  it("finds that of a real Node, which comes up meanwhile, behind an address that doesn't answer", async () => {
    const [port, dead] = [await freePort(), await freePort()];
    const wait = waitForInspector([
      { address: "127.0.0.1", port: dead },
      { address: "127.0.0.1", port },
    ]);
    const node = fork("-", {
      execArgv: [`--inspect=127.0.0.1:${port}`, "-e", "setInterval(() => {}, 1000)"],
      silent: true,
    });
    try {
      const found = await wait;
      assert.equal(found.port, port);
      assert.match(
        found.targets[0]?.webSocketUrl ?? "",
        new RegExp(`^ws://127\\.0\\.0\\.1:${port}/[0-9a-f-]{36}$`),
      );
    } finally {
      node.kill();
      await once(node, "exit");
    }
  });

  it("ends with an error that names the addresses when nobody answers in time", async () => {
    const port = await freePort();
    const start = performance.now();
    await assert.rejects(waitForInspector([{ address: "127.0.0.1", port }], { timeout: 250 }), {
      code: "debug.noAnswer",
      message: new RegExp(`127\\.0\\.0\\.1:${port}`),
    });
    assert.ok(performance.now() - start < 2000);
  });

  it("isn't fooled or held up by something else on the port", async () => {
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => response.end("<html>"),
      (response) => response.end('{"webSocketDebuggerUrl": 7}'),
      (response) => response.writeHead(500).end(),
      (response) => response.write("["),
      (response) => response.end(Buffer.alloc(4 << 20, 0x5b)),
    ];
    for (const answer of answers) {
      using server = await serve(answer);
      await assert.rejects(waitForInspector([server.way], { timeout: 300 }), { code: "debug.noAnswer" });
    }
  });

  it("can be left", async () => {
    using server = await serve(() => undefined);
    await assert.rejects(waitForInspector([server.way], { signal: AbortSignal.timeout(100) }), {
      name: "TimeoutError",
    });
  });

  it("takes of a target the path only: the address is the one that was asked", () => {
    const entry = { title: "app", url: "file:///app.js", webSocketDebuggerUrl: "ws://evil.example:1/abc-1" };
    assert.deepEqual(
      parseTargets(JSON.stringify([entry, null, 7, {}, { webSocketDebuggerUrl: "javascript:1" }]), {
        address: "::1",
        port: 9,
      }),
      [{ title: "app", url: "file:///app.js", webSocketUrl: "ws://[::1]:9/abc-1" }],
    );
  });
});
