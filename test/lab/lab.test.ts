import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { silentEngines } from "./engines.ts";
import { hostPid, inLab } from "./namespaces.ts";
import { LAB_IMAGES } from "./sockets.ts";

/** Runs a script in the lab; gives what it prints. */
function inside(script: string): string {
  const [file, args] = inLab(["sh", "-euc", script]);
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

describe("the lab", () => {
  it("has both engines answer on their sockets", async () => {
    assert.deepEqual(await silentEngines(), []);
  });

  it("has a criu that can dump sockets on this kernel", () => {
    const [major = 0, minor = 0] = (/Version: ([\d.]+)/.exec(inside("criu --version"))?.[1] ?? "")
      .split(".")
      .map(Number);
    assert.ok(major > 4 || (major === 4 && minor >= 2), `criu ${major}.${minor}`);
    assert.match(inside("criu check"), /Looks good/);
  });

  it("has the container images in both engines, the large one in Podman", () => {
    const { jvm, ...common } = LAB_IMAGES;
    for (const image of [...Object.values(common), jvm]) inside(`podman image inspect ${image} > /dev/null`);
    for (const image of Object.values(common)) inside(`docker image inspect ${image} > /dev/null`);
  });

  it("hands no descriptor of the caller's to a command", () => {
    assert.deepEqual(inside("ls -x /proc/self/fd").split(/\s+/), ["0", "1", "2", "3"]);
  });

  it("keeps its engines' cgroups under its own", () => {
    assert.equal(inside("cut -d: -f3 /proc/1/cgroup | sort -u | grep -v /init || true"), "/");
  });

  describe("with a container whose tasks aren't root's", () => {
    const name = "lab-test-nobody";
    before(() => {
      inside(
        `podman run --detach --user nobody --network none --name ${name} ${LAB_IMAGES.native} /threads 3`,
      );
    });
    after(() => {
      inside(`podman rm --force --time 0 ${name}`);
    });

    it("finds the container's process on the host", () => {
      const pid = hostPid(Number(inside(`podman inspect --format '{{.State.Pid}}' ${name}`)));
      assert.ok(pid !== undefined);
      assert.equal(readFileSync(`/proc/${pid}/comm`, "utf8").trim(), "threads");
      assert.notEqual(readlinkSync(`/proc/${pid}/ns/pid`), readlinkSync("/proc/self/ns/pid"));
    });

    it("freezes it and wakes it again", () => {
      inside(`podman container checkpoint ${name}`);
      inside(`podman container restore ${name}`);
      assert.equal(inside(`podman inspect --format '{{.State.Running}}' ${name}`), "true");
    });
  });
});
