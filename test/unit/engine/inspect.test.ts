import assert from "node:assert/strict";
import fc from "fast-check";
import {
  parseDockerInspect,
  parseDockerList,
  parsePodmanInspect,
  parsePodmanList,
} from "../../../src/engine/inspect.ts";

describe("what an engine says of a container", () => {
  it("has the addresses and ports of all its networks, once each", () => {
    const { addresses, ports } = parseDockerInspect({
      NetworkSettings: {
        IPAddress: "172.17.0.2",
        Networks: {
          bridge: { IPAddress: "172.17.0.2" },
          own: { IPAddress: "10.1.0.2" },
          off: { IPAddress: "" },
        },
        Ports: {
          "9229/tcp": [
            { HostIp: "0.0.0.0", HostPort: "9329" },
            { HostIp: "::", HostPort: "9329" },
          ],
          "53/udp": [{ HostIp: "127.0.0.1", HostPort: "5353" }],
          "80/tcp": null,
          "x/tcp": [{ HostPort: "1" }],
          "81/tcp": [{ HostPort: "70000" }],
        },
      },
    });
    assert.deepEqual(addresses, ["172.17.0.2", "10.1.0.2"]);
    assert.deepEqual(ports, [
      { containerPort: 9229, protocol: "tcp", hostAddress: "", hostPort: 9329 },
      { containerPort: 9229, protocol: "tcp", hostAddress: "", hostPort: 9329 },
      { containerPort: 53, protocol: "udp", hostAddress: "127.0.0.1", hostPort: 5353 },
    ]);
  });

  it("has no process when it doesn't run, and no slash before its name", () => {
    const details = parseDockerInspect({ Name: "/one", State: { Status: "exited", Pid: 0, ExitCode: 137 } });
    assert.equal(details.pid, undefined);
    assert.equal(details.name, "one");
    assert.equal(details.state, "exited");
    assert.equal(details.exitCode, 137);
  });

  it("may be anything and still reads as a container", () => {
    const json = fc.jsonValue();
    const shaped = fc.record({
      Id: json,
      Name: json,
      Names: json,
      Args: json,
      Mounts: json,
      State: fc.oneof(json, fc.record({ Status: fc.oneof(json, fc.constant("__proto__")), Pid: json })),
      NetworkSettings: fc.oneof(json, fc.record({ Networks: json, Ports: json })),
    });
    fc.assert(
      fc.property(fc.oneof(json, shaped), (answer) => {
        for (const parse of [parseDockerInspect, parsePodmanInspect]) {
          const { id, state, argv, ports } = parse(answer);
          assert.ok(typeof id === "string" && typeof state === "string");
          assert.ok(argv.every((word) => typeof word === "string"));
          assert.ok(ports.every(({ hostPort }) => hostPort > 0 && hostPort < 65536));
        }
        for (const parse of [parseDockerList, parsePodmanList])
          for (const { name, status } of parse([answer]))
            assert.ok(typeof name === "string" && typeof status === "string");
      }),
    );
  });
});
