import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { candidates } from "../../../src/engine/candidates.ts";
import { discoverEngines } from "../../../src/engine/index.ts";
import { dockerd, startStub } from "./stub.ts";

describe("looking for engines", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "cryoscope-home-"));
  });
  afterEach(() => rm(home, { recursive: true }));

  async function useContext(name: string, host: unknown, tls = false): Promise<void> {
    const hash = createHash("sha256").update(name).digest("hex");
    await mkdir(join(home, ".docker/contexts/meta", hash), { recursive: true });
    await writeFile(join(home, ".docker/config.json"), JSON.stringify({ currentContext: name }));
    await writeFile(
      join(home, ".docker/contexts/meta", hash, "meta.json"),
      JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
    );
    if (!tls) return;
    await mkdir(join(home, ".docker/contexts/tls", hash, "docker"), { recursive: true });
    await writeFile(join(home, ".docker/contexts/tls", hash, "docker/ca.pem"), "");
  }

  const addresses = async (settings: readonly string[], environment: Record<string, string> = {}) =>
    (await candidates(settings, { environment, platform: "linux", home })).map(
      ({ source, address }) => `${source}: ${address}`,
    );

  it("tries settings, environment and the usual places, in this order", async () => {
    const environment = {
      DOCKER_HOST: "tcp://box:1",
      CONTAINER_HOST: "unix:///c.sock",
      XDG_RUNTIME_DIR: "/run/user/7",
    };
    assert.deepEqual(await addresses(["unix:///mine.sock", " "], environment), [
      "settings: unix:///mine.sock",
      "DOCKER_HOST: tcp://box:1",
      "CONTAINER_HOST: unix:///c.sock",
      "usual place: unix:///var/run/docker.sock",
      "usual place: unix:///run/podman/podman.sock",
      "usual place: unix:///run/user/7/podman/podman.sock",
      "usual place: unix:///run/user/7/docker.sock",
      `usual place: unix://${home}/.docker/run/docker.sock`,
    ]);
  });

  it("follows the Docker context unless DOCKER_HOST is set", async () => {
    await useContext("far", "tcp://far:2376", true);
    const [found] = await candidates([], { environment: {}, platform: "linux", home });
    assert.equal(found?.source, 'Docker context "far"');
    assert.equal(found.address, "tcp://far:2376");
    assert.match(found.tls?.ca ?? "", /ca\.pem$/);
    const set = await addresses([], { DOCKER_HOST: "unix:///x.sock" });
    assert.ok(set.every((line) => !line.includes("far")));
  });

  it("survives configuration files of any content, and says when a context leads nowhere", async () => {
    await useContext("broken", 7);
    const problems = (await candidates([], { environment: {}, platform: "linux", home })).map(
      ({ problem }) => problem?.code,
    );
    assert.equal(problems[0], "engine.badContext");
    await writeFile(join(home, ".docker/config.json"), "{");
    assert.ok((await addresses([])).every((line) => line.startsWith("usual place")));
    await rm(join(home, ".docker/config.json"));
    await mkdir(join(home, ".docker/config.json"));
    assert.ok((await addresses([])).every((line) => line.startsWith("usual place")));
  });

  it("never fails: each address gives an engine or a problem with what to do", async () => {
    await using docker = await startStub(dockerd);
    await using silent = await startStub(() => undefined);
    const found = await discoverEngines({
      endpoints: [docker.address, silent.address, "ssh://box", "what is this", "unix:///none.sock"],
      environment: { XDG_RUNTIME_DIR: join(home, "nothing") },
      home,
      timeout: 300,
    });
    const asked = found.filter(({ source }) => source === "settings");
    assert.deepEqual(
      asked.map(({ engine, problem }) => engine?.name ?? problem?.code),
      ["Docker 26.1.5", "engine.timeout", "engine.sshUnsupported", "engine.badAddress", "engine.noSocket"],
    );
    assert.ok(asked.every(({ engine, problem }) => engine !== undefined || (problem?.next ?? "") !== ""));
  });

  it("gives a socket once, whatever names it has", async () => {
    await using docker = await startStub(dockerd);
    const link = join(home, "link.sock");
    await symlink(docker.socket, link);
    const found = await discoverEngines({
      endpoints: [docker.address, docker.socket, `unix://${link}`],
      environment: { DOCKER_HOST: docker.address },
      home,
    });
    assert.equal(
      found.filter(({ engine }) => engine !== undefined && engine.endpoint.startsWith("unix:///tmp")).length,
      1,
    );
  });

  it("knows Podman by its own mark, also on Docker's socket", async () => {
    await using podman = await startStub((request, response) => {
      const headers = { "Api-Version": "1.41", "Libpod-Api-Version": "5.4.2" };
      if (request.url?.startsWith("/_ping")) response.writeHead(200, headers).end("OK");
      else if (request.url?.startsWith("/v5.4.2/libpod/info"))
        response.end(
          JSON.stringify({ version: { Version: "5.4.2" }, host: { security: { rootless: true } } }),
        );
      else response.writeHead(404).end();
    });
    const [found] = await discoverEngines({ endpoints: [podman.address], environment: {}, home });
    assert.equal(found?.engine?.name, "Podman 5.4.2");
    const { checkpoint } = found.engine.capabilities;
    assert.ok(!checkpoint.can && checkpoint.next.includes("podman.socket"));
  });
});
