// What a kubelet asks its node for, without a cluster: the CRI of a containerd 2, which Debian has, and crictl's commands made of
// it, since Debian has no crictl (cri-client.ts).
import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nestedTree, openTree } from "../../src/archive/index.ts";
import { openCheckpoint } from "../../src/checkpoint/index.ts";
import { connectEngine, preflight } from "../../src/engine/index.ts";
import type { Engine } from "../../src/engine/index.ts";
import { callCri, crictl } from "./cri-client.ts";
import { connected, freePort, until } from "./engine-helpers.ts";
import { FILE_COUNTER, labMachine, labOutput, labStart, sharedFolder } from "./engine-machine.ts";
import { NEWER_CONTAINERD } from "./newer-containerd.ts";
import { DATA, IMAGES, RUN } from "./place.ts";

const SOCKET = join(RUN, "cri.sock");
const FOLDER = join(DATA, "containerd-2");
const LOGS = join(FOLDER, "logs");
const IMAGE = "docker.io/lab/busybox:latest";
const PAUSE = "docker.io/lab/pause:latest";
const UID = "b5f7a1de-0000-4000-8000-000000000001";
const LABELS = { "io.kubernetes.pod.name": "web-7", "io.kubernetes.pod.namespace": "shop" };

// The node's network, so that no CNI is needed. Root in the lab may not lower an oom_score_adj.
const CONFIG = `version = 3
root = "${FOLDER}/root"
state = "/run/containerd-2"
[grpc]
  address = "${SOCKET}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${FOLDER}/opt"
[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "${PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
`;
const POD = {
  metadata: { name: "web-7", uid: UID, namespace: "shop" },
  logDirectory: LOGS,
  labels: LABELS,
  linux: { cgroupParent: "/kubepods", securityContext: { namespaceOptions: { network: 2 } } },
};

describe("a containerd 2 by its CRI in the lab", () => {
  let engine: Engine;
  let folder: string;
  let pod = "";

  before(async function () {
    this.timeout(180_000);
    folder = await sharedFolder();
    await mkdir(LOGS, { recursive: true });
    await writeFile(join(FOLDER, "config.toml"), CONFIG);
    const start = `PATH=${NEWER_CONTAINERD}:$PATH setsid containerd --config ${FOLDER}/config.toml >${FOLDER}/log 2>&1 </dev/null & echo $! >${FOLDER}/pid`;
    await labStart("sh", "-c", start);
    const lab = labMachine();
    const machine = {
      ...lab,
      run: (...[program, args, options]: Parameters<typeof lab.run>) =>
        program === "crictl" ? crictl(args) : lab.run(program, args, options),
    };
    engine = await until(
      () => connectEngine(`crictl://${SOCKET}`, { machine }).catch(() => undefined),
      60_000,
    );
    await provideImages();
    pod = String((await callCri(SOCKET, "RunPodSandbox", { config: POD }))["podSandboxId"]);
  });
  after(async () => {
    if (pod !== "") {
      await callCri(SOCKET, "StopPodSandbox", { podSandboxId: pod });
      await callCri(SOCKET, "RemovePodSandbox", { podSandboxId: pod });
    }
    await labOutput(
      "sh",
      "-c",
      `kill $(cat ${FOLDER}/pid); while [ -e /proc/$(cat ${FOLDER}/pid) ]; do sleep 0.1; done`,
    );
    await rm(FOLDER, { recursive: true });
    await rm(folder, { recursive: true });
  });

  /** Docker's image, and one of the same files for what holds the pod. */
  async function provideImages(): Promise<void> {
    const tar = (await readdir(IMAGES)).find((name) => /^busybox-.*\.tar$/.test(name)) ?? "";
    const waits = 'ENTRYPOINT ["/bin/sleep", "1000000"]';
    await labOutput("docker", "import", "--change", waits, join(IMAGES, tar), "lab/pause");
    await labOutput("docker", "save", "--output", join(folder, "images.tar"), "lab/busybox", "lab/pause");
    await labOutput("docker", "image", "rm", "lab/pause");
    const ctr = ["ctr", "--address", SOCKET, "--namespace", "k8s.io"] as const;
    await labOutput(...ctr, "images", "import", join(folder, "images.tar"));
  }

  async function start(name: string, command: readonly string[]): Promise<string> {
    const config = {
      metadata: { name },
      image: { image: IMAGE },
      command,
      labels: { ...LABELS, "io.kubernetes.container.name": name },
      logPath: `${name}.log`,
      linux: {},
    };
    const request = { podSandboxId: pod, config, sandboxConfig: POD };
    const { containerId } = await callCri(SOCKET, "CreateContainer", request);
    await callCri(SOCKET, "StartContainer", { containerId });
    return String(containerId);
  }

  it("freezes a pod's container into an archive that says what it was, as checkpointctl reads it too", async () => {
    const id = await start("app", FILE_COUNTER);
    assert.match(engine.name, /^containerd 2\.\S+ \(CRI\)$/);
    const found = (await engine.list()).find((one) => one.id === id);
    assert.deepEqual([found?.name, found?.state, found?.status], ["web-7/app", "running", "shop"]);
    const details = await engine.inspect("web-7/app");
    assert.equal(details.networkMode, "host");
    assert.deepEqual(details.argv, FILE_COUNTER);
    await until(async () =>
      (await labOutput("cat", `/proc/${details.pid}/root/count`)) === "" ? undefined : true,
    );
    const archive = join(folder, "frozen.tar");
    await engine.checkpoint("web-7/app", { name: "frozen", archive });
    assert.equal((await engine.inspect(id)).state, "running");

    const [said] = JSON.parse(await labOutput("checkpointctl", "inspect", "--format", "json", archive)) as [
      Readonly<Record<string, unknown>>,
    ];
    const tree = await openTree(archive);
    const checkpoint = await openCheckpoint(tree);
    try {
      const { container, processes, problems } = checkpoint;
      assert.deepEqual(problems, []);
      assert.ok(processes.some(({ comm }) => comm === "sh"));
      assert.deepEqual(
        [container.name, container.id, container.image, container.runtime, checkpoint.engine.label],
        [said["container_name"], said["id"], said["image"], said["runtime"], said["engine"]],
      );
      assert.deepEqual([container.name, container.pod, container.namespace], ["app", "web-7", "shop"]);
      const nested = nestedTree(tree);
      assert.equal((await nested.stat("rootfs-diff.tar/count"))?.kind, "file");
      await nested.close();
    } finally {
      await checkpoint.close();
    }
  });

  it("says what CRIU refused, out of the log that containerd keeps, and leaves no archive", async () => {
    await start("tcp", connected(await freePort()));
    const archive = join(folder, "refused.tar");
    // The lab's own network is full of others' connections: this looks at the container's.
    await until(async () =>
      (await preflight(engine, "web-7/tcp", { machine: labMachine() })).some(
        ({ code, outcome }) => code === "tcpEstablished" && outcome === "stops",
      )
        ? true
        : undefined,
    );
    await assert.rejects(engine.checkpoint("web-7/tcp", { name: "refused", archive }), {
      code: "engine.criuRefused",
    });
    assert.ok((await readdir(folder)).every((name) => !name.includes("refused")));
  });
});
