import assert from "node:assert/strict";
import { nodeAttachConfiguration, planNodeAttach } from "../../../src/debug/index.ts";
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

const loopback = ["node", "--inspect", "app.js"];
const published = { containerPort: 9229, protocol: "tcp", hostAddress: "", hostPort: 9329 };

describe("an attach to Node in a container", () => {
  it("with the host's network goes to the host's loopback", () => {
    const expected = [{ address: "127.0.0.1", port: 9229 }];
    assert.deepEqual(planNodeAttach(container({}), LOCAL).addresses, expected);
    assert.deepEqual(planNodeAttach(container({ argv: loopback }), LOCAL).addresses, expected);
    const one = container({ argv: ["node", "--inspect=10.0.0.7:1"] });
    assert.deepEqual(planNodeAttach(one, LOCAL).addresses, [{ address: "10.0.0.7", port: 1 }]);
    const six = container({ argv: ["node", "--inspect=[::1]:1"] });
    assert.deepEqual(planNodeAttach(six, LOCAL).addresses, [{ address: "::1", port: 1 }]);
  });

  it("on another machine goes there, unless the inspector listens on its loopback", () => {
    const box = { host: "box" };
    assert.deepEqual(planNodeAttach(container({}), box).addresses, [{ address: "box", port: 9229 }]);
    assert.throws(() => planNodeAttach(container({ argv: loopback }), box), { code: "debug.loopbackOnly" });
  });

  it("with a network of its own prefers the published port, then the container's address", () => {
    const bridge = container({ networkMode: "bridge", addresses: ["172.17.0.2"], ports: [published] });
    assert.deepEqual(planNodeAttach(bridge, LOCAL).addresses, [
      { address: "127.0.0.1", port: 9329 },
      { address: "172.17.0.2", port: 9229 },
    ]);
    assert.deepEqual(planNodeAttach(bridge, { host: "box" }).addresses, [{ address: "box", port: 9329 }]);
    const bound = { ...bridge, ports: [{ ...published, hostAddress: "10.0.0.7" }] };
    assert.deepEqual(planNodeAttach(bound, { host: "box" }).addresses, [{ address: "10.0.0.7", port: 9329 }]);
  });

  it("says why there is no way in, and what to do", () => {
    const cases: readonly [Partial<ContainerDetails>, string][] = [
      [{ state: "exited" }, "debug.notRunning"],
      [{ argv: ["node", "app.js"] }, "debug.noInspector"],
      [{ argv: ["node", "--inspect=0"] }, "debug.randomPort"],
      [{ networkMode: "none" }, "debug.noNetwork"],
      [{ networkMode: "container:abc" }, "debug.sharedNetwork"],
      [{ networkMode: "bridge", argv: loopback, ports: [published] }, "debug.loopbackOnly"],
      [{ networkMode: "bridge" }, "debug.unpublished"],
    ];
    for (const [change, code] of cases)
      assert.throws(() => planNodeAttach(container(change), LOCAL), { code, next: /./ }, code);
  });

  it("maps the bind mount that holds the program to its folder here", () => {
    const mounts = [
      { source: "/home/me/lib", destination: "/app/lib" },
      { source: "/home/me/app", destination: "/app" },
      { source: "data", destination: "/data" },
    ];
    const plan = planNodeAttach(container({ mounts, workingDirectory: "/app/src" }), LOCAL);
    assert.equal(plan.localRoot, "/home/me/app");
    assert.equal(plan.remoteRoot, "/app");
    const apart = planNodeAttach(container({ mounts, workingDirectory: "/application" }), LOCAL);
    assert.equal(apart.localRoot, undefined);
  });

  it("becomes a configuration of the JavaScript debugger that puts nothing into the process", () => {
    const plan = planNodeAttach(container({}), LOCAL);
    assert.deepEqual(nodeAttachConfiguration(plan, { address: "127.0.0.1", port: 9229 }), {
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
