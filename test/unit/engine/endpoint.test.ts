import assert from "node:assert/strict";
import { engineHost, formatEndpoint, parseEndpoint } from "../../../src/engine/endpoint.ts";

const GOOD: readonly [address: string, url: string, host: string][] = [
  ["unix:///var/run/docker.sock", "unix:///var/run/docker.sock", "127.0.0.1"],
  [" /run/podman/podman.sock ", "unix:///run/podman/podman.sock", "127.0.0.1"],
  ["npipe:////./pipe/docker_engine", "npipe:////./pipe/docker_engine", "127.0.0.1"],
  ["tcp://10.0.0.7", "tcp://10.0.0.7:2375", "10.0.0.7"],
  ["tcp://10.0.0.7:1234/", "tcp://10.0.0.7:1234", "10.0.0.7"],
  ["http://box:80", "tcp://box:80", "box"],
  ["https://box", "tcp://box:2376", "box"],
  ["box:2375", "tcp://box:2375", "box"],
  ["tcp://[::1]:2375", "tcp://[::1]:2375", "::1"],
];

describe("an engine's address", () => {
  for (const [address, url, host] of GOOD)
    it(`${address} means ${url}`, () => {
      const endpoint = parseEndpoint(address);
      assert.equal(formatEndpoint(endpoint), url);
      assert.equal(engineHost(endpoint), host);
      assert.equal(formatEndpoint(parseEndpoint(url)), url);
    });

  for (const address of [
    "",
    "unix://",
    "/",
    "tcp://",
    "two words",
    "tcp://a:99999",
    "tcp://a:1/b?c",
    "ftp://x",
  ])
    it(`"${address}" is refused in words`, () => {
      assert.throws(() => parseEndpoint(address), { code: "engine.badAddress" });
    });

  it("over SSH is refused with a way around it", () => {
    assert.throws(() => parseEndpoint("ssh://me@box"), { code: "engine.sshUnsupported", next: /ssh -L/ });
  });

  it("is TLS when it comes with certificates", () => {
    assert.deepEqual(parseEndpoint("tcp://box", { ca: "/ca.pem" }), {
      transport: "tcp",
      host: "box",
      port: 2376,
      tls: { ca: "/ca.pem" },
    });
  });
});
