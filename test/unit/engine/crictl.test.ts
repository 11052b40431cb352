// CRI-O isn't packaged where the lab comes from: crictl here is a stand-in that answers as crictl's documentation says
// (github.com/kubernetes-sigs/cri-tools, docs/crictl.md) and refuses what it doesn't know.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectEngine, localCommands, thisMachine } from "../../../src/engine/index.ts";
import type { Engine } from "../../../src/engine/index.ts";

const ID = "0123456789abcdef".repeat(4);
const LIST = {
  containers: [
    {
      id: ID,
      podSandboxId: "fedcba",
      metadata: { name: "app", attempt: 0 },
      image: { image: "registry.example/app:1", userSpecifiedImage: "app:1" },
      imageRef: "registry.example/app@sha256:0",
      state: "CONTAINER_RUNNING",
      createdAt: "1700000000000000000",
      labels: { "io.kubernetes.pod.name": "web-7", "io.kubernetes.pod.namespace": "shop" },
    },
  ],
};
const INSPECT = {
  status: { id: ID, mounts: [{ hostPath: "/srv", containerPath: "/data" }] },
  info: {
    pid: 4711,
    runtimeSpec: { process: { args: ["app", "--serve"], cwd: "/", env: ["A=1"] }, linux: { namespaces: [] } },
  },
};
/** Takes its options as crictl does: the global ones first. */
const PROGRAM = `#!/bin/sh
echo "$@" >>"$(dirname "$0")/asked"
[ "$1" = --runtime-endpoint ] || exit 9
[ "$2" = unix:///run/crio/crio.sock ] || exit 9
shift 2
[ "$1" = --timeout ] && shift 2
case $1 in
version) printf 'Version:  0.1.0\\nRuntimeName:  cri-o\\nRuntimeVersion:  1.34.1\\nRuntimeApiVersion:  v1\\n' ;;
ps) [ "$*" = "ps --all --output json" ] && cat "$(dirname "$0")/list.json" ;;
inspect) [ "$*" = "inspect --output json ${ID}" ] && cat "$(dirname "$0")/inspect.json" ;;
checkpoint)
  case $2 in --export=/*) ;; *) exit 9 ;; esac
  [ "$3" = ${ID} ] || exit 9
  if [ -e "$(dirname "$0")/refuse" ]; then
    echo 'time="2026-01-01T00:00:00Z" level=fatal msg="checkpointing the container failed: rpc error: code = Unimplemented desc = method CheckpointContainer not implemented"' >&2
    exit 1
  fi
  printf archive >"\${2#--export=}" ;;
*) exit 9 ;;
esac
`;

describe("a CRI runtime by crictl", () => {
  let folder: string;
  let engine: Engine;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-crictl-"));
    await writeFile(join(folder, "crictl"), PROGRAM);
    await chmod(join(folder, "crictl"), 0o755);
    await writeFile(join(folder, "list.json"), JSON.stringify(LIST));
    await writeFile(join(folder, "inspect.json"), JSON.stringify(INSPECT));
    const local = localCommands();
    const machine = {
      ...thisMachine(),
      uid: 0,
      run: (program: string, args: readonly string[], options?: Parameters<typeof local>[2]) =>
        local(program === "crictl" ? join(folder, "crictl") : program, args, options),
    };
    engine = await connectEngine("crictl://", { machine });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is named by the runtime, and lists containers by their pods", async () => {
    assert.equal(engine.name, "CRI-O 1.34.1");
    const [one] = await engine.list();
    assert.equal(one?.name, "web-7/app");
    assert.equal(one.image, "app:1");
    assert.equal(one.state, "running");
    const details = await engine.inspect("web-7/app");
    assert.equal(details.pid, 4711);
    assert.deepEqual(details.argv, ["app", "--serve"]);
    assert.deepEqual(details.mounts, [{ source: "/srv", destination: "/data" }]);
  });

  it("exports a checkpoint into an archive that appears when it is whole", async () => {
    const archive = join(folder, "frozen.tar");
    const { snapshot } = await engine.checkpoint(ID, { name: "frozen", archive });
    assert.equal(await readFile(archive, "utf8"), "archive");
    assert.equal(snapshot.leftRunning, true);
    assert.match(
      await readFile(join(folder, "asked"), "utf8"),
      /checkpoint --export=\/\S+\.part [0-9a-f]{64}$/m,
    );
    await assert.rejects(engine.restore(snapshot), {
      code: "engine.cannot",
      message: /when a pod is started/,
    });
  });

  it("says what the runtime said when that can't, and leaves nothing", async () => {
    await writeFile(join(folder, "refuse"), "");
    const archive = join(folder, "frozen.tar");
    await assert.rejects(engine.checkpoint(ID, { name: "frozen", archive }), {
      code: "engine.commandFailed",
      message: /not implemented/,
    });
    assert.ok((await readdir(folder)).every((name) => !name.includes("frozen")));
  });

  it("knows no container that isn't listed", async () => {
    for (const id of ["nobody", "--help"])
      await assert.rejects(engine.inspect(id), { code: "engine.noSuchContainer" });
  });
});
