// Who made a checkpoint, told by what lies in it. The images are real; where no engine of that kind ran for the fixtures, the
// documents beside them are made as that engine's sources write them (CRI-O: internal/lib/checkpoint.go; containerd:
// internal/cri/server/container_checkpoint_linux.go; runc: libcontainer/criu_linux.go).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nestedTree, openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Checkpoint } from "../../../src/checkpoint/index.ts";
import { content } from "../archive/helpers.ts";
import { fixture } from "../fixtures.ts";
import { withCheckpoint } from "./support.ts";

const ID = "5d3a".repeat(16);

/** Of `checkpointctl inspect --all --format json`, what is compared. */
interface Said {
  readonly container_name: string;
  readonly id: string;
  readonly image: string;
  readonly runtime: string;
  readonly engine: string;
  readonly checkpointed: string;
  readonly process_tree: SaidProcess & { readonly children?: readonly SaidProcess[] };
  readonly mounts: readonly { readonly destination: string; readonly source: string }[];
}
interface SaidProcess {
  readonly pid: number;
  readonly command: string;
}

describe("the engine that made a checkpoint", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-engines-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** Packs real images with these files beside them as `tar` does, and opens the archive. */
  async function packed<T>(
    files: Readonly<Record<string, object | Buffer>>,
    use: (checkpoint: Checkpoint) => Promise<T> | T,
  ): Promise<T> {
    const inside = join(folder, "inside");
    await mkdir(inside);
    await cp(join(await fixture("corpus/a-single"), "img"), join(inside, "checkpoint"), { recursive: true });
    for (const [name, value] of Object.entries(files))
      await writeFile(join(inside, name), Buffer.isBuffer(value) ? value : JSON.stringify(value));
    const archive = join(folder, "archive");
    execFileSync("tar", ["-cf", archive, "-C", inside, "."]);
    const checkpoint = await openCheckpoint(await openTree(archive));
    try {
      return await use(checkpoint);
    } finally {
      await checkpoint.close();
    }
  }

  it("is containerd for the index of ctr checkpoint", async () => {
    await withCheckpoint("archive/container-images", "ctr-checkpoint.tar", ({ engine, processes }) => {
      assert.equal(engine.id, "containerd");
      assert.ok(processes.length > 0);
      return Promise.resolve();
    });
  });

  it("is CRI-O for the archive that a kubelet asks it for", async () => {
    await packed(
      {
        "config.dump": {
          ...{ id: ID, name: "k8s_web_shop_default_0", rootfsImageName: "localhost/web:1" },
          ...{ rootfsImageRef: "0".repeat(64), runtime: "crun" },
          ...{ createdTime: "2026-05-01T10:00:00Z", checkpointedTime: "2026-05-01T11:00:00Z" },
        },
        "spec.dump": {
          annotations: {
            "io.container.manager": "cri-o",
            "io.kubernetes.pod.name": "shop",
            "io.kubernetes.pod.namespace": "default",
          },
        },
        "bind.mounts": [{ source: "/a", destination: "/b", file_type: "file", permissions: 420 }],
      },
      ({ engine, container, processes, problems }) => {
        assert.equal(engine.label, "CRI-O");
        assert.deepEqual(
          [container.id, container.image, container.runtime, container.pod, container.namespace],
          [ID, "localhost/web:1", "crun", "shop", "default"],
        );
        assert.equal(container.checkpointed, "2026-05-01T11:00:00Z");
        assert.equal(processes.length, 1);
        assert.deepEqual(problems, []);
      },
    );
  });

  // The first was asked for by crictl, the second by a kubelet, of the same containerd, the third by crictl of CRI-O; beside
  // each lies what checkpointctl said of it (`inspect --all`).
  for (const [runtime, pod] of [
    ["containerd-2.1.9", "web-7"],
    ["kubelet-1.36.2", "web-8"],
    ["crio-1.36.3", "web-9"],
  ] as const)
    it(`is what checkpointctl says of the archive of ${runtime}`, async () => {
      const inside = await fixture("kubernetes");
      const [said] = JSON.parse(await readFile(join(inside, `${runtime}.json`), "utf8")) as [Said];
      const tree = await openTree(join(inside, `${runtime}.tar`));
      const checkpoint = await openCheckpoint(tree);
      try {
        const { engine, container, processes, problems } = checkpoint;
        assert.deepEqual(problems, []);
        assert.equal(engine.label.toLowerCase(), said.engine.toLowerCase());
        assert.deepEqual(
          [container.name, container.id, container.image, container.runtime],
          [said.container_name, said.id, said.image, said.runtime],
        );
        assert.deepEqual([container.pod, container.namespace], [pod, "shop"]);
        assert.equal(container.checkpointed?.slice(0, 19), said.checkpointed.slice(0, 19));
        const first = said.process_tree;
        assert.deepEqual(
          processes.map(({ pid, comm }) => [pid, comm]),
          [first, ...(first.children ?? [])].map(({ pid, command }) => [pid, command]),
        );
        assert.deepEqual(
          container.mounts.map(({ destination, source }) => [destination, source]),
          said.mounts.map(({ destination, source }) => [destination, source]),
        );
        const nested = nestedTree(tree);
        assert.match(await content(nested, "rootfs-diff.tar/count"), /^0\n1\n/);
        await nested.close();
      } finally {
        await checkpoint.close();
      }
    });

  it("is runc or crun for images with descriptors.json among them", async () => {
    const images = join(folder, "images");
    await cp(join(await fixture("corpus/a-single"), "img"), images, { recursive: true });
    await writeFile(join(images, "descriptors.json"), '["/dev/null","pipe:[7]","pipe:[8]"]');
    const checkpoint = await openCheckpoint(await openTree(images));
    assert.equal(checkpoint.engine.id, "runc");
    assert.equal(checkpoint.processes.length, 1);
    await checkpoint.close();
  });

  it("may have noted addresses: Podman's network.status, as netavark has it", async () => {
    const subnets = [
      { ipnet: "10.88.0.7/16", gateway: "10.88.0.1" },
      { ipnet: "fd00::7/64", gateway: "fd00::1" },
    ];
    const status = { podman: { interfaces: { eth0: { mac_address: "8e:1c:3b:00:00:07", subnets } } } };
    await packed({ "network.status": status }, ({ container }) => {
      assert.deepEqual(container.networks, [
        {
          name: "podman",
          interfaces: subnets.map(({ ipnet, gateway }) => ({
            ...{ name: "eth0", address: ipnet, gateway, mac: "8e:1c:3b:00:00:07" },
          })),
        },
      ]);
    });
  });
});

