import assert from "node:assert/strict";
import { placeOf } from "../../../src/vscode/engines/engine-words.ts";

const PODMAN = "Podman 5.4.2";
const root = { name: PODMAN, endpoint: "unix:///run/podman/podman.sock" };
const own = { name: PODMAN, endpoint: "unix:///run/user/1000/podman/podman.sock" };
const docker = { name: "Docker 28.1.1", endpoint: "unix:///run/docker.sock" };
const moby = { name: "containerd 2.1.0", endpoint: "containerd:///run/a.sock?namespace=moby" };
const kube = { name: "containerd 2.1.0", endpoint: "containerd:///run/a.sock?namespace=k8s.io" };

describe("the row of an engine", () => {
  it("says where it is when another one has its kind and version", () => {
    const all = [root, docker, own, moby, kube];
    assert.deepEqual(
      all.map((engine) => placeOf(engine, all)),
      [
        ...["/run/podman/podman.sock", "", "/run/user/1000/podman/podman.sock"],
        ...["containerd:///run/a.sock?namespace=moby", "containerd:///run/a.sock?namespace=k8s.io"],
      ],
    );
  });

  it("says nothing more when its name is enough", () => {
    assert.equal(placeOf(root, [root, docker]), "");
    assert.equal(placeOf(docker, [docker]), "");
  });
});
