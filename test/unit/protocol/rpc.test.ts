import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { bytesErrors } from "../../../src/bytes/index.ts";
import type { FromHost, FromView, RpcMap } from "../../../src/protocol/index.ts";
import { serveView } from "../../../src/vscode/rpc.ts";
import { connectHost, HostError } from "../../../webview/ui/rpc.ts";

interface TestRpc extends RpcMap {
  readonly requests: {
    readonly double: { readonly params: number; readonly result: number };
    readonly fail: { readonly params: unknown; readonly result: never };
    readonly missing: { readonly params: unknown; readonly result: never };
  };
  readonly hostEvents: { readonly changed: string };
  readonly viewEvents: { readonly moved: number };
}

/** Both ends on a wire that clones what passes, as VS Code's does. */
function wire() {
  const toView = new EventEmitter();
  const toHost = new EventEmitter();
  const seen: unknown[] = [];
  const webview = {
    postMessage: (message: unknown) => Promise.resolve(toView.emit("message", structuredClone(message))),
    onDidReceiveMessage: (listener: (message: FromView) => void) => {
      toHost.on("message", listener);
      return { dispose: () => void toHost.off("message", listener) };
    },
  };
  const handlers = {
    double: (number: number) => Promise.resolve(number * 2),
    fail: () => Promise.reject(bytesErrors.notAFile("core-1.img")),
  };
  const port = serveView<TestRpc>(
    webview,
    // A view may be newer than the host: one method has no handler.
    handlers as typeof handlers & { missing: () => Promise<never> },
    { moved: (data) => void seen.push(data) },
  );
  const host = connectHost<TestRpc>(
    (message) => void toHost.emit("message", structuredClone(message)),
    (listener: (message: FromHost) => void) => void toView.on("message", listener),
    { changed: (data) => void seen.push(data) },
  );
  return { host, port, seen };
}

describe("the wire between host and view", () => {
  it("answers each request with its own result", async () => {
    const { host } = wire();
    const answers = [1, 2, 3].map((number) => host.ask("double", number));
    assert.deepEqual(await Promise.all(answers), [2, 4, 6]);
  });

  it("answers a handler that throws with code, sentence and what to do next", async () => {
    const { host } = wire();
    await assert.rejects(host.ask("fail", {}), (error: unknown) => {
      assert.ok(error instanceof HostError);
      assert.equal(error.code, "bytes.notAFile");
      assert.match(error.message, /not a regular file.*core-1\.img/);
      assert.equal(error.next, "Choose a file.");
      return true;
    });
  });

  it("answers a request that nobody handles", async () => {
    const { host } = wire();
    await assert.rejects(host.ask("missing", {}), { code: "rpc.unknownMethod" });
  });

  it("carries events both ways, until it is closed", () => {
    const { host, port, seen } = wire();
    host.tell("moved", 7);
    port.tell("changed", "x");
    port.dispose();
    host.tell("moved", 8);
    assert.deepEqual(seen, [7, "x"]);
  });
});