describe("namespaces of a checkpoint", () => {
  it("have the clocks of a time namespace that crit decodes", async () => {
    await withCheckpoint("corpus/ns-time", "img", async (checkpoint, folder) => {
      const { entries } = JSON.parse(await readFile(join(folder, "crit/timens-10.img.json"), "utf8")) as {
        readonly entries: readonly Readonly<
          Record<"monotonic" | "boottime", { readonly tv_sec: number; readonly tv_nsec: number }>
        >[];
      };
      const [clocks] = entries;
      assert(clocks);
      const nanoseconds = (name: "monotonic" | "boottime"): bigint =>
        BigInt(clocks[name].tv_sec) * 1_000_000_000n + BigInt(clocks[name].tv_nsec);
      const time = (await checkpoint.namespaces()).value.find(({ kind, id }) => kind === "time" && id === 10);
      assert.deepEqual(time?.facts, {
        type: "time",
        monotonic: nanoseconds("monotonic"),
        boottime: nanoseconds("boottime"),
      });
    });
  });

  it("have the rules of iptables and of nftables, line by line", async () => {
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint, folder) => {
      const [network] = (await checkpoint.networks()).value;
      // CRIU keeps what the tools print, as text: iptables-save(8), nft(8).
      const printed = async (name: string): Promise<readonly string[]> =>
        (await readFile(join(folder, "plain", name), "utf8")).replace(/\n$/, "").split("\n");
      const lines = new Map(network?.filters.map(({ tool, lines }) => [tool, lines.join("\n").split("\n")]));
      for (const tool of ["iptables", "ip6tables", "nftables"] as const)
        assert.deepEqual(lines.get(tool), await printed(`${tool}-10.img`), tool);
    });
  });
});
