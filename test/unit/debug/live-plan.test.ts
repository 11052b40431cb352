import assert from "node:assert/strict";
import { inspectorBinding, nodeAttachConfiguration, waysIn } from "../../../src/debug/index.ts";
import type { InspectorAddress } from "../../../src/debug/index.ts";
import type { ContainerDetails } from "../../../src/engine/index.ts";

const LOCAL = { host: "127.0.0.1" };

function container(change: Partial<ContainerDetails>): ContainerDetails {
  return {
    id: "1",
    name: "web",
    image: "node",
    state: "running",
    status: "",
    command: "",
    pid: 7,
    argv: ["node", "--inspect=0.0.0.0:9229", "app.js"],
    environment: [],
    workingDirectory: "/",
    tty: false,
    networkMode: "host",
    addresses: [],
    ports: [],
    mounts: [],
    exitCode: undefined,
    warnings: [],
    ...change,
  };
}

/** The ways to the inspector that the container's arguments ask for. */
function ways(of: ContainerDetails, { host }: { readonly host: string }): readonly InspectorAddress[] {
  const binding = inspectorBinding(of.argv, of.environment);
  assert.ok(binding);
  return waysIn(of, host, binding);
}

const loopback = ["node", "--inspect", "app.js"];
const published = { containerPort: 9229, protocol: "tcp", hostAddress: "", hostPort: 9329 };

describe("an attach to Node in a container", () => {
  it("with the host's network goes to the host's loopback", () => {
    const expected = [{ address: "127.0.0.1", port: 9229 }];
    assert.deepEqual(ways(container({}), LOCAL), expected);
    assert.deepEqual(ways(container({ argv: loopback }), LOCAL), expected);
    const one = container({ argv: ["node", "--inspect=10.0.0.7:1"] });
    assert.deepEqual(ways(one, LOCAL), [{ address: "10.0.0.7", port: 1 }]);
    const six = container({ argv: ["node", "--inspect=[::1]:1"] });
    assert.deepEqual(ways(six, LOCAL), [{ address: "::1", port: 1 }]);
  });

  it("on another machine goes there, unless the inspector listens on its loopback", () => {
    const box = { host: "box" };
    assert.deepEqual(ways(container({}), box), [{ address: "box", port: 9229 }]);
    assert.throws(() => ways(container({ argv: loopback }), box), { code: "debug.loopbackOnly" });
  });

  it("with a network of its own prefers the published port, then the container's address", () => {
    const bridge = container({ networkMode: "bridge", addresses: ["172.17.0.2"], ports: [published] });
    assert.deepEqual(ways(bridge, LOCAL), [
      { address: "127.0.0.1", port: 9329 },
      { address: "172.17.0.2", port: 9229 },
    ]);
    assert.deepEqual(ways(bridge, { host: "box" }), [{ address: "box", port: 9329 }]);
    const bound = { ...bridge, ports: [{ ...published, hostAddress: "10.0.0.7" }] };
    assert.deepEqual(ways(bound, { host: "box" }), [{ address: "10.0.0.7", port: 9329 }]);
  });

  it("says why there is no way in, and what to do", () => {
    const cases: readonly [Partial<ContainerDetails>, string][] = [
      [{ state: "exited" }, "debug.notRunning"],
      [{ networkMode: "none" }, "debug.noNetwork"],
      [{ networkMode: "container:abc" }, "debug.sharedNetwork"],
      [{ networkMode: "bridge", argv: loopback, ports: [published] }, "debug.loopbackOnly"],
      [{ networkMode: "bridge" }, "debug.unpublished"],
    ];
    for (const [change, code] of cases)
      assert.throws(() => ways(container(change), LOCAL), { code, next: /./ }, code);
  });

  it("becomes a configuration of the JavaScript debugger that puts nothing into the process", () => {
    const inspector = { address: "127.0.0.1", port: 9229 };
    assert.deepEqual(nodeAttachConfiguration(undefined, inspector, "Restored: web"), {
      type: "node",
      request: "attach",
      name: "Restored: web",
      address: "127.0.0.1",
      port: 9229,
      continueOnAttach: true,
      autoAttachChildProcesses: false,
      attachExistingChildren: false,
      skipFiles: ["<node_internals>/**"],
    });
  });
});
